"""Our crawl role in the crawl bench: `python -m tests.bench.crawl_ours FOLDER PORT FEEDS PROCESSES PART`.

A line on standard input ─► every source of this part is read once ─► its CPU seconds and memory as a line of JSON
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import create_engine, insert

from crawlers import run
from crawlers.engine import on_reactor
from crawlers.items import Item
from huiying.backends.captures_folder import FolderCaptures
from huiying.backends.log_sqlite import SqliteLog
from huiying.backends.store_sql import SqlStore
from huiying.backends.store_sql.tables import POSTS
from huiying.core.codec import instant_text
from huiying.core.config import Desk, Outlet, Source
from huiying.core.model import Tier
from huiying.core.states import Reading, SourceState
from huiying.logs import log_to_stderr
from tests.bench import feeds_site
from tests.clock import SettableClock
from tests.crawlers.desk import MACHINE, desk

AT = datetime.fromtimestamp(feeds_site.BEGUN + 86_400, UTC)
EVERY = 600  # seconds


def configured(port: int, feeds: int, processes: int = 1, part: int = 0) -> Desk:
    """Return the desk of one part of the hosts: an outlet for each."""
    outlets = []
    for number in range(part, feeds_site.HOSTS, processes):
        sources = tuple(
            Source(kind="feed", address=feeds_site.address(feed, port), every=EVERY)
            for feed in range(number, feeds, feeds_site.HOSTS)
        )
        name = feeds_site.host(number)
        outlets.append(
            Outlet(id=f"o{number}", name=name, tier=Tier.CITY, hosts=(name,), sources=sources, pace=0, test_site=True)
        )
    return desk(*outlets)


def prepare(folder: Path, port: int, feeds: int) -> None:
    """Make a store as it is after every feed was read once."""
    folder.mkdir(parents=True)
    url = f"sqlite:///{folder / 'store.sqlite'}"
    store = SqlStore(url)
    rows = []
    for outlet in configured(port, feeds).outlets:
        for id, source in outlet.source_ids():
            feed = int(source.address.rpartition("/")[2].removesuffix(".xml"))
            state = SourceState(id, outlet.id, AT, Reading.NEW, first_read=AT, attempted=AT, succeeded=AT, newest=AT)
            store.crawl.save_source(state)
            rows += [_row(id, feed, number, port) for number in range(1, feeds_site.ITEMS + 1)]
    store.close()
    engine = create_engine(url)
    with engine.begin() as connection:
        for begin in range(0, len(rows), 5000):
            connection.execute(insert(POSTS), rows[begin : begin + 5000])
    engine.dispose()


def _row(source: str, feed: int, number: int, port: int) -> dict[str, object]:
    link, title, text = feeds_site.entry(feed, number, port)
    item = Item(link, title, text, None, None)
    at = instant_text(AT)
    values = {"source": source, "version": 1, "item_hash": item.hash(), "body_hash": "", "first_seen": at}
    return {"post": item.post(), **values, "fetched": at}


def spent() -> tuple[float, float]:
    """Return the CPU seconds so far and the largest memory in MB of this process and of the child that parses."""
    cpu, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for child in multiprocessing.active_children():
        of_child = Path(f"/proc/{child.pid}")
        fields = (of_child / "stat").read_text().rpartition(")")[2].split()
        cpu += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime and stime, proc(5)
        status = (of_child / "status").read_text()
        memory += int(status.partition("VmHWM:")[2].split()[0]) / 1024
    return cpu, memory


async def contend(folder: Path, port: int, feeds: int, processes: int, part: int) -> None:
    """Read everything once to learn validators and hashes, then once for each line of standard input."""
    clock = SettableClock(AT + timedelta(seconds=EVERY))
    known = configured(port, feeds, processes, part)
    log, store = SqliteLog(folder / "log", clock), SqlStore(f"sqlite:///{folder / 'store.sqlite'}")
    captures = FolderCaptures(folder / "captures")
    loop = asyncio.get_running_loop()
    async with run.opened(lambda: (1, known), MACHINE, log, store, captures, clock) as crawl:
        await crawl.settle()
        print("{}", flush=True)
        while await loop.run_in_executor(None, sys.stdin.readline):
            clock.forward(seconds=EVERY + 1)
            began, _ = spent()
            await crawl.settle()
            cpu, memory = spent()
            print(json.dumps({"cpu": cpu - began, "memory": memory}), flush=True)
    for port_ in (log, store, captures):
        port_.close()


if __name__ == "__main__":
    log_to_stderr()
    where, *numbers = sys.argv[1:]
    on_reactor(lambda: contend(Path(where), *map(int, numbers)))
