"""What an index is asked to find, in its own terms: cut words, codes, ids, instants. Every engine answers all of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Word:
    """A cut word, in title or text, whatever its case."""

    word: str


@dataclass(frozen=True, slots=True)
class Adjacent:
    """Cut words that stand side by side in title or in text."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of these values in a field; a place counts in all that it lies in. Nothing where there are no values."""

    field: Literal["places", "topics", "outlet", "tier", "story"]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """First seen from `since` (included) to `until` (not included)."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class All:
    """What all of `parts` find; everything where there are none."""

    parts: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Any:
    """What one of `parts` finds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """Everything but what `part` finds."""

    part: Condition


Condition = Word | Adjacent | OneOf | Seen | All | Any | Without
EVERYTHING: Condition = All()


def leaves(condition: Condition) -> Iterator[Word | Adjacent | OneOf | Seen]:
    """Yield what a post that was found may hold: every leaf that is not excluded."""
    match condition:
        case All(parts) | Any(parts):
            for part in parts:
                yield from leaves(part)
        case Without():
            return
        case _:
            yield condition
