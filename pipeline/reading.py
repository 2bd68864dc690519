"""What other roles may ask of the pipeline: read one page, tag one text, cut a query, name a place.

The composition root hands these on as plain callables; nothing here knows a port.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from huiying.core.config import Area, Desk
from huiying.core.model import PlaceTag, TopicHit
from pipeline.gazetteer import gazetteer
from pipeline.page import PageText
from pipeline.persons import official_names, personal_names
from pipeline.places import Ambiguous, PlaceTagger, primary_place
from pipeline.received import read_page
from pipeline.shipped import shipped_contexts, shipped_topics
from pipeline.steps import Tools, tools_for
from pipeline.topics import Struck, TopicTagger
from pipeline.words import Cutter

__all__ = ["Everywhere", "PageText", "Tagger", "Tags", "namer", "read_page"]


@dataclass(frozen=True, slots=True)
class Tags:
    """What a text is about: places in order, the primary one's code, topics, and the names that are ambiguous.

    `struck` are the topics' words that do not count. The words of a field, joined, are the field again.
    """

    places: tuple[PlaceTag, ...]
    primary: str | None
    topics: tuple[TopicHit, ...]
    ambiguous: tuple[Ambiguous, ...]
    struck: tuple[Struck, ...]
    title_words: Sequence[str]
    text_words: Sequence[str]


class Tagger:
    """Tag texts and cut queries by one desk's configuration, exactly as its posts were."""

    def __init__(self, desk: Desk) -> None:
        self._tools = tools_for(desk)
        self._official = official_names(desk)
        self._own = {place.code: place.name for place in reversed(desk.area.places)} | {desk.area.code: desk.area.name}

    def tag(self, title: str, text: str, home: str | None) -> Tags:
        """Return the tags of a text; `home` is the code of the area that its outlet mostly reports on."""
        return _tags(self._tools, title, text, home)

    def query(self, text: str) -> tuple[str, ...]:
        """Return the words of what somebody typed, for `Query.words`."""
        return self._tools.cutter.query(text)

    def words(self, text: str) -> tuple[str, ...]:
        """Return all words of what somebody typed in quotes, in the order in which an index holds them."""
        return tuple(self._tools.cutter.words(self._tools.cutter.tokens(text)).split())

    def place_codes(self, name: str) -> tuple[str, ...]:
        """Return the codes of every division of the country that is called `name`, villages left out."""
        return gazetteer().codes(name)

    def personal(self, words: Sequence[str]) -> tuple[str, ...]:
        """Return those of `words` that are personal names, and lie in no name of a place or unit."""
        return personal_names(words, self._official)

    def place_name(self, code: str) -> str:
        """Return the name of a division code, the desk's own names first; the code itself where none is known."""
        return self._own.get(code) or gazetteer().name(code) or code


class Everywhere:
    """Tag texts of nobody's area: the whole country's places, the shipped topics, no names of a desk's own."""

    def __init__(self) -> None:
        cutter = Cutter(())
        places = PlaceTagger(Area(code="0" * 12, name=""), cutter.knows)
        self._tools = Tools(cutter, places, TopicTagger(shipped_topics(), shipped_contexts()))
        self._home = lru_cache(maxsize=1024)(lambda outlet: places.home(outlet, cutter.tokens(outlet)))

    def tag(self, title: str, text: str, outlet: str = "") -> Tags:
        """Return the tags of a text; a place in the outlet's name is its home."""
        return _tags(self._tools, title, text, self._home(outlet) if outlet else None)

    def path(self, code: str) -> tuple[str, ...]:
        """Return the names of the divisions from the province down to `code`."""
        return gazetteer().path(code)


def _tags(tools: Tools, title: str, text: str, home: str | None) -> Tags:
    words = tools.cutter.tokens(title), tools.cutter.tokens(text)
    found, looked = tools.places.find(title, text, *words, home), tools.topics.look(title, text)
    return Tags(found.tags, primary_place(found.tags), looked.hits, found.ambiguous, looked.struck, *words)


def namer(desk: Desk) -> Tagger:
    """Return a tagger that gives a text each topic it names at all, by its name or any of its words.

    A reply says "供水已恢复" and promises notice of "计划停水": what keeps news from raising an alert must not keep an
    answer from naming its topic.
    """
    named = tuple(
        topic.model_copy(
            update={
                "any": (topic.name, *(word for _, form in topic.forms() for word in (*form.any, *form.all))),
                "near": tuple(near for _, form in topic.forms() for near in form.near),
                "all": (),
                "none": (),
                "title_only": False,
                "parts": (),
            }
        )
        for topic in desk.topics
    )
    return Tagger(desk.model_copy(update={"topics": named, "contexts": ()}))
