"""Some addresses fetched once, without a desk: for whoever sets up an outlet. As polite as the role, by the same means.

address ─ boundary ─► robots.txt, pace, guarded names ─► Response, or Missed with the sentence that says why
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import urlsplit

from crawlers.boundary import refuse_address
from crawlers.engine import Engine, on_reactor
from crawlers.fetch import Fetcher, Missed
from huiying.core.addresses import host
from huiying.core.config import Outlet
from huiying.core.model import Response, Tier
from huiying.core.ports import Clock

_PACE = 5.0  # seconds between requests to one host; a longer Crawl-delay is kept


def fetch_once(
    addresses: Sequence[str], contact: str, clock: Clock, test_site: bool = False
) -> list[Response | Missed]:
    """Return for each address its answer, of whatever status but a redirect's, or why there is none; in order.

    `contact` is the mail address in the user agent. Once a process, because scrapy's reactor is. `test_site` allows
    addresses on loopback, and those alone.
    """
    answers: list[Response | Missed] = []

    async def run() -> None:
        engine = Engine(contact, clock)
        fetcher = Fetcher(engine, clock, engine.resolver.refused)
        engine.resolver.loopback = frozenset(map(host, addresses)) if test_site else frozenset()
        await engine.start()
        try:
            answers.extend(await asyncio.gather(*(_fetch(fetcher, address, test_site) for address in addresses)))
        finally:
            await engine.stop()

    on_reactor(run)
    return answers


async def _fetch(fetcher: Fetcher, address: str, test_site: bool) -> Response | Missed:
    """Fetch one address as of an outlet that has its host, with and without www, and no other."""
    name = host(address)
    bare = name.removeprefix("www.")
    port = urlsplit(address).netloc.rpartition(":")[2] if test_site else ""
    hosts = (f"{name}:{port}",) if test_site else (bare, f"www.{bare}")
    outlet = Outlet(
        id="once",
        name=name,
        tier=Tier.COUNTY,
        hosts=hosts if name else ("nowhere.invalid",),
        pace=0 if test_site else _PACE,
        test_site=test_site,
    )
    if (reason := refuse_address(outlet, address)) is not None:
        return Missed(f"refused.{reason}", address)
    return await fetcher.fetch(outlet, address)
