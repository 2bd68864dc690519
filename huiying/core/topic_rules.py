"""topics.toml as frozen values: the plain form in which a desk says what a topic is, and what is no news of it.

[[topics]]    any, near, all, none, title_only, and parts of the same form   what is wrong, never who
[[contexts]]  before, after, sentence, onward, title, but                    denied, long past, drilled, planned
[[severity]]  a count that raises an alert's level                           3 dead, 10,000 households
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self, TypeVar

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from huiying.core.model import Level
from huiying.core.section import Name, Section

W = TypeVar("W", bound="Wording")


class CountKind(StrEnum):
    """What a number in a text counts."""

    DEAD = "dead"
    INJURED = "injured"
    MISSING = "missing"
    PEOPLE = "people"
    HOUSEHOLDS = "households"
    HOURS = "hours"
    HECTARES = "hectares"


class Near(Section):
    """One word of each set, all in one clause, each at most `within` characters from that of the first set."""

    words: tuple[tuple[str, ...], ...] = Field(min_length=2)
    within: int = Field(default=6, ge=0, le=100)


class Wording(Section):
    """Any of `any`, or what is `near` one another; besides, all of `all`; and none of `none` where the word stands.

    A word of `none` that contains one of `any` strikes that one there; another strikes what stands in its sentence, and
    in the title everything. `title_only` looks at the title alone.
    """

    any: tuple[str, ...] = ()
    near: tuple[Near, ...] = ()
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    title_only: bool = False

    def every_word(self) -> tuple[str, ...]:
        """Return all words of this form in their order, those of `none` last."""
        joined = (word for near in self.near for words in near.words for word in words)
        return (*self.any, *joined, *self.all, *self.none)

    def stands_in(self, written: str) -> bool:
        """Say whether `written` holds one of `any` or `all`, or one word of each set of a `near`."""
        return any(word in written for word in (*self.any, *self.all)) or any(
            all(any(word in written for word in words) for words in near.words) for near in self.near
        )


class TopicPart(Wording):
    """A part of a topic, "water.outage" where it is named from outside."""

    id: Name
    name: str
    name_en: str

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        return _not_empty(self, bool(self.any or self.near))


class TopicRule(Wording):
    """A topic with its parts, for all of which its `none` counts; the contexts of `regardless` strike nothing of it."""

    id: Name
    name: str
    name_en: str
    parts: tuple[TopicPart, ...] = ()
    regardless: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        return _not_empty(self, bool(self.any or self.near or self.parts))

    def forms(self) -> tuple[tuple[str, Wording], ...]:
        """Return the topic's own form under "", where it has one, and each part's under its id."""
        own: tuple[tuple[str, Wording], ...] = (("", self),) if self.any or self.near else ()
        return (*own, *((part.id, part) for part in self.parts))

    def all_words(self) -> tuple[str, ...]:
        """Return every word of the topic and its parts."""
        return (*self.every_word(), *(word for part in self.parts for word in part.every_word()))

    def written_words(self) -> tuple[str, ...]:
        """Return every word and name of the topic and its parts, for whoever must look at all of them."""
        return (self.name, *(part.name for part in self.parts), *self.all_words())

    def named_in(self, written: str) -> bool:
        """Say whether `written` names the topic at all: by its name or any of its words, whatever else it says."""
        return self.name in written or any(form.stands_in(written) for _, form in self.forms())


class Context(Section):
    """Words beside which a topic's word is no news. It does not count where one of them stands

    `before` it in the clause or `after` it, at most `within` characters away; in its `sentence`; in its sentence or an
    earlier one of the paragraph (`onward`); in the `title`. Inside a phrase of `but` such a word says nothing.
    """

    id: Name
    name: str
    name_en: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    sentence: tuple[str, ...] = ()
    onward: tuple[str, ...] = ()
    title: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    within: int = Field(default=8, ge=0, le=100)

    def every_word(self) -> tuple[str, ...]:
        """Return all words in the keys' order."""
        return (*self.before, *self.after, *self.sentence, *self.onward, *self.title, *self.but)


class Severity(Section):
    """A count of `kind` of `at_least` so many raises an alert to `level`; without `topics`, on every topic."""

    kind: CountKind
    at_least: int = Field(ge=1)
    level: Level
    topics: tuple[Name, ...] = ()


def _not_empty(form: W, says: bool) -> W:
    if not says:
        raise PydanticCustomError("no_words", "a topic needs words in `any` or `near`")
    return form
