"""The embedded index at a million posts: `python -m tests.bench.search [--posts 1000000] [--record]`.

the same real texts under ids and instants of their own ─► put ─► searches for words, place, topic and date together

Each search is made of one post: two words of its title, its province, its topic, sixty days around it, so that there
always is something to find. SQLite's FTS5 gets the same posts, cut in advance too, and the same searches. Times of
searches are CPU time of this process, beside wall time; `--record` writes the table into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random

from huiying.backends.index_tantivy import TantivyIndex
from huiying.core.conditions import All, OneOf, Seen, Word
from huiying.core.model import Post
from huiying.core.places import ancestors
from huiying.core.ports import Order, Query
from tests.bench.index import AT_ONCE, TEXTS, on_disk, posts, slices, stories
from tests.bench.record import record

SEARCHES = 1000
TICK = 512  # posts of one put of the process role


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds: median and 99th percentile, of wall and of CPU time."""

    wall: tuple[float, float]
    cpu: tuple[float, float]

    def __str__(self) -> str:
        return f"{self.wall[0]:.2f} / {self.wall[1]:.1f} (CPU {self.cpu[0]:.2f} / {self.cpu[1]:.1f})"


def queries(texts: list[Post], count: int) -> list[Query]:
    """Return searches that each find a post: words, place, topic and date together."""
    chance = Random(1)
    fit = [post for post in texts if post.topics and post.places and len(post.title_words.split()) > 2]
    made = []
    for post in posts(chance.choices(fit, k=SEARCHES), count):
        if len(made) == SEARCHES:
            break
        words = chance.sample(sorted({word for word in post.title_words.split() if len(word) > 1}), 2)
        code = chance.choice(post.places).code
        parts = (
            *map(Word, words),
            OneOf("places", ((ancestors(code) or (code,))[0],)),
            OneOf("topics", (post.topics[0].topic,)),
        )
        made.append(Query(where=All(parts)))
    return made


def dated(wanted: list[Query], count: int, texts: list[Post]) -> list[Query]:
    """Return `wanted` within sixty days each, spread over the whole time."""
    instants = [post.first_seen for post in posts(texts, count)][:: max(1, count // len(wanted))]
    long = timedelta(days=30)
    return [
        replace(query, where=All((query.where, Seen(at - long, at + long))))
        for query, at in zip(wanted, instants, strict=False)
    ]


def times(act: Callable[[Query], object], wanted: list[Query]) -> Times:
    """Return how long `act` takes for each of `wanted`, after a round that warms up."""
    for query in wanted[: len(wanted) // 4]:
        act(query)
    wall, cpu = [], []
    for query in wanted:
        began, used = time.perf_counter(), time.process_time()
        act(query)
        wall.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - used) * 1000)
    at = int(len(wanted) * 0.99)
    return Times(
        (statistics.median(wall), sorted(wall)[at]),
        (statistics.median(cpu), sorted(cpu)[at]),
    )


def put(act: Callable[[list[Post]], object], items: Iterator[Post], size: int) -> tuple[float, float]:
    """Put `items`, `size` at once; return posts a second of wall and of this process's CPU time, the puts alone."""
    wall = cpu = 0.0
    count = 0
    for part in slices(items, size):
        began, used = time.perf_counter(), time.process_time()
        act(part)
        wall, cpu, count = wall + time.perf_counter() - began, cpu + time.process_time() - used, count + len(part)
    return count / wall, count / cpu


def visible(writer: TantivyIndex, folder: Path, one: Post) -> float:
    """Return the milliseconds from the beginning of a put until another reader finds the post, the worst of 20."""
    reader = TantivyIndex(folder, writer=False)
    worst = 0.0
    for number in range(20):
        post = replace(one, id=f"visible-{number}", story=f"visible-{number}")
        began = time.perf_counter()
        writer.put([post])
        while reader.get(post.id) is None:
            pass
        worst = max(worst, (time.perf_counter() - began) * 1000)
    return worst


class Fts5:
    """The peer: SQLite's full-text index over the same words, its filters in a table beside it."""

    def __init__(self, file: Path) -> None:
        self._base = sqlite3.connect(file)
        self._base.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
            "CREATE TABLE posts (number INTEGER PRIMARY KEY, id TEXT, seen INTEGER, place TEXT, topic TEXT, title TEXT)"
            ";"
            "CREATE VIRTUAL TABLE words USING fts5(title, text, content='');"
        )
        self._number = 0

    def put(self, given: list[Post]) -> None:
        """Add `given` in one transaction."""
        rows, words = [], []
        for post in given:
            self._number += 1
            place = post.primary_place or ""
            topic = post.topics[0].topic if post.topics else ""
            rows.append((self._number, post.id, int(post.first_seen.timestamp()), place[:2], topic, post.title))
            words.append((self._number, post.title_words, post.text_words))
        with self._base:
            self._base.executemany("INSERT INTO posts VALUES (?,?,?,?,?,?)", rows)
            self._base.executemany("INSERT INTO words (rowid, title, text) VALUES (?,?,?)", words)

    def search(self, query: Query) -> object:
        """Return the newest twenty and how many there are in all."""
        words, place, topic, seen = _parts(query)
        found = (
            "FROM words JOIN posts ON posts.number = words.rowid WHERE words MATCH ? AND place = ? AND topic = ?"
            " AND seen >= ? AND seen < ?"
        )
        given = (" ".join(f'"{word}"' for word in words), place, topic, *seen)
        total = self._base.execute(f"SELECT count(*) {found}", given).fetchone()
        return total, self._base.execute(
            f"SELECT id, posts.title {found} ORDER BY seen DESC LIMIT 20", given
        ).fetchall()


