"""All words of a dictionary in a title and a text, found in one pass, each with the sentence it stands in."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

import daachorse

from huiying.core.sentences import Sentences


class Find(NamedTuple):
    """A word at `start` to `end` of `field` ("title" or "text"), with the numbers of what it stands in.

    The title's numbers are below zero, so that nothing of it is in one sentence with the text.
    """

    word: str
    field: str
    start: int
    end: int
    sentence: int
    clause: int
    paragraph: int

    def over(self, other: Find) -> bool:
        """Say whether the two share a character."""
        return self.field == other.field and self.start < other.end and other.start < self.end

    def inside(self, other: Find) -> bool:
        """Say whether this lies within `other`."""
        return self.field == other.field and other.start <= self.start and self.end <= other.end

    def gap(self, other: Find) -> int:
        """Return how many characters of the same field are between the two, below zero where they share some."""
        return max(other.start - self.end, self.start - other.end)


class Finds:
    """What was found, by word and in the text's order, overlapping words too."""

    def __init__(self, finds: Iterable[Find]) -> None:
        self.by_word: dict[str, list[Find]] = {}
        for find in finds:
            self.by_word.setdefault(find.word, []).append(find)

        self.words = frozenset(self.by_word)
        self._known: dict[frozenset[str], tuple[Find, ...]] = {}

    def of(self, words: frozenset[str]) -> tuple[Find, ...]:
        """Return the finds of `words`, the title's first, in the text's order."""
        known = self._known.get(words)
        if known is None:
            found = [find for word in words & self.words for find in self.by_word[word]]
            known = self._known[words] = tuple(sorted(found, key=_place) if len(found) > 1 else found)
        return known


def _place(find: Find) -> tuple[bool, int, int]:
    return find.field != "title", find.start, find.end


class Dictionary:
    """One automaton over many words: a text costs the same whether it holds ten or a million."""

    def __init__(self, words: Collection[str]) -> None:
        self._words = sorted(set(words) - {""})
        self._automaton = daachorse.CharwiseDoubleArrayAhoCorasick(self._words) if self._words else None

    def finds(self, title: str, text: str) -> Finds:
        """Return every word of the dictionary in `title` and `text`."""
        return Finds((*self._of("title", title), *self._of("text", text)))

    def _of(self, field: str, text: str) -> list[Find]:
        raw = self._automaton.find_overlapping(text) if self._automaton else ()
        if not raw:
            return []
        bounds, below = Sentences(text), 1_000_000 if field == "title" else 0
        return [
            Find(
                self._words[number],
                field,
                start,
                end,
                bounds.sentence(start) - below,
                bounds.clause(start) - below,
                bounds.paragraph(start) - below,
            )
            for start, end, number in raw
        ]
