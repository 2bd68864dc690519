"""Pieces of a text for the screen: what is found is marked, and a long text is cut to what surrounds the first find."""

from __future__ import annotations

from collections.abc import Sequence

Piece = tuple[str, bool]  # text, marked
Spans = Sequence[tuple[int, int]]


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
    """Return about `width` characters around the first span, or the beginning; "…" stands for what is left out."""
    first = spans[0][0] if spans else 0
    start = max(0, min(first - width // 4, len(text) - width))
    end = min(len(text), start + width)
    inside = [(max(a, start) - start, min(b, end) - start) for a, b in spans if a < end and b > start]
    pieces = marked(text[start:end], inside)
    before: tuple[Piece, ...] = (("…", False),) if start else ()
    after: tuple[Piece, ...] = (("…", False),) if end < len(text) else ()
    return before + pieces + after