def _parts(query: Query) -> tuple[list[str], str, str, tuple[int, int]]:
    assert isinstance(query.where, All)
    inner, seen = query.where.parts
    assert isinstance(inner, All)
    assert isinstance(seen, Seen)
    assert seen.since is not None
    assert seen.until is not None
    words = [part.word for part in inner.parts if isinstance(part, Word)]
    place, topic = (part.values[0] for part in inner.parts if isinstance(part, OneOf))
    return words, place[:2], topic, (int(seen.since.timestamp()), int(seen.until.timestamp()))


def ours(folder: Path, texts: list[Post], count: int, wanted: list[Query]) -> Iterator[tuple[str, str]]:
    """Yield what tantivy behind our port does with `count` posts."""
    index = TantivyIndex(folder, writer=True)
    first = min(count // 10, 50_000)
    every = posts(texts, count)
    ticks = put(index.put, iter([next(every) for _ in range(first)]), TICK)
    bulk = put(index.put, every, AT_ONCE)
    assert index.search(Query(limit=1)).total == count
    best = [replace(query, order=Order.BEST) for query in wanted]
    yield f"put, {TICK} posts a commit: posts/s (of CPU)", f"{ticks[0]:,.0f} ({ticks[1]:,.0f})"
    yield f"put, {AT_ONCE:,} posts a commit: posts/s (of CPU)", f"{bulk[0]:,.0f} ({bulk[1]:,.0f})"
    yield "bytes on disk a post", f"{on_disk(folder) / count:,.0f}"
    yield "words + place + topic + date, newest 20: p50 / p99 ms", str(times(index.search, wanted))
    yield "the same, best 20", str(times(index.search, best))
    yield "the same, facets and histogram", str(times(index.counts, wanted))
    yield (
        "from the beginning of a put to a reader's finding it: worst of 20, ms",
        f"{visible(index, folder, texts[0]):.0f}",
    )
    index.close()


def peer(file: Path, texts: list[Post], count: int, wanted: list[Query]) -> Iterator[tuple[str, str]]:
    """Yield what FTS5 does with the same."""
    base = Fts5(file)
    rate = put(base.put, posts(texts, count), AT_ONCE)
    yield f"put, {AT_ONCE:,} posts a transaction: posts/s (of CPU)", f"{rate[0]:,.0f} ({rate[1]:,.0f})"
    yield "bytes on disk a post", f"{on_disk(file.parent) / count:,.0f}"
    yield "words + place + topic + date, newest 20: p50 / p99 ms", str(times(base.search, wanted))


def main() -> None:
    """Read the arguments, measure, print and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=1_000_000)
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    if not TEXTS.exists():
        sys.exit(f"the texts are not at {TEXTS}")
    texts = stories()
    wanted = dated(queries(texts, given.posts), given.posts, texts)
    told: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        for line in ours(Path(folder) / "index", texts, given.posts, wanted):
            told.append(("tantivy, our port", *line))
            print(*told[-1], sep=" | ", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for line in peer(Path(folder) / "fts5.sqlite", texts, given.posts, wanted):
            told.append(("SQLite FTS5", *line))
            print(*told[-1], sep=" | ", flush=True)
    if given.record:
        command = f"`python -m tests.bench.search --posts {given.posts} --record`"
        intro = f"{command}: {len(wanted):,} searches each, one process, load {os.getloadavg()[0]:.1f} on the machine."
        record("检索 Search", intro, ("engine", "what", "measured"), told, ("tantivy",))


if __name__ == "__main__":
    main()
