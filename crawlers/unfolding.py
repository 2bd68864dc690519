"""A sitemap index to the items of its newest sitemaps, each fetched as politely as everything else.

Index ─ the newest that were not seen in this reading ─► fetch, parse ─► items │ Index, once more ─► items by address
"""

from __future__ import annotations

from crawlers.fetch import Fetcher, Missed, header
from crawlers.items import Item, Unreadable
from crawlers.outcomes import Failure, failure_of, unreadable
from crawlers.parsing import Parser
from crawlers.sitemaps import Index
from huiying.core.addresses import canonical
from huiying.core.config import Outlet, Source
from huiying.core.ports import Clock

AT_ONCE = 3  # sitemaps of one index in one reading: news stand in the newest
IN_ALL = 6


class Unfolding:
    """Follows indexes; an address is fetched once a reading, so that indexes that name each other come to an end."""

    def __init__(self, fetcher: Fetcher, parser: Parser, clock: Clock) -> None:
        self._fetcher = fetcher
        self._parser = parser
        self._clock = clock

    async def items(self, outlet: Outlet, source: Source, index: Index) -> list[Item] | Failure:
        """Return what the newest sitemaps of `index` list; a Failure where none of them could be read."""
        seen = {canonical(source.address)}
        waiting = list(index.addresses[:AT_ONCE])
        found: dict[str, Item] = {}
        failure: Failure | None = None
        while waiting and len(seen) <= IN_ALL:
            address = waiting.pop(0)
            if canonical(address) in seen:
                continue
            seen.add(canonical(address))
            read = await self._one(outlet, source, address)
            if isinstance(read, Failure):
                failure = read
            elif isinstance(read, Index):
                waiting += read.addresses[:AT_ONCE]
            else:
                found |= {item.post(): item for item in read if item.post() not in found}
        return failure if failure and not found else list(found.values())

    async def _one(self, outlet: Outlet, source: Source, address: str) -> list[Item] | Index | Failure:
        answer = await self._fetcher.fetch(outlet, address)
        if failure := failure_of(answer, self._clock.now()):
            return failure
        assert not isinstance(answer, Missed)
        read = await self._parser(source, answer.body, header(answer, "content-type"), answer.address)
        return unreadable(read) if isinstance(read, Unreadable) else read
