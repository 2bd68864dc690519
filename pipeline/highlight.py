"""Words found in a text as stretches to mark: engines lose them on text that was cut in advance."""

from __future__ import annotations

import re
from collections.abc import Sequence

Span = tuple[int, int]


def spans(text: str, words: Sequence[str]) -> tuple[Span, ...]:
    """Return the stretches of `text` where one of `words` stands, in whatever case, in order, touching ones joined.

    Case is folded as it is for the index, so that every word by which a post was found is marked in it.
    """
    wanted = sorted({word.casefold() for word in words if word}, key=len, reverse=True)
    if not wanted:
        return ()
    folded, places = _folded(text)
    # a lookahead finds every place, overlapping ones too
    pattern = re.compile("|".join(f"(?=({re.escape(word)}))" for word in wanted))
    joined: list[Span] = []
    for match in pattern.finditer(folded):
        last = match.start() + len(next(group for group in match.groups() if group is not None)) - 1
        start, end = (match.start(), last + 1) if places is None else (places[match.start()], places[last] + 1)
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


def _folded(text: str) -> tuple[str, list[int] | None]:
    """Return `text` without case, and for each of its characters the one of `text` where these are not as many."""
    folded = text.casefold()
    if len(folded) == len(text):
        return folded, None
    return folded, [number for number, sign in enumerate(text) for _ in sign.casefold()]
