"""An address that somebody wants to add, looked at once: what kind of source it is, and what is read there now.

address ─ boundary, robots ─► body ─► a feed? a sitemap? feeds that the page names? a list? ─► Prospect │ Refused
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urljoin

from scrapy.selector import Selector

from crawlers.boundary import refuse_address, refuse_outlet
from crawlers.engine import Engine, on_reactor
from crawlers.fetch import Fetcher, header
from crawlers.items import Item, Unreadable
from crawlers.learning import propose
from crawlers.outcomes import Failure, failure_of
from crawlers.parsing import Parser
from crawlers.sitemaps import Index
from crawlers.unfolding import Unfolding
from huiying.core.charset import decode
from huiying.core.config import Outlet, Source
from huiying.core.errors import Refused
from huiying.core.messages import text
from huiying.core.model import Response
from huiying.core.ports import Clock

T = TypeVar("T")
_FEEDS = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml")
_NAMED = 3  # feeds of a page that are tried


@dataclass(frozen=True, slots=True)
class Prospect:
    """A source as it may be configured, and the items that it has now, in its own order."""

    source: Source
    items: tuple[Item, ...]


class Unread(Refused):
    """An address gave nothing that can be read; `failure` says why."""

    def __init__(self, address: str, failure: Failure) -> None:
        super().__init__("source_unread", address=address, detail=failure.detail)
        self.failure = failure

    def sentence(self, language: str = "zh") -> str:
        """Return the sentence, with the failure's own in it."""
        code, _, rest = self.failure.detail.partition(" ")
        why = text(f"crawl.{code}", language, status=rest)
        return text("error.source_unread", language, address=self.fields["address"], why=why)


class Looking:
    """Looks at addresses as the crawl role would: the same boundary, robots.txt, pace and limits."""

    def __init__(self, fetcher: Fetcher, parser: Parser, clock: Clock) -> None:
        self._fetcher = fetcher
        self._parser = parser
        self._clock = clock
        self._unfolding = Unfolding(fetcher, parser, clock)

    async def at(self, outlet: Outlet, address: str) -> Prospect:
        """Return what `address` of `outlet` is. Refused says why it cannot be read, or that nothing is there."""
        answer = await self.answer(outlet, Source(kind="feed", address=address))
        for kind in ("feed", "sitemap"):
            if items := await self.items(outlet, Source.model_validate({"kind": kind, "address": address}), answer):
                return Prospect(Source.model_validate({"kind": kind, "address": address}), items)
        for named in list(_named(answer))[:_NAMED]:
            if found := await self._feed(outlet, named):
                return found
        if proposal := propose(answer.body, header(answer, "content-type"), answer.address):
            return Prospect(proposal.source.model_copy(update={"address": address}), proposal.items)
        raise Refused("nothing_to_add", address=address)

    async def answer(self, outlet: Outlet, source: Source) -> Response:
        """Return the answer of `source`. Unread or Refused says why there is none to use."""
        if refused := refuse_outlet(outlet.model_copy(update={"sources": (source,)})):
            raise refused
        answer = await self._fetcher.fetch(outlet, source.address)
        if failure := failure_of(answer, self._clock.now()):
            raise Unread(source.address, failure)
        assert isinstance(answer, Response)
        return answer

    async def items(self, outlet: Outlet, source: Source, answer: Response) -> tuple[Item, ...]:
        """Return the items that `answer` has if it is of the kind of `source`, none where it is not."""
        read = await self._parser(source, answer.body, header(answer, "content-type"), answer.address)
        if isinstance(read, Index):
            unfolded = await self._unfolding.items(outlet, source, read)
            return tuple(unfolded) if isinstance(unfolded, list) else ()
        return () if isinstance(read, Unreadable) else tuple(read)

    async def _feed(self, outlet: Outlet, address: str) -> Prospect | None:
        source = Source(kind="feed", address=address)
        if refuse_address(outlet, address):
            return None
        with suppress(Refused):
            if items := await self.items(outlet, source, await self.answer(outlet, source)):
                return Prospect(source, items)
        return None


def looking(contact: str, clock: Clock, loopback: Iterable[str], act: Callable[[Looking], Awaitable[T]]) -> T:
    """Return what `act` does, in this thread; once a process, because scrapy's reactor is. Raises what it raises.

    `contact` stands in the user agent, `loopback` are the hosts of test sites.
    """
    done: list[T] = []

    async def main() -> None:
        engine, parser = Engine(contact, clock), Parser()
        engine.resolver.loopback = frozenset(loopback)
        await engine.start()
        try:
            done.append(await act(Looking(Fetcher(engine, clock, engine.resolver.refused), parser, clock)))
        finally:
            await engine.stop()
            parser.close()

    asyncio.set_event_loop_policy(asyncio.DefaultEventLoopPolicy())
    on_reactor(main)
    return done[0]


def _named(answer: Response) -> Iterator[str]:
    """Yield the addresses of the feeds that a page names in its head (HTML Standard, link type "alternate")."""
    markup, _ = decode(answer.body, header(answer, "content-type"))
    for link in Selector(text=markup or "<html></html>", type="html").css("link[rel~=alternate][href]"):
        if link.attrib.get("type", "").lower() in _FEEDS:
            with suppress(ValueError):
                yield urljoin(answer.address, link.attrib["href"].strip())
