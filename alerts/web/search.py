"""The search page: what the address asks for → the index's query → results, facets, histogram.

A search is its address: it can be sent to a colleague and opened again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from alerts.web.bars import bars
from alerts.web.extracts import Piece, extract, marked
from alerts.web.pages import page
from alerts.web.places import codes_of, known_places, own_places, place_name
from alerts.web.services import Services
from alerts.web.visits import ServicesOf, Signed, desk_of
from huiying.core import ports
from huiying.core.config import Desk
from huiying.core.errors import BackendError, Refused
from huiying.core.model import Post, Role
from huiying.core.places import ancestors

logger = structlog.get_logger("huiying.desk")
router = APIRouter(include_in_schema=False)
FACETS = 12
EXPORTED = 2000  # rows of a file, the newest
EMPTY: Mapping[str, Any] = {"found": None, "total": 0, "next": "", "topics": (), "places": (), "histogram": bars({})}
FIRST_YEAR, LAST_YEAR = 1900, 9998  # days outside cannot be moved between zones


class Asked(BaseModel):
    """What the person asked for, as typed."""

    model_config = ConfigDict(frozen=True)

    words: str = ""
    place: str = ""
    topic: str = ""
    outlet: str = ""
    since: str = ""
    until: str = ""
    after: str = ""

    def link(self, **changes: str) -> str:
        """Return the address of this search with `changes`, from its first page unless `after` is among them."""
        wanted = self.model_dump() | {"after": ""} | changes
        return "/search?" + urlencode({name: value for name, value in wanted.items() if value})


@dataclass(frozen=True, slots=True)
class Found:
    """One result: the post, its title and an extract in pieces, its outlet's and places' names."""

    post: Post
    title: tuple[Piece, ...]
    extract: tuple[Piece, ...]
    outlet: str
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facet:
    """One value that results have: how many, and the address that narrows the search to it."""

    name: str
    count: int
    link: str
    chosen: bool


@router.get("/search")
def search_page(request: Request, services: ServicesOf, visit: Signed, asked: Annotated[Asked, Query()]) -> Response:
    """Show the results, newest first; a wrong place or date gets its sentence."""
    desk = desk_of(services)
    frame = _frame(services, visit, desk, asked)
    try:
        query = query_of(services, desk, asked)
    except Refused as refusal:
        return page(
            request, "search.html", visit, 422, sentence=refusal.sentence(visit.wording.language), **frame, **EMPTY
        )
    try:
        results, counts = services.index.search(query), services.index.counts(query)
    except BackendError as failure:
        logger.warning("index_away", error=str(failure))
        return page(request, "search.html", visit, 503, sentence=visit.wording.text("search.away"), **frame, **EMPTY)
    names = known_places(services, desk, results.posts)
    above = ancestors(desk.area.code) if desk else ()
    inner = {code: count for code, count in counts.places.items() if code not in above}
    return page(
        request,
        "search.html",
        visit,
        **frame,
        sentence="",
        found=[found(services, desk, post, query.words) for post in results.posts],
        total=results.total,
        next=asked.link(after=results.next) if results.next else "",
        topics=_facets(counts.topics, asked, "topic", topic_names(desk, visit.wording.language)),
        places=_facets(inner, asked, "place", {code: place_name(services, names, code) for code in inner}),
        histogram=bars(counts.days),
    )


def _frame(services: Services, visit: Signed, desk: Desk | None, asked: Asked) -> dict[str, Any]:
    return {
        "asked": asked,
        "all_topics": topic_names(desk, visit.wording.language),
        "all_outlets": {outlet.id: outlet.name for outlet in (desk.outlets if desk else ())},
        "all_places": own_places(desk),
        "alerted": {post.id: state.id for state in services.view.alerts() for post in state.posts},
        "most": f"{EXPORTED:,}",
        "may_open": visit.account.role is Role.DUTY,
    }


def query_of(services: Services, desk: Desk | None, asked: Asked) -> ports.Query:
    """Return the index's query. A place that nobody knows or an unreadable day is Refused."""
    zone = desk.calendar.zone if desk else ports.Query().zone
    places = codes_of(services, desk, asked.place) if asked.place else ()
    if asked.place and not places:
        raise Refused("place_unknown", place=asked.place)
    until = _day(asked.until, zone)
    return ports.Query(
        words=services.cut(asked.words) if asked.words else (),
        places=places,
        topics=(asked.topic,) if asked.topic else (),
        outlets=(asked.outlet,) if asked.outlet else (),
        since=_day(asked.since, zone),
        until=until + timedelta(days=1) if until else None,
        after=asked.after or None,
        zone=zone,
    )


def _day(typed: str, zone: str) -> datetime | None:
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed)
    except ValueError as cause:
        raise Refused("day_unreadable", day=typed) from cause
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Refused("day_unreadable", day=typed)
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def topic_names(desk: Desk | None, language: str) -> dict[str, str]:
    """Return the names of the configured topics by id."""
    return {topic.id: topic.name if language == "zh" else topic.name_en for topic in (desk.topics if desk else ())}


def found(services: Services, desk: Desk | None, post: Post, words: tuple[str, ...]) -> Found:
    """Return one result for the screen, with `words` marked."""
    outlet = desk.outlet(post.outlet) if desk else None
    return Found(
        post=post,
        title=marked(post.title, services.highlight(post.title, words)),
        extract=extract(post.text, services.highlight(post.text, words)),
        outlet=outlet.name if outlet else post.outlet,
        places=tuple(dict.fromkeys(tag.name for tag in post.places)),
    )


def _facets(counts: Mapping[str, int], asked: Asked, field: str, names: dict[str, str]) -> list[Facet]:
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:FACETS]
    chosen = getattr(asked, field)
    return [
        Facet(names.get(key, key), count, asked.link(**{field: "" if key == chosen else key}), key == chosen)
        for key, count in ordered
    ]
