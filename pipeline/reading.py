"""What other roles may ask of the pipeline: read one page, tag one text, cut a query, name a place.

The composition root hands these on as plain callables; nothing here knows a port.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from huiying.core.charset import decode
from huiying.core.config import Desk
from huiying.core.model import PlaceTag, TopicHit
from pipeline.gazetteer import gazetteer
from pipeline.masks import mask
from pipeline.page import PageText, extract
from pipeline.places import primary_place
from pipeline.steps import tools_for

__all__ = ["PageText", "Tagger", "Tags", "namer", "read_page"]


def read_page(body: bytes, content_type: str | None, zone: str, now: datetime) -> PageText:
    """Return the masked title and text of a page as received, and its time of publication.

    `content_type` is the HTTP header, `zone` the outlet's, `now` an instant that nothing can be later than.
    """
    page = extract(decode(body, content_type)[0], zone, now)
    return PageText(mask(page.title), mask(page.text), page.published)


@dataclass(frozen=True, slots=True)
class Tags:
    """What a text is about: places in order, the primary one's code, topics."""

    places: tuple[PlaceTag, ...]
    primary: str | None
    topics: tuple[TopicHit, ...]


class Tagger:
    """Tag texts and cut queries by one desk's configuration, exactly as its posts were."""

    def __init__(self, desk: Desk) -> None:
        self._tools = tools_for(desk)
        self._own = {place.code: place.name for place in reversed(desk.area.places)} | {desk.area.code: desk.area.name}

    def tag(self, title: str, text: str, home: str | None) -> Tags:
        """Return the tags of a text; `home` is the code of the area that its outlet mostly reports on."""
        cutter = self._tools.cutter
        places = self._tools.places.tag(title, text, cutter.tokens(title), cutter.tokens(text), home)
        return Tags(places, primary_place(places), self._tools.topics.tag(title, text))

    def query(self, text: str) -> tuple[str, ...]:
        """Return the words of what somebody typed, for `Query.words`."""
        return self._tools.cutter.query(text)

    def place_name(self, code: str) -> str:
        """Return the name of a division code, the desk's own names first; the code itself where none is known."""
        return self._own.get(code) or gazetteer().name(code) or code


def namer(desk: Desk) -> Tagger:
    """Return a tagger that gives a text each topic it names at all, by its name or any of its words.

    A reply says "供水已恢复" and promises notice of "计划停水": what keeps news from raising an alert must not keep an
    answer from naming its topic.
    """
    named = (
        topic.model_copy(
            update={"any": (topic.name, *topic.any, *topic.all), "all": (), "none": (), "title_only": False}
        )
        for topic in desk.topics
    )
    return Tagger(desk.model_copy(update={"topics": tuple(named)}))
