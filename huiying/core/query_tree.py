"""What a person asked of the search, as a tree: the same for page, API and command. Printing a tree reads back as it.

Words 停水 │ Phrase "计划停水" │ Field topic:water │ Not │ Every a b │ Either a OR b          Every() asks nothing
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class Name(StrEnum):
    """The fields that a query may ask for."""

    PLACE = "place"
    TOPIC = "topic"
    OUTLET = "outlet"
    TIER = "tier"
    DATE = "date"
    STORY = "story"
    LEVEL = "level"
    HAS = "has"


QUOTES = '"“”＂'
_ESCAPED = re.compile(rf"([\\{QUOTES}])")
_NEEDS_QUOTES = re.compile(rf"[\s()（）「」『』{QUOTES}]")


@dataclass(frozen=True, slots=True)
class Words:
    """A stretch as typed, still to be cut into words, all of which must occur. `at` counts characters from 0."""

    text: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A stretch in quotes, whose words must stand side by side."""

    text: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Field:
    """A field and the value typed for it."""

    name: Name
    value: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """Everything but `part`."""

    part: Tree


@dataclass(frozen=True, slots=True)
class Every:
    """What all of `parts` find; everything where there are none."""

    parts: tuple[Tree, ...] = ()


@dataclass(frozen=True, slots=True)
class Either:
    """What one of `parts` finds, two at least."""

    parts: tuple[Tree, ...]


Tree = Words | Phrase | Field | Not | Every | Either


def every(parts: list[Tree]) -> Tree:
    """Return one tree that asks all of `parts`, without an Every inside an Every."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, Every) else (part,))]
    return flat[0] if len(flat) == 1 else Every(tuple(flat))


def either(parts: list[Tree]) -> Tree:
    """Return one tree that asks one of `parts`, at least one, without an Either inside an Either."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, Either) else (part,))]
    return flat[0] if len(flat) == 1 else Either(tuple(flat))


def printed(tree: Tree) -> str:
    """Return `tree` as one would type it; reading it gives `tree` again."""
    match tree:
        case Words(text):
            return text
        case Phrase(text):
            return _quoted(text)
        case Field(name, value):
            return f"{name}:{_quoted(value) if _NEEDS_QUOTES.search(value) else value}"
        case Not(part):
            return f"NOT {_atom(part)}"
        case Every(parts):
            return " ".join(map(_atom, parts))
        case Either(parts):
            return " OR ".join(map(_atom, parts))


def toggled(tree: Tree, wanted: Field) -> Tree:
    """Return `tree` narrowed by `wanted`, or widened by taking it away where the whole is narrowed by it already."""
    parts = list(tree.parts) if isinstance(tree, Every) else [tree]
    left = [part for part in parts if part != wanted]
    return every(left if len(left) < len(parts) else [*parts, wanted])


def asked(tree: Tree) -> Iterator[Words | Phrase | Field]:
    """Yield what a result may hold: every leaf but those under a NOT."""
    match tree:
        case Every(parts) | Either(parts):
            for part in parts:
                yield from asked(part)
        case Not():
            return
        case _:
            yield tree


def _atom(tree: Tree) -> str:
    return f"({printed(tree)})" if isinstance(tree, Every | Either) else printed(tree)


def _quoted(text: str) -> str:
    return '"' + _ESCAPED.sub(r"\\\1", text) + '"'
