"""A feed's bytes cut at its items, so that only items whose bytes are new need be read.

bytes ─ expat: well-formed, nothing that reaches from one item into another ─► Cut │ None: only the whole can be read
Cut ─ without the items that are known ─► a feed of the others, read to the same items as the whole
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from xml.parsers import expat

_NAMES = frozenset({"item", "entry", "product"})  # what feedparser takes for an item, in any case of letters
_TAG = re.compile(rb"<[^<>]*>")
_MOST = 5000  # items; a feed of more is no feed, and is read whole
_DIGEST = 16  # bytes


@dataclass(frozen=True, slots=True)
class Cut:
    """A feed: the bytes before, between and behind its items, one piece more than items, and the items' own."""

    between: tuple[bytes, ...]
    items: tuple[bytes, ...]

    def digests(self) -> list[bytes]:
        """Return what stands for the bytes of each item, in document order."""
        return [_digest(item) for item in self.items]

    def frame(self, *more: str | None) -> bytes:
        """Return what stands for everything but the items: its mark-up, whatever its words say, and `more`.

        Namespaces, base addresses and the version stand in mark-up; a feed's dates and titles change at every reading.
        """
        tags = b"".join(tag for piece in self.between for tag in _TAG.findall(piece))
        return _digest(b"\0".join([tags, *(one.encode("utf-8", "replace") if one else b"" for one in more)]))

    def without(self, known: Container[bytes], digests: Iterable[bytes]) -> bytes:
        """Return the feed without the items whose digest is `known`; `digests` are this feed's own."""
        kept = [b"" if digest in known else item for item, digest in zip(self.items, digests, strict=True)]
        return b"".join(part for pair in zip(self.between, [*kept, b""], strict=True) for part in pair)


def cut_up(body: bytes) -> Cut | None:
    """Return `body` cut at its items, None where an item cannot be read without the others.

    feedparser reads what is well-formed element by element, and everything else by guesses that cross elements. Only
    UTF-8: another charset is told by the whole of the bytes. An entity may stand for anything, a namespace that is
    declared in one item counts in those behind it.
    """
    if b"<!DOCTYPE" in body or not _is_utf8(body):
        return None
    finder = _Finder(body)
    try:
        finder.parser.Parse(body, True)
    except expat.ExpatError:
        return None
    spans = finder.spans
    if finder.crossed or finder.open is not None or len(finder.names) != 1 or len(spans) > _MOST:
        return None
    items = tuple(body[begin:end] for begin, end in spans)
    if any(b"xmlns" in item for item in items):
        return None
    edges = [0, *(edge for span in spans for edge in span), len(body)]
    return Cut(tuple(body[begin:end] for begin, end in zip(edges[::2], edges[1::2], strict=True)), items)


class _Finder:
    """Where the items begin and end, as bytes of the body; `crossed` where they do not stand beside each other."""

    def __init__(self, body: bytes) -> None:
        self.spans: list[tuple[int, int]] = []
        self.names: set[str] = set()
        self.open: int | None = None
        self.crossed = False
        self._body = body
        self.parser = expat.ParserCreate("utf-8", " ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _start(self, name: str, _: object) -> None:
        if name.rpartition(" ")[2].lower() in _NAMES:
            self.crossed |= self.open is not None
            self.names.add(name)
            self.open = self.parser.CurrentByteIndex

    def _end(self, name: str) -> None:
        if name in self.names:
            at = self.parser.CurrentByteIndex
            # An item without an end tag of its own is empty: "<item/>".
            self.crossed |= self.open is None or not self._body.startswith(b"</", at)
            self.spans.append((self.open or 0, self._body.find(b">", at) + 1))
            self.open = None


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _digest(part: bytes) -> bytes:
    return blake2b(part, digest_size=_DIGEST).digest()
