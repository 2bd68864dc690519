"""Pieces of a text for the screen: what is found is marked, and a long text is cut to where most of it stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Piece = tuple[str, bool]  # text, marked
Spans = Sequence[tuple[int, int]]


def merged(spans: Iterable[tuple[int, int]]) -> Spans:
    """Return `spans` in order, those that overlap or touch as one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def marked(text: str, spans: Spans) -> tuple[Piece, ...]:
    """Return the whole text in pieces; `spans` are (start, end) in order and without overlap."""
    pieces: list[Piece] = []
    at = 0
    for start, end in spans:
        pieces += [(text[at:start], False), (text[start:end], True)]
        at = end
    pieces.append((text[at:], False))
    return tuple(piece for piece in pieces if piece[0])


def extract(text: str, spans: Spans, width: int = 160) -> tuple[Piece, ...]:
    """Return about `width` characters where most is marked, or the beginning; "…" stands for what is left out."""
    first = _densest(spans, width - width // 4)
    start = max(0, min(first - width // 4, len(text) - width))
    end = min(len(text), start + width)
    inside = [(max(a, start) - start, min(b, end) - start) for a, b in spans if a < end and b > start]
    pieces = marked(text[start:end], inside)
    before: tuple[Piece, ...] = (("…", False),) if start else ()
    after: tuple[Piece, ...] = (("…", False),) if end < len(text) else ()
    return before + pieces + after


def _densest(spans: Spans, width: int) -> int:
    """Return the beginning of the span from which on most characters are marked within `width`; 0 without any."""
    best, most, last, inside = 0, 0, 0, 0
    for start, end in spans:
        while last < len(spans) and spans[last][0] < start + width:
            inside += spans[last][1] - spans[last][0]
            last += 1
        if inside > most:
            best, most = start, inside
        inside -= end - start
    return best
