"""Posts a second through the whole step list and into the index: `python -m tests.bench.pipeline [--record]`.

feed posts (title, summary) │ saved pages ─► POSTS_FOUND ─ process ─► POSTS_READY ─ index ─► searchable

One core: posts a second of this process's CPU time, both loops of the process role on the embedded backends. Two cores:
the step list in two processes at once, posts a second of wall time. trafilatura and jieba get the same pages and texts
in the same run, in an environment that is thrown away.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from huiying.backends.clock_system import SystemClock
from huiying.backends.index_tantivy import TantivyIndex
from huiying.backends.log_sqlite import SqliteLog
from huiying.backends.store_sql import SqlStore
from huiying.core import codec
from huiying.core.model import Found, Topic
from huiying.core.ports import Query
from pipeline.indexing import Indexing
from pipeline.run import _BATCH, Process
from pipeline.steps import FURTHER, OPENING, Reading, run_further, run_opening, tools_for
from tests.bench.index import TEXTS
from tests.bench.record import record
from tests.pipeline.desk import SHARED, desk, read_through

PAGES = SHARED / "data" / "pages"
PEERS = ("trafilatura==2.1.0", "lxml_html_clean", "jieba==0.42.1")
SEEN = datetime(2026, 9, 1, tzinfo=UTC)
_SUMMARY = 150  # characters of a feed's summary
_LARGE = 150_000  # bytes of a page, filled up as real ones are: with scripts
_PEER = """
import json, sys, time, logging
import jieba, trafilatura
jieba.setLogLevel(logging.ERROR)
jieba.initialize()
given = json.load(open(sys.argv[1], encoding="utf-8"))
began = time.process_time()
for page in given["pages"]:
    trafilatura.extract(page, with_metadata=True, output_format="json")
pages = time.process_time() - began
began = time.process_time()
for text in given["texts"]:
    list(jieba.cut_for_search(text))
texts = time.process_time() - began
print(json.dumps({"pages": len(given["pages"]) / pages, "texts": len(given["texts"]) / texts}))
"""


def found(number: int, title: str, summary: str, body: bytes = b"") -> Found:
    """Return a found post."""
    address = f"http://paper.test/{number}"
    made = ("bench", sha256(address.encode()).hexdigest()[:32], 1, "paper", "paper/1", address, title, summary)
    seen = SEEN + timedelta(seconds=number)
    return Found(*made, "2026-09-01 08:00", "updated", 200, "text/html", body, seen, seen, False)


def feed_posts(count: int) -> list[Found]:
    """Return items of feeds: a headline and the text's beginning, another part of it each time round."""
    read = [json.loads(line) for line in TEXTS.read_text(encoding="utf-8").splitlines()]
    made = []
    for number in range(count):
        one, part = read[number % len(read)], number // len(read)
        made.append(found(number, one["title"], one["body"][part * _SUMMARY : (part + 1) * _SUMMARY] or one["body"]))
    return made


