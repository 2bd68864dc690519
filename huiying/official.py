"""The office's own sites, tried as the crawl role would read them: what is wrong, and what to ask the webmaster.

official outlet ─ each source ─► robots, answer, items, times, hosts ─► its newest article ─► text, time ─► findings
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crawlers.boundary import refuse_address
from crawlers.items import Item
from crawlers.prospects import Looking, Unread
from huiying.core.config import Outlet, Source
from huiying.core.dates import read_date
from huiying.core.errors import Refused
from huiying.core.ports import Clock
from pipeline.reading import read_page

LEAST_TEXT = 50  # characters of an article; less is mostly a page that a script fills
_ASKS = {"robots": "robots", "forbidden": "forbidden", "tls": "tls", "elsewhere": "moved", "http": "error"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to ask for: `code` names a sentence under "official.", `address` is where it was found."""

    code: str
    address: str
    detail: str = ""


async def try_official(looking: Looking, clock: Clock, outlet: Outlet) -> list[Finding]:
    """Return what stands between this program and the outlet's own publications, nothing where all is well."""
    found: list[Finding] = []
    for source in outlet.sources:
        found += await _of_source(looking, clock, outlet, source)
    return found or ([] if outlet.sources else [Finding("no_source", outlet.hosts[0])])


async def _of_source(looking: Looking, clock: Clock, outlet: Outlet, source: Source) -> list[Finding]:
    try:
        answer = await looking.answer(outlet, source)
    except Unread as why:
        return [_unread(source.address, why)]
    except Refused as why:
        return [Finding("not_allowed", source.address, str(why))]
    items = await looking.items(outlet, source, answer)
    if not items:
        return [Finding("nothing_found", source.address)]
    found = list(_of_items(clock, outlet, source, items))
    own = next((item for item in items if not refuse_address(outlet, item.address)), None)
    return found + (await _of_article(looking, clock, outlet, own) if own else [])


def _of_items(clock: Clock, outlet: Outlet, source: Source, items: Sequence[Item]) -> Iterator[Finding]:
    if source.kind != "page" and not any(
        item.date and read_date(item.date, outlet.zone, clock.now()) for item in items
    ):
        yield Finding("no_times", source.address)
    away = [item.address for item in items if refuse_address(outlet, item.address)]
    if away:
        yield Finding("links_elsewhere", source.address, away[0])


async def _of_article(looking: Looking, clock: Clock, outlet: Outlet, item: Item) -> list[Finding]:
    try:
        answer = await looking.answer(outlet, Source(kind="page", address=item.address))
    except Unread as why:
        return [_unread(item.address, why)]
    page = read_page(answer.body, None, outlet.zone, clock.now())
    found = []
    if len(page.text) < LEAST_TEXT:
        found.append(Finding("no_text", item.address))
    if page.published is None:
        found.append(Finding("no_time", item.address))
    return found


def _unread(address: str, why: Unread) -> Finding:
    code, _, detail = why.failure.detail.partition(" ")
    return Finding(_ASKS.get(code, "unreachable"), address, detail)
