"""Words found in a text as stretches to mark, and the snippet round them: engines lose them on text cut in advance."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Snippet:
    """A part of a text; `spans` are the marked stretches, `before` and `after` say that text was left out there."""

    text: str
    spans: tuple[Span, ...]
    before: bool
    after: bool


def spans(text: str, words: Sequence[str]) -> tuple[Span, ...]:
    """Return the stretches of `text` where one of `words` stands, in whatever case, in order, touching ones joined."""
    wanted = sorted({word for word in words if word}, key=len, reverse=True)
    if not wanted:
        return ()
    # a lookahead finds every place, overlapping ones too
    pattern = re.compile("|".join(f"(?=({re.escape(word)}))" for word in wanted), re.IGNORECASE)
    joined: list[Span] = []
    for match in pattern.finditer(text):
        start = match.start()
        end = start + len(next(group for group in match.groups() if group is not None))
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


def snippet(text: str, words: Sequence[str], size: int = 120) -> Snippet:
    """Return about `size` characters of `text` where most of the words stand, its beginning where none does."""
    found = spans(text, words)
    start = _densest(found, size, len(text))
    end = min(len(text), start + size)
    inside = tuple((max(a, start) - start, min(b, end) - start) for a, b in found if a < end and b > start)
    return Snippet(text[start:end], inside, start > 0, end < len(text))


def _densest(found: Sequence[Span], size: int, length: int) -> int:
    """Return where to begin so that most marked characters lie within `size`, a little before the first of them."""
    best, most = 0, 0
    for first, (start, _) in enumerate(found):
        marked = sum(b - a for a, b in found[first:] if b <= start + size)
        if marked > most:
            best, most = start, marked
    lead = min(20, size // 6)
    return max(0, min(best - lead, length - size))
