"""The index's speed: ours into Elasticsearch against the client's own bulk helpers, and tantivy against Elasticsearch.

    python -m tests.bench.index [--posts 20000] [--rounds 5] [--only bulk|engines]

bulk     the same documents, byte for byte, under the same template: our `put` begins with posts and encodes them, the
         client's helpers begin with documents that are made already; rounds are interleaved, the median counts
engines  the same posts into the folder and into Elasticsearch: posts/s, size on disk, latency of a set of searches

The server is that of ELASTICSEARCH_URL, else a throw-away one on loopback. The texts lie in ../shared/data/text.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch
from elasticsearch.helpers import parallel_bulk, streaming_bulk

from deploy.servers.elasticsearch import Server
from huiying.backends.index_elastic import ElasticIndex, ElasticSettings
from huiying.backends.index_elastic.connection import connect
from huiying.backends.index_elastic.documents import document
from huiying.backends.index_tantivy import TantivyIndex
from huiying.core.model import Found, Post
from huiying.core.ports import Index, Query
from pipeline.steps import ready, tools_for
from tests.elastic_server import drop
from tests.pipeline.desk import SHARED, desk, read_through

TEXTS = SHARED / "data" / "text" / "cctv.jsonl"
SEEN = datetime(2026, 1, 1, tzinfo=UTC)
STORIES = 1500
AT_ONCE = 4000  # posts of one put
BATCH = 64  # posts of one put of `process`
SEARCHES = (
    Query(),
    Query(words=("停水",)),
    Query(words=("新闻", "联播")),
    Query(words=("经济", "发展"), limit=100),
    Query(topics=("water",)),
    Query(outlets=("nation",), words=("台风",)),
    Query(since=SEEN + timedelta(days=10), until=SEEN + timedelta(days=20)),
    Query(words=("科学",), since=SEEN + timedelta(days=3)),
)


def stories() -> list[Post]:
    """Return real texts as the pipeline makes them ready."""
    tools, outlet = tools_for(desk()), desk().outlets[0]
    made = []
    with TEXTS.open(encoding="utf-8") as lines:
        for line in islice(lines, STORIES):
            story = json.loads(line)
            found = Found(
                *("bench", story["id"], 1, "paper", "paper/1", f"http://paper.test/{story['id']}", story["title"]),
                *(story["body"], None, None, None, None, b"", SEEN, SEEN, False),
            )
            made.append(ready(read_through(found, outlet, tools), story["id"]))
    return made


def posts(texts: list[Post], count: int) -> Iterator[Post]:
    """Yield `count` posts with ids and instants of their own, 90 s apart."""
    for number in range(count):
        seen = SEEN + timedelta(seconds=90 * number % (86_400 * 360))
        text = texts[number % len(texts)]
        id = f"{number * 0x9E3779B97F4A7C15 % 2**128:032x}"
        yield replace(text, id=id, story=id, first_seen=seen, fetched=seen, month=f"{seen:%Y-%m}")


def slices(items: Iterator[Post], size: int) -> Iterator[list[Post]]:
    """Cut `items` into lists of `size`."""
    while part := list(islice(items, size)):
        yield part


def put_by(index: Index, items: Iterator[Post], size: int) -> float:
    """Put `items`, `size` at once; return the seconds that the puts took."""
    took = 0.0
    for part in slices(items, size):
        began = time.perf_counter()
        index.put(part)
        took += time.perf_counter() - began
    return took


# --- against the client's own helpers


def ours(settings: ElasticSettings, given: list[Post], size: int) -> float:
    """Put `given` through our indexer; return the seconds."""
    index = ElasticIndex(settings, writer=True)
    try:
        return put_by(index, iter(given), size)
    finally:
        index.close()


def helpers(settings: ElasticSettings, given: list[Post], send: Callable[..., Any]) -> float:
    """Put the documents of `given` through `send`, a helper of the client; return the seconds."""
    with connect(settings) as client:
        alias = f"huiying.{settings.desk}.posts"
        index = ElasticIndex(settings, writer=True)
        index.put([])
        index.close()
        for month in sorted({post.month for post in given}):
            client.indices.create(index=f"{alias}.1.{month}", aliases={alias: {}})
        actions = [_action(alias, post) for post in given]
        for action, post in zip(actions[:50], given, strict=False):
            written = client.transport.serializers.dumps(action["_source"], "application/json")
            assert written == document(post), "the documents differ"
        began = time.perf_counter()
        deque(send(client, iter(actions)), maxlen=0)
        return time.perf_counter() - began


def _action(alias: str, post: Post) -> dict[str, Any]:
    source = json.loads(document(post))
    version = {"_version": post.version, "_version_type": "external_gte"}
    return {"_op_type": "index", "_index": f"{alias}.1.{post.month}", "_id": post.id, **version, "_source": source}


def against_helpers(url: str, given: list[Post], rounds: int) -> None:
    """Print medians of all contenders over interleaved rounds, and ours in proportion to theirs."""
    contenders: dict[str, Callable[[ElasticSettings], float]] = {
        f"ours, {AT_ONCE} posts a put": lambda at: ours(at, given, AT_ONCE),
        f"ours, {BATCH} posts a put": lambda at: ours(at, given, BATCH),
        "parallel_bulk, defaults (4 threads)": lambda at: helpers(at, given, parallel_bulk),
        "parallel_bulk, 2 threads": lambda at: helpers(at, given, lambda c, a: parallel_bulk(c, a, thread_count=2)),
        "parallel_bulk, 1 thread": lambda at: helpers(at, given, lambda c, a: parallel_bulk(c, a, thread_count=1)),
        "streaming_bulk": lambda at: helpers(at, given, streaming_bulk),
    }
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(-1, rounds):  # the first round warms the server up and does not count
        for name, run in contenders.items():
            rate = len(given) / one_run(url, run, len(given))
            if number >= 0:
                rates[name].append(rate)
    best = statistics.median(next(iter(rates.values())))
    print(f"\nbulk: {len(given)} posts, {rounds} rounds; ours/theirs compares puts of {AT_ONCE} posts")
    for name, found in rates.items():
        middle = statistics.median(found)
        print(f"  {name:38} {middle:8.0f} posts/s ({min(found):.0f}-{max(found):.0f})  ours/theirs {best / middle:.2f}")


def one_run(url: str, run: Callable[[ElasticSettings], float], count: int) -> float:
    """Do `run` on a desk of its own; return its seconds. What is not all held is an error."""
    settings = ElasticSettings((url,), f"bench-{time.monotonic_ns()}", timeout=60.0, replicas=0)
    try:
        seconds = run(settings)
        with connect(settings) as client:
            client.indices.refresh(index=f"huiying.{settings.desk}.posts")
            assert client.count(index=f"huiying.{settings.desk}.posts")["count"] == count
        return seconds
    finally:
        drop(settings)
        time.sleep(0.5)


# --- engine against engine


def latencies(index: Index) -> list[float]:
    """Return the milliseconds of each search, repeated, after a first round that warms up."""
    found = []
    for number in range(21):
        for query in SEARCHES:
            began = time.perf_counter()
            index.search(query)
            if number:
                found.append((time.perf_counter() - began) * 1000)
    return sorted(found)


def measured(index: Index, texts: list[Post], count: int, size_of: Callable[[], int]) -> tuple[float, ...]:
    """Return posts/s, bytes on disk a post, and median and p95 of a search in ms."""
    rate = count / put_by(index, posts(texts, count), AT_ONCE)
    assert index.search(Query(limit=1)).total == count
    times = latencies(index)
    return rate, size_of() / count, statistics.median(times), times[int(len(times) * 0.95)]


def on_disk(folder: Path) -> int:
    """Return the bytes of all files in `folder`."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def held(client: Elasticsearch, settings: ElasticSettings) -> int:
    """Return the bytes of the desk's indices."""
    names = f"huiying.{settings.desk}.posts"
    client.indices.flush(index=names)
    return int(client.indices.stats(index=names, metric="store")["_all"]["total"]["store"]["size_in_bytes"])


