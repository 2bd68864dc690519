"""The search page: one query text → results, facets that narrow it, histogram.

A search is its address: it can be sent to a colleague and opened again. Its filters are words of the query.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from alerts.web.bars import bars
from alerts.web.extracts import Piece, extract, marked
from alerts.web.pages import page
from alerts.web.places import known_places, own_places, place_name
from alerts.web.saved import saved_beside
from alerts.web.searched import Asked, Understood, first_of, marks, one_story, understood
from alerts.web.services import Services
from alerts.web.visits import ServicesOf, Signed, Visit, desk_of
from huiying.core import ports
from huiying.core.config import Desk
from huiying.core.errors import BackendError, Refused
from huiying.core.model import Post, Role
from huiying.core.places import ancestors
from huiying.core.query_tree import Every, Field, Name, Words, printed, toggled

logger = structlog.get_logger("huiying.desk")
router = APIRouter(include_in_schema=False)
FACETS = 12
EXPORTED = 2000  # rows of a file, the newest
_OF_A_STORY = 200
EXAMPLES = (
    "停水 OR 断水",
    '"停水通知" -计划',
    "地点:{place} 主题:{topic}",
    "date:P7D tier:省级 has:alert",
    "(塌陷 或 积水) 日期:2026-09",
)
EMPTY: Mapping[str, Any] = {
    "found": None, "total": 0, "next": "", "facets": (), "histogram": bars({}), "days": {}, "first": None,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """One result: the post, its title and an extract in pieces, its outlet's and places' names.

    `shared` are the clauses that it has in common with the story's first post, where a story is asked for.
    """

    post: Post
    title: tuple[Piece, ...]
    extract: tuple[Piece, ...]
    outlet: str
    places: tuple[str, ...]
    shared: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facet:
    """One value that results have: how many, and the address that narrows the search to it."""

    name: str
    count: int
    link: str
    chosen: bool


@router.get("/search")
def search_page(request: Request, services: ServicesOf, visit: Signed, asked: Annotated[Asked, Query()]) -> Response:
    """Show the results; a wrong query gets its sentence, its place and what was probably meant."""
    desk = desk_of(services)
    try:
        read = understood(services, desk, asked)
    except Refused as refusal:
        return page(request, "search.html", visit, 422, **_refused(services, visit, desk, asked, refusal), **EMPTY)
    frame = _frame(services, visit, desk, asked, read.text) | {"rule": _as_rule(read)}
    try:
        results, counts = services.index.search(read.query), services.index.counts(read.query)
        first = _first(services, read)
    except BackendError as failure:
        logger.warning("index_away", error=str(failure))
        return page(
            request, "search.html", visit, 503, **frame | {"sentence": visit.wording.text("search.away")}, **EMPTY
        )
    return page(
        request,
        "search.html",
        visit,
        **frame,
        found=[found(services, desk, read, post, first) for post in results.posts],
        total=results.total,
        next=_link(read.text, asked.order, after=results.next) if results.next else "",
        facets=_all_facets(services, visit, desk, asked, read, counts, results.posts),
        histogram=bars(counts.days),
        days={day: _narrowed(read, asked.order, Field(Name.DATE, day)) for day in counts.days},
        first=first,
    )


def _frame(services: Services, visit: Visit, desk: Desk | None, asked: Asked, text: str) -> dict[str, Any]:
    topics, places = topic_names(desk, visit.wording.language), own_places(desk)
    shown = {"place": next(iter(places.values()), ""), "topic": next(iter(topics.values()), "")}
    return {
        "asked": asked,
        "text": text,
        "orders": {order: _link(text, order) for order in ports.Order},
        "examples": {example: _link(example, asked.order) for example in (one.format(**shown) for one in EXAMPLES)},
        "most": f"{EXPORTED:,}",
        "rule": {},
        "sentence": "",
        "wrong": (),
        "meant": "",
        "meant_link": "",
        "link_of": lambda words: _link(words, asked.order),
        "all_topics": topics,
        "all_outlets": {outlet.id: outlet.name for outlet in (desk.outlets if desk else ())},
        "all_places": places,
        "alerted": {post.id: state.id for state in services.view.alerts() for post in state.posts},
        "may_open": visit.account.role is Role.DUTY,
        **saved_beside(services, visit, text),
    }


def _refused(services: Services, visit: Visit, desk: Desk | None, asked: Asked, refusal: Refused) -> dict[str, Any]:
    """Return the frame with the sentence, the character where the query is wrong and what was probably meant."""
    try:
        text = asked.text()
    except Refused:  # the query itself cannot be read
        text = asked.words
    at, meant = refusal.fields.get("at"), str(refusal.fields.get("suggestion", ""))
    return _frame(services, visit, desk, asked, text) | {
        "sentence": refusal.sentence(visit.wording.language),
        "wrong": marked(text, [(at - 1, at)]) if isinstance(at, int) else (),
        "meant": meant,
        "meant_link": _link(meant, asked.order),
    }


def _as_rule(read: Understood) -> dict[str, str]:
    """Return what a rule could be tried with: topic, place, words; nothing where topic or place is not asked for."""
    topics, places = _narrowing(read, Name.TOPIC), _narrowing(read, Name.PLACE)
    if not (topics and places):
        return {}
    parts = read.tree.parts if isinstance(read.tree, Every) else ()
    words = " ".join(part.text for part in parts if isinstance(part, Words))
    (topic,) = read.known.means(Name.TOPIC, topics[0].value)
    return {"topic": topic, "place": read.known.means(Name.PLACE, places[0].value)[0], "words": words}


def _link(text: str, order: ports.Order, after: str = "") -> str:
    wanted = {"words": text, "order": "" if order is ports.Order.NEWEST else order, "after": after}
    return "/search?" + urlencode({name: value for name, value in wanted.items() if value})


def _narrowed(read: Understood, order: ports.Order, field: Field) -> str:
    return _link(printed(toggled(read.tree, field)), order)


def topic_names(desk: Desk | None, language: str) -> dict[str, str]:
    """Return the names of the configured topics by id."""
    return {topic.id: topic.name if language == "zh" else topic.name_en for topic in (desk.topics if desk else ())}


def found(services: Services, desk: Desk | None, read: Understood, post: Post, first: Post | None) -> Found:
    """Return one result for the screen."""
    outlet = desk.outlet(post.outlet) if desk else None
    spans = marks(services, read, post)
    clauses = services.shared(post.text, first.text) if first and first.id != post.id else ()
    return Found(
        post=post,
        title=marked(post.title, spans["title"]),
        extract=extract(post.text, spans["text"]),
        outlet=outlet.name if outlet else post.outlet,
        places=tuple(dict.fromkeys(tag.name for tag in post.places)),
        shared=tuple(post.text[start:end] for start, end in clauses),
    )


def _first(services: Services, read: Understood) -> Post | None:
    """Return the first post of the story that is asked for, None where none is."""
    story = one_story(read.tree)
    if story is None:
        return None
    return first_of(services.index.search(ports.Query(stories=(story,), limit=_OF_A_STORY)).posts)


def _all_facets(
    services: Services,
    visit: Visit,
    desk: Desk | None,
    asked: Asked,
    read: Understood,
    counts: ports.Counts,
    posts: tuple[Post, ...],
) -> list[tuple[str, list[Facet]]]:
    """Return the facets by the key of their heading; a name is typed where it means nothing but its value."""
    above = ancestors(desk.area.code) if desk else ()
    inner = {code: count for code, count in counts.places.items() if code not in above}
    near = known_places(services, desk, posts)
    topics = topic_names(desk, visit.wording.language)
    outlets = {outlet.id: outlet.name for outlet in (desk.outlets if desk else ())}

    def facets(name: Name, counted: Mapping[str, int], called: Callable[[str], str]) -> list[Facet]:
        made = []
        for value in sorted(counted, key=lambda one: (-counted[one], one))[:FACETS]:
            typed = called(value) if read.known.means(name, called(value)) == (value,) else value
            asked_for = next(
                (field for field in _narrowing(read, name) if read.known.means(name, field.value) == (value,)), None
            )
            link = _narrowed(read, asked.order, asked_for or Field(name, typed))
            made.append(Facet(called(value), counted[value], link, asked_for is not None))
        return made

    return [
        ("search.by_topic", facets(Name.TOPIC, counts.topics, lambda id: topics.get(id, id))),
        ("search.by_place", facets(Name.PLACE, inner, lambda code: place_name(services, near, code))),
        ("search.by_outlet", facets(Name.OUTLET, counts.outlets, lambda id: outlets.get(id, id))),
    ]


def _narrowing(read: Understood, name: Name) -> list[Field]:
    """Return the fields that narrow the whole of the query."""
    parts = read.tree.parts if isinstance(read.tree, Every) else (read.tree,)
    return [part for part in parts if isinstance(part, Field) and part.name is name]
