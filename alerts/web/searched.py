"""What page, API and command share of a search: the query read and understood, what was found, what is marked in it.

words, place, … ─ text ─► one query text ─ understood ─► Condition ─ index ─► posts, counts ─► marks
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict

from alerts.asking import Known, condition, names
from alerts.web.answers import plain
from alerts.web.extracts import Spans, merged
from alerts.web.places import codes_of, own_places
from alerts.web.services import Services
from huiying.core.conditions import Adjacent, OneOf, Word, leaves
from huiying.core.config import Desk
from huiying.core.model import Post, Precision
from huiying.core.places import covers
from huiying.core.ports import Order, Query
from huiying.core.query_text import read
from huiying.core.query_tree import Every, Field, Name, Phrase, Tree, asked, every, printed


class Asked(BaseModel):
    """What the person asked for, as typed: a query in `words`, and single fields that narrow it."""

    model_config = ConfigDict(frozen=True)

    words: str = ""
    place: str = ""
    topic: str = ""
    outlet: str = ""
    since: str = ""
    until: str = ""
    order: Order = Order.NEWEST
    after: str = ""

    def text(self) -> str:
        """Return all of it as one query text. A wrong query is Refused, see `query_text.read`."""
        typed = ((Name.PLACE, self.place), (Name.TOPIC, self.topic), (Name.OUTLET, self.outlet))
        fields: list[Tree] = [Field(name, value) for name, value in typed if value.strip()]
        if self.since or self.until:
            fields.append(Field(Name.DATE, self.since if self.since == self.until else f"{self.since}..{self.until}"))
        return printed(every([read(self.words), *fields])) if fields else self.words


@dataclass(frozen=True, slots=True)
class Understood:
    """A query: its text, its tree, what the index is asked, and the names by which it was understood."""

    text: str
    tree: Tree
    query: Query
    known: Known


def understood(services: Services, desk: Desk | None, given: Asked) -> Understood:
    """Return what `given` means. What is wrong is Refused with `at` (in `text`) and `suggestion`."""
    text = given.text()
    tree = read(text)
    known = known_by(services, desk)
    query = Query(where=condition(tree, known), order=given.order, after=given.after or None, zone=known.zone)
    return Understood(text, tree, query, known)


def known_by(services: Services, desk: Desk | None) -> Known:
    """Return what the desk knows of names, alerts and time."""
    services.view.catch_up()
    aliases = (alias for place in (desk.area.places if desk else ()) for alias in place.aliases)
    return Known(
        cut=services.cut,
        phrase=services.phrase,
        places=lambda typed: codes_of(services, desk, typed),
        own_places=tuple(dict.fromkeys((*own_places(desk).values(), *aliases))),
        named=names(desk),
        alerts=tuple(services.view.alerts()),
        now=services.clock.now(),
        zone=desk.calendar.zone if desk else Query().zone,
    )


def marks(services: Services, found: Understood, post: Post) -> Mapping[str, Spans]:
    """Return what to mark in "title" and "text": words and phrases, and the places and topics that were asked for."""
    parts = list(leaves(found.query.condition()))
    words = [leaf.word for leaf in parts if isinstance(leaf, Word)]
    phrases = [leaf.text for leaf in asked(found.tree) if isinstance(leaf, Phrase)]
    texts = {"title": post.title, "text": post.text}
    made = {field: list(services.highlight(text, (*words, *phrases))) for field, text in texts.items()}
    for field, start, end in _tagged(parts, post):
        if field in texts and end <= len(texts[field]):
            made[field].append((start, end))
    if not any(made.values()):
        # Words of a phrase may stand with a sign between them, which no index holds.
        apart = tuple(word for leaf in parts if isinstance(leaf, Adjacent) for word in leaf.words)
        made = {field: list(services.highlight(text, apart)) for field, text in texts.items()}
    return {field: merged(spans) for field, spans in made.items()}


def _tagged(parts: list[Any], post: Post) -> list[tuple[str, int, int]]:
    areas = [code for leaf in parts if isinstance(leaf, OneOf) and leaf.field == "places" for code in leaf.values]
    topics = {topic for leaf in parts if isinstance(leaf, OneOf) and leaf.field == "topics" for topic in leaf.values}
    places = [(tag.field, tag.start, tag.end) for tag in post.places if any(covers(area, tag.code) for area in areas)]
    return places + [
        (field, start, end) for hit in post.topics if hit.topic in topics for _, field, start, end in hit.words
    ]


def answer(services: Services, found: Understood) -> dict[str, Any]:
    """Return a page of results and the counts of all as JSON has it."""
    page, counts = services.index.search(found.query), services.index.counts(found.query)
    return {
        "query": printed(found.tree),
        "posts": [plain(post) | {"marks": plain(dict(marks(services, found, post)))} for post in page.posts],
        "total": page.total,
        "next": page.next,
        "topics": dict(counts.topics),
        "places": dict(counts.places),
        "outlets": dict(counts.outlets),
        "days": dict(counts.days),
    }


def one_story(tree: Tree) -> str | None:
    """Return the story that a query asks for alone, None where it asks for anything else."""
    parts = tree.parts if isinstance(tree, Every) else (tree,)
    stories = [part.value for part in parts if isinstance(part, Field) and part.name is Name.STORY]
    return stories[0] if len(stories) == 1 else None


def first_of(posts: tuple[Post, ...]) -> Post | None:
    """Return the post that was published first: a day alone counts from its 24:00, no time from when it was seen."""

    def stood(post: Post) -> tuple[Any, ...]:
        dated = post.published
        whole_day = timedelta(days=1) if dated and dated.precision is Precision.DAY else timedelta()
        return (dated.at + whole_day if dated else post.first_seen, post.first_seen, post.id)

    return min(posts, key=stood, default=None)