def engines(url: str, texts: list[Post], count: int) -> None:
    """Print what the same posts cost in each engine."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        tantivy = TantivyIndex(path, writer=True)
        embedded = measured(tantivy, texts, count, lambda: on_disk(path))
        tantivy.close()
    settings = ElasticSettings((url,), f"bench-{time.monotonic_ns()}", timeout=60.0, replicas=0)
    elastic = ElasticIndex(settings, writer=True)
    try:
        with connect(settings) as client:
            server = measured(elastic, texts, count, lambda: held(client, settings))
    finally:
        elastic.close()
        drop(settings)
    print(f"\nengines: {count} posts, {len(SEARCHES)} searches 20 times, {AT_ONCE} posts a put")
    for name, one, other in zip(
        ("posts/s", "bytes on disk a post", "search, median ms", "search, p95 ms"), embedded, server, strict=True
    ):
        print(
            f"  {name:22} tantivy {one:10.2f}   Elasticsearch {other:10.2f}   tantivy/Elasticsearch {one / other:.2f}"
        )


def main() -> None:
    """Read the arguments and run what they ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("bulk", "engines"))
    given = parser.parse_args()
    if not TEXTS.exists():
        sys.exit(f"the texts are not at {TEXTS}")
    texts = stories()
    with ExitStack() as opened:
        url = os.environ.get("ELASTICSEARCH_URL")
        if url is None:
            folder = opened.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            server = Server(Path(folder))
            url = server.start()
            opened.callback(server.stop)
        if given.only != "engines":
            against_helpers(url, list(posts(texts, min(given.posts, 20_000))), given.rounds)
        if given.only != "bulk":
            engines(url, texts, given.posts)


if __name__ == "__main__":
    main()
