"""Items of feeds that were brought to their end: while their bytes stand unchanged, they need not be read again.

feed ─ cut ─► items whose bytes are settled ─► their posts and dates ─┐
            └► the others ─► parser ─► items ─────────────────────────┴► all of them, in document order
It is only memory: a process that begins reads everything whole, and so does a new configuration.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from crawlers.items import Item, Unreadable
from crawlers.parsing import Parser, Task
from crawlers.sitemaps import Index
from crawlers.splitting import Cut, cut_up

MOST = 60_000  # items that are remembered, of some 250 bytes each


@dataclass(frozen=True, slots=True)
class Known:
    """An item that was brought to its end: what the reading of its feed still needs of it."""

    id: str
    date: str | None

    def post(self) -> str:
        """Return the post's id."""
        return self.id


Entries = Sequence[Item | Known]


@dataclass(frozen=True, slots=True)
class Entered:
    """What a body held in document order, and how it was cut where it could be."""

    read: Entries | Index | Unreadable
    frame: bytes = b""
    digests: tuple[bytes, ...] = ()


class Settled:
    """Remembers by source; the sources read longest ago are forgotten first."""

    def __init__(self, parser: Parser, most: int = MOST) -> None:
        self._parser = parser
        self._most = most
        self._held = 0
        self._known: OrderedDict[str, tuple[bytes, dict[bytes, Known]]] = OrderedDict()

    async def read(self, id: str, task: Task, whole: bool) -> Entered:
        """Return what the body of `task` holds; what is settled of source `id` is not parsed, unless the `whole` is."""
        source, body, *told = task
        cut = cut_up(body) if source.kind == "feed" else None
        if cut is None:
            return Entered(await self._parser(*task))
        frame, digests = cut.frame(*told), tuple(cut.digests())
        known = {} if whole else self._of(id, frame)
        if known:
            entries = await self._merged(task, cut, digests, known)
            if entries is not None:
                return Entered(entries, frame, digests)
        read = await self._parser(*task)
        tallies = _is_read(read) and len(read) == len(digests)
        return Entered(read, frame, digests) if tallies else Entered(read)

    def settle(self, id: str, entered: Entered, waiting: bool) -> None:
        """Remember what was read, brought to its end; where an item is `waiting`, only what was known before.

        Of an address that stands twice only the first is remembered: the other one counts when that is gone.
        """
        self._drop(id)
        if not entered.digests or not _is_read(entered.read):
            return
        first: dict[str, tuple[bytes, Item | Known]] = {}
        for digest, entry in zip(entered.digests, entered.read, strict=True):
            first.setdefault(entry.post(), (digest, entry))
        kept = {
            digest: entry if isinstance(entry, Known) else Known(post, entry.date)
            for post, (digest, entry) in first.items()
            if isinstance(entry, Known) or not waiting
        }
        self._known[id] = (entered.frame, kept)
        self._held += len(kept)
        while self._held > self._most:
            self._drop(next(iter(self._known)))

    def forget(self) -> None:
        """Forget everything: what an item's end is depends on the configuration."""
        self._known.clear()
        self._held = 0

    def _of(self, id: str, frame: bytes) -> Mapping[bytes, Known]:
        told, known = self._known.get(id, (b"", {}))
        return known if told == frame else {}

    async def _merged(
        self, task: Task, cut: Cut, digests: Sequence[bytes], known: Mapping[bytes, Known]
    ) -> Entries | None:
        """Return the settled and the others in document order, None where what was read does not tally."""
        source, _, content_type, address = task
        others = sum(digest not in known for digest in digests)
        read: object = []
        if others:
            read = await self._parser(source, cut.without(known, digests), content_type, address)
        if not isinstance(read, list) or len(read) != others:
            return None
        new = iter(read)
        return [known[digest] if digest in known else next(new) for digest in digests]

    def _drop(self, id: str) -> None:
        _, known = self._known.pop(id, (b"", {}))
        self._held -= len(known)


def _is_read(read: Entries | Index | Unreadable) -> TypeGuard[Entries]:
    return not isinstance(read, Index | Unreadable)
