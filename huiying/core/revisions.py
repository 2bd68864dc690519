"""What changed between two captures of one article: passages that stay, are gone, or are new.

two texts ─► clauses ─ compared ─► a clause that was rewritten ─ characters compared ─► passages in order
It says what stood at either capture, never who changed it or when in between.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

_CLAUSE = re.compile(r"[^，。！？；\n]*(?:[，。！？；]+[”』」）]?\n*|\n+)|[^，。！？；\n]+")
_ALIKE = 0.5  # two clauses that share less are one gone and one new, not one rewritten
_CLAUSES = 4000  # compared one by one; from 200 on difflib passes over those that stand everywhere
_CHARACTERS = 199  # of a clause that is compared by its characters; below that bound difflib passes over none


class Kind(StrEnum):
    """What became of a passage."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of either text, or of both."""

    kind: Kind
    text: str


def compare(before: str, after: str) -> tuple[Passage, ...]:
    """Return the passages of both texts in order; SAME and GONE joined are `before`, SAME and NEW joined `after`."""
    return tuple(_joined(_passages(_CLAUSE.findall(before), _CLAUSE.findall(after), rewritten=True)))


def _passages(before: Sequence[str], after: Sequence[str], rewritten: bool) -> Iterator[Passage]:
    if len(before) > _CLAUSES or len(after) > _CLAUSES:
        yield from (Passage(Kind.GONE, "".join(before)), Passage(Kind.NEW, "".join(after)))
        return
    for tag, i, j, k, m in SequenceMatcher(None, before, after).get_opcodes():
        old, new = "".join(before[i:j]), "".join(after[k:m])
        if tag == "equal":
            yield Passage(Kind.SAME, old)
        elif rewritten and old and new and _alike(old, new):
            yield from _passages(old, new, rewritten=False)
        else:
            yield from (Passage(Kind.GONE, old), Passage(Kind.NEW, new))


def _alike(old: str, new: str) -> bool:
    if len(old) > _CHARACTERS or len(new) > _CHARACTERS:
        return False
    return SequenceMatcher(None, old, new).ratio() >= _ALIKE


def _joined(passages: Iterator[Passage]) -> Iterator[Passage]:
    """Yield the passages without empty ones, neighbours of one kind as one."""
    held: Passage | None = None
    for one in passages:
        if not one.text:
            continue
        if held is not None and held.kind is one.kind:
            held = Passage(one.kind, held.text + one.text)
            continue
        if held is not None:
            yield held
        held = one
    if held is not None:
        yield held