def pages(count: int) -> list[Found]:
    """Return saved article pages of real sites; the smaller are filled up to 150 kB with a script."""
    bodies = [file.read_bytes() for file in sorted(PAGES.glob("*.html"))]
    made = []
    for number in range(count):
        body = bodies[number % len(bodies)]
        missing = _LARGE - len(body)
        if missing > 0:
            script = b"<script>" + b"var track = {page: 1, user: 0};\n" * (missing // 32) + b"</script>"
            body = body.replace(b"</body>", script + b"</body>") if b"</body>" in body else body + script
        made.append(found(number, "", "", body))
    return made


def shares(given: Sequence[Found]) -> dict[str, float]:
    """Return the CPU milliseconds a post of each step."""
    tools, outlet = tools_for(desk()), desk().outlets[0]
    read_through(given[0], outlet, tools)
    readings = [Reading(one, outlet) for one in given]
    spent = {}
    for step in (*OPENING, *FURTHER):
        began = time.process_time()
        readings = [step(reading, tools) for reading in readings]
        spent[step.__name__] = 1000 * (time.process_time() - began) / len(given)
    return spent


def end_to_end(folder: Path, given: Sequence[Found]) -> tuple[dict[str, float], float]:
    """Return the CPU milliseconds a post of each part of the way, and posts a second of CPU time from end to end."""
    clock, configured = SystemClock(), desk()
    log, other = SqliteLog(folder / "log", clock), SqliteLog(folder / "log", clock)
    store, index = SqlStore(f"sqlite:///{folder / 'store.sqlite'}"), TantivyIndex(folder / "index", writer=True)
    process = Process(lambda: (1, configured), "bench", log, store, clock)
    indexing = Indexing(other, index, clock)
    process.tick()  # makes the tools, once a configuration
    log.append(Topic.POSTS_FOUND, [(one.post, codec.encode(one)) for one in given])
    spent = {
        "process loop": drained(process.tick),
        "index loop": drained(indexing.tick),
    }
    assert index.search(Query(limit=1)).total == process.counters.done
    assert process.counters.done + process.counters.dead == len(given)
    for port in (log, other, store, index):
        port.close()
    return {name: 1000 * each / len(given) for name, each in spent.items()}, len(given) / sum(spent.values())


def drained(tick: Callable[[], int]) -> float:
    """Return the CPU seconds until `tick` has nothing left."""
    began = time.process_time()
    while tick():
        pass
    return time.process_time() - began


def _run(given: Sequence[Found]) -> tuple[float, float]:
    tools, outlet = tools_for(desk()), desk().outlets[0]
    began = time.time()
    for first in range(0, len(given), _BATCH):
        run_further([run_opening(one, outlet, tools) for one in given[first : first + _BATCH]], tools)
    return began, time.time()


def two_cores(given: Sequence[Found]) -> float:
    """Return posts a second of wall time through the step list in two processes."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        spans = pool.map(_run, [given[::2], given[1::2]])
    return len(given) / (max(end for _, end in spans) - min(begin for begin, _ in spans))


def peers(folder: Path, feed: Sequence[Found], saved: Sequence[Found]) -> dict[str, float]:
    """Return pages a second of trafilatura and texts a second of jieba, of CPU time."""
    given = {
        "pages": [one.body.decode("utf-8", "replace") for one in saved],
        "texts": [one.title + one.summary for one in feed],
    }
    (folder / "given.json").write_text(json.dumps(given), encoding="utf-8")
    (folder / "peer.py").write_text(_PEER, encoding="utf-8")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS], check=True)
    told: dict[str, float] = json.loads(
        subprocess.check_output([python, folder / "peer.py", folder / "given.json"], text=True)
    )
    return told


def main() -> None:
    """Read the arguments, measure, print and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feed", type=int, default=6000)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--record", action="store_true")
    asked = parser.parse_args()
    if not (TEXTS.exists() and PAGES.exists()):
        sys.exit(f"the texts and pages are not in {SHARED}")
    feed, saved = feed_posts(asked.feed), pages(asked.pages)
    rows: list[tuple[str, str, str]] = []

    def tell(what: str, of_feed: str, of_pages: str) -> None:
        rows.append((what, of_feed, of_pages))
        print(*rows[-1], sep=" | ", flush=True)

    parts = [shares(feed), shares(saved)]
    totals = [sum(part.values()) for part in parts]
    for name in parts[0]:
        tell(
            f"step {name}, ms a post",
            *(
                f"{part[name]:.3f} ({100 * part[name] / total:.0f} %)"
                for part, total in zip(parts, totals, strict=True)
            ),
        )
    tell("step list, posts/s a core", *(f"{1000 / total:,.0f}" for total in totals))
    ways = []
    for given in (feed, saved):
        with tempfile.TemporaryDirectory() as folder:
            ways.append(end_to_end(Path(folder), given))
    for name in ways[0][0]:
        tell(f"{name}, ms a post", *(f"{way[0][name]:.3f}" for way in ways))
    tell("end to end into the index, posts/s a core", *(f"{way[1]:,.0f}" for way in ways))
    tell("step list in two processes, posts/s of wall time", *(f"{two_cores(given):,.0f}" for given in (feed, saved)))
    with tempfile.TemporaryDirectory() as folder:
        told = peers(Path(folder), feed, saved)
    tell(
        "peers: jieba, cut_for_search alone; trafilatura, extraction alone",
        f"{told['texts']:,.0f}",
        f"{told['pages']:,.0f}",
    )
    if asked.record:
        size = sum(len(one.body) for one in saved) / len(saved) / 1000
        about = (
            f"`python -m tests.bench.pipeline --feed {len(feed)} --pages {len(saved)} --record`:"
            f" pages of {size:.0f} kB;"
            f" CPU time where it does not say wall time; load {os.getloadavg()[0]:.1f} on the machine;"
            f" {', '.join(PEERS)}."
        )
        record("流程 Pipeline", about, ("what", "feed posts", "pages"), rows, ("tantivy", "lxml", "jieba"))


if __name__ == "__main__":
    main()
