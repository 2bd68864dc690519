"""robots.txt (RFC 9309), obeyed by every request that passes the engine. There is no switch.

request ─► rules of its host (kept for a day) ─► allowed: paced by max(outlet's pace, Crawl-delay)
                                             └─► Forbidden with the rule's own line
4xx: no rules. 5xx, 429 or no answer: unknown, nothing is fetched until they can be read.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

from protego import Protego
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK

from crawlers.boundary import refuse_address
from huiying.core.addresses import host
from huiying.core.config import Outlet

AGENT = "Huiying"
KEPT = timedelta(hours=24)  # RFC 9309 section 2.4
HOPS = 5  # RFC 9309 section 2.3.1.2
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# With a delay of 0 scrapy 2.19 starts all that wait in a slot at once, before it counts the first (measured: 2 in
# flight where 1 is set); any delay makes it start one and look again.
LEAST_DELAY = 0.001  # seconds
_ITSELF = "robots_itself"
_SHOWN = 500  # characters of a refusal that are kept


class Forbidden(IgnoreRequest):
    """robots.txt does not allow the address; `text` is where that stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(text)


class Unknown(IgnoreRequest):
    """robots.txt could not be read, so nothing else may be."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one host as they were read."""

    address: str
    text: str
    parsed: Protego
    until: datetime

    def refusal(self, address: str) -> str | None:
        """Return where it is forbidden to fetch `address`, None where it is allowed."""
        if self.parsed.can_fetch(address, AGENT):
            return None
        path = urlsplit(address).path or "/"
        lines = [line.split("#")[0].strip() for line in self.text.splitlines()]
        line = next((line for line in lines if _forbids(line, path)), "Disallow")
        return f"{self.address}: {line}"[:_SHOWN]

    def delay(self) -> float:
        """Return the Crawl-delay in seconds, 0 without one, a day at most: then the rules are read again."""
        delay = float(self.parsed.crawl_delay(AGENT) or 0)
        return min(delay, KEPT.total_seconds())


def read_rules(address: str, body: bytes, until: datetime) -> Rules:
    """Read robots.txt; what cannot be read in it says nothing."""
    text = body.decode("utf-8-sig", "ignore")
    return Rules(address, text, Protego.parse(text), until)


def _forbids(line: str, path: str) -> bool:
    name, _, form = line.partition(":")
    if name.strip().lower() != "disallow" or not form.strip():
        return False
    first, *parts = form.strip().removesuffix("$").split("*")
    at = len(first) if path.startswith(first) else -1
    for part in parts:
        found = path.find(part, at) if at >= 0 else -1
        at = found + len(part) if found >= 0 else -1
    return at >= 0


class ObeyRobots:
    """The downloader middleware. Requests carry their outlet and their slot in `meta`."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._rules: dict[str, Rules] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ObeyRobots:
        """Make the middleware."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Let an allowed request through, paced; raise Forbidden or Unknown otherwise."""
        outlet: Outlet = request.meta["outlet"]
        if request.meta.get(_ITSELF):
            self._pace(request, outlet.pace)
            return
        rules = await self._of(request)
        if text := rules.refusal(request.url):
            raise Forbidden(text)
        self._pace(request, max(outlet.pace, rules.delay()))

    def _pace(self, request: Request, delay: float) -> None:
        delay = max(delay, LEAST_DELAY)
        slot, downloader = request.meta["download_slot"], self._crawler.engine.downloader
        downloader.per_slot_settings[slot] = {"concurrency": 1, "delay": delay, "jitter": 0}
        if slot in downloader.slots:
            downloader.slots[slot].delay = delay

    async def _of(self, request: Request) -> Rules:
        address = urljoin(request.url, "/robots.txt")
        now = self._now()
        async with self._locks[address]:
            kept = self._rules.get(address)
            if kept is None or kept.until <= now:
                kept = self._rules[address] = await self._read(address, request, now)
        return kept

    async def _read(self, address: str, asking: Request, now: datetime) -> Rules:
        outlet: Outlet = asking.meta["outlet"]
        response = await self._get(address, asking)
        for _ in range(HOPS):
            if response.status not in REDIRECTS:
                break
            target = urljoin(response.url, (response.headers.get("Location") or b"").decode("latin-1"))
            if refuse_address(outlet, target):
                raise Unknown(f"{address} -> {target}")
            response = await self._get(target, asking)
        if response.status >= 500 or response.status == 429:
            raise Unknown(f"{address}: HTTP {response.status}")
        body = response.body if 200 <= response.status < 300 else b""
        return read_rules(address, body, now + KEPT)

    async def _get(self, address: str, asking: Request) -> Response:
        meta: dict[str, Any] = {"download_slot": host(address), "outlet": asking.meta["outlet"], _ITSELF: True}
        meta["download_timeout"] = asking.meta["download_timeout"]
        agent = self._crawler.settings["USER_AGENT"]
        request = Request(address, headers={"User-Agent": agent}, callback=NO_CALLBACK, meta=meta)
        return await self._crawler.engine.download_async(request)

    def _now(self) -> datetime:
        now: datetime = self._crawler.spider.clock.now()  # type: ignore[union-attr]
        return now
