"""Scrapy as one long-lived downloader: a spider that waits, no extensions, nothing that hammers.

on_reactor ─► Engine.start ─► get, get, … (robots obeyed, one request in flight a host, paced) ─► Engine.stop
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK

from crawlers.resolver import GuardedResolver
from crawlers.spider import WaitingSpider
from huiying import __version__
from huiying.core.addresses import host
from huiying.core.config import Outlet
from huiying.core.ports import Clock

LARGEST = 4 * 2**20  # bytes of one response: what POSTS_FOUND carries at most
PATIENCE = 9.0  # seconds for one whole answer
STOP_WITHIN = 3  # seconds that requests in flight may take at the end


def user_agent(contact: str) -> str:
    """Return the honest name of this crawler with the desk's address for complaints."""
    return f"Huiying/{__version__} (+mailto:{contact})"


def settings(contact: str) -> dict[str, Any]:
    """Return scrapy's settings: everything that is not needed off, because it halves the speed or acts unasked."""
    return {
        "USER_AGENT": user_agent(contact),
        "ROBOTSTXT_OBEY": True,
        "COOKIES_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "LOG_ENABLED": False,
        "STATS_CLASS": "scrapy.statscollectors.DummyStatsCollector",
        "EXTENSIONS_BASE": {},
        "SPIDER_MIDDLEWARES_BASE": {},
        "DOWNLOADER_MIDDLEWARES_BASE": {},
        "DOWNLOADER_MIDDLEWARES": {
            "crawlers.robots.ObeyRobots": 100,
            "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": 590,
        },
        "DOWNLOAD_HANDLERS_BASE": dict.fromkeys(("http", "https"), "crawlers.transport.BoundedHandler"),
        "CONCURRENT_ITEMS": 1,
        "CONCURRENT_REQUESTS": 512,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "DOWNLOAD_DELAY_JITTER": 0,
        "DOWNLOAD_MAXSIZE": LARGEST,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_TIMEOUT": PATIENCE,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
    }


def on_reactor(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run `main` to its end on scrapy's reactor, in this thread; once a process. What it raises is raised here."""
    from twisted.internet import asyncioreactor

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    asyncioreactor.install(loop)  # type: ignore[no-untyped-call]
    from twisted.internet import reactor as installed

    reactor: Any = installed

    failed: list[BaseException] = []

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (cause := task.exception()) is not None:
            failed.append(cause)
        reactor.stop()

    reactor.callWhenRunning(lambda: loop.create_task(main()).add_done_callback(ended))
    reactor.run(installSignalHandlers=False)
    _close(loop)
    if failed:
        raise failed[0]


def _close(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what is left on the loop, a download that a slow server still holds, and close it."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    asyncio.set_event_loop(None)
    loop.close()


class Engine:
    """Downloads one address at a time for each host. Used inside `on_reactor` only."""

    def __init__(self, contact: str, clock: Clock) -> None:
        self._clock = clock
        self._runner = AsyncCrawlerRunner(settings(contact))
        self._crawler: Crawler = self._runner.create_crawler(WaitingSpider)
        self.resolver = GuardedResolver.install()

    async def start(self) -> None:
        """Open the spider; return when requests are taken."""
        running = self._runner.crawl(self._crawler, clock=self._clock)
        while not (self._crawler._engine is not None and self._crawler.engine.running):
            if running.done():
                running.result()
            await asyncio.sleep(0.01)

    async def get(self, outlet: Outlet, address: str, headers: Mapping[str, str]) -> Response:
        """Return the answer whatever its status; redirects are not followed. Raises scrapy's and twisted's errors."""
        request = Request(
            address,
            headers={"User-Agent": self._crawler.settings["USER_AGENT"], **headers},
            callback=NO_CALLBACK,
            meta={"download_slot": host(address), "download_timeout": PATIENCE, "outlet": outlet},
        )
        return await self._crawler.engine.download_async(request)

    async def stop(self) -> None:
        """Close the spider; requests in flight are given up after a few seconds."""
        closing = asyncio.ensure_future(self._runner.stop())
        await asyncio.wait([closing], timeout=STOP_WITHIN)
