"""What the engines do by their own clients, beside what our ports do with the same records on the same servers.

Kafka          KafkaProducer, KafkaConsumer: the same settings, nothing waited for between records
Elasticsearch  streaming_bulk, parallel_bulk on the same documents
PostgreSQL     one row a transaction through psycopg; ours: ledger.append, stories.assign, the latter also over many
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import psycopg
from elasticsearch.helpers import parallel_bulk, streaming_bulk

from huiying.backends import sql
from huiying.backends.log_kafka import KafkaConsumer, KafkaLog, KafkaProducer
from huiying.backends.log_kafka_settings import OVERHEAD, KafkaSettings
from huiying.core.codec import decode
from huiying.core.model import Draft, Found, Role, Topic
from huiying.core.states import Candidate
from pipeline.steps import ready, tools_for
from tests.bench.index import helpers, one_run, ours
from tests.bench.stand import Stand
from tests.bench.steps import Records
from tests.flow.office import RunningOffice
from tests.pipeline.desk import read_through

POSTS = 600
ROWS = 500
PRINTS = 60  # of a post, as the saved pages have them


def report(on: Stand, records: Records, stored: int) -> float:
    """Print rates and ratios; return the seconds of a story's transaction while `stored` fingerprints are held."""
    print("\nengines, by their own clients and by our ports")
    with on.office(4) as office:
        given = list(records(office.runtime.machine.desk, range(POSTS)))
        kafka(office, given)
        elastic(on, office, given)
        return postgresql(on, office, stored)


def timed(count: int, act: Callable[[], object]) -> float:
    """Return how many a second `act` does, which does `count`."""
    began = time.perf_counter()
    act()
    return count / (time.perf_counter() - began)


def line(name: str, rate: float, limit: float | None = None) -> None:
    """Print one rate, and in proportion to the engine's own."""
    ratio = f"  of the client's own {rate / limit:.2f}" if limit else ""
    print(f"  {name:52} {rate:9.0f}/s{ratio}", flush=True)


def kafka(office: RunningOffice, given: Sequence[tuple[str, bytes]]) -> None:
    """Write and read `given` by the client and by the log; each reads what it wrote."""
    settings = KafkaSettings.of(office.runtime.machine, office.runtime.secrets)
    log = KafkaLog(settings)
    log.append(Topic.POSTS_READY, given[:1])
    log.append(Topic.DEAD, [])
    name = settings.name(Topic.POSTS_READY)
    own = timed(len(given), lambda: produce(settings, name, given))
    line("KafkaProducer, flushed once", own)
    for size in (500, 64):
        rate = timed(len(given), partial(write, log, given, size))
        line(f"log.append, {size} records each", rate, own)
    own = consume(settings, name, 2 * len(given))
    line("KafkaConsumer, offsets committed every 500", own)
    for size in (512, 64):
        line(f"log.poll and log.commit, {size} records each", read(log, f"bench-{size}", 2 * len(given), size), own)
    log.close()


def write(log: KafkaLog, given: Sequence[tuple[str, bytes]], size: int) -> None:
    """Append `given`, `size` records a call."""
    for first in range(0, len(given), size):
        log.append(Topic.POSTS_READY, given[first : first + size])


def produce(settings: KafkaSettings, name: str, given: Sequence[tuple[str, bytes]]) -> None:
    """Write `given` with the settings that the log gives its producer."""
    producer = KafkaProducer(
        bootstrap_servers=list(settings.bootstrap),
        enable_idempotence=True,
        acks="all",
        compression_type=settings.compression,
        linger_ms=5,
        batch_size=1024 * 1024,
        max_request_size=settings.largest + OVERHEAD,
    )
    sent = [producer.send(name, value, key.encode()) for key, value in given]
    producer.flush()
    for one in sent:
        one.get(timeout=0)
    producer.close()


def consume(settings: KafkaSettings, name: str, count: int) -> float:
    """Return records/s of the client alone, from its first record on."""
    consumer = KafkaConsumer(
        name,
        bootstrap_servers=list(settings.bootstrap),
        group_id=f"{name}.own",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=25,
        max_partition_fetch_bytes=settings.largest,
    )
    got, began, first = 0, 0.0, 0
    while got < count:
        batch = consumer.poll(timeout_ms=1000, max_records=500)
        got += sum(map(len, batch.values()))
        if batch:
            consumer.commit()
        if batch and not first:
            began, first = time.perf_counter(), got
    rate = (got - first) / (time.perf_counter() - began)
    consumer.close()
    return rate


def read(log: KafkaLog, group: str, count: int, size: int) -> float:
    """Return records/s of our log, from its first batch on."""
    got, began, first = 0, 0.0, 0
    while got < count:
        batch = log.poll(Topic.POSTS_READY, group, size)
        log.commit(group, batch)
        got += len(batch)
        if batch and not first:
            began, first = time.perf_counter(), got
    return (got - first) / (time.perf_counter() - began)


def elastic(on: Stand, office: RunningOffice, given: Sequence[tuple[str, bytes]]) -> None:
    """Put the posts of `given` by our indexer and by the client's helpers, the median of three interleaved rounds."""
    configured = office.runtime.view().desk()
    assert configured is not None
    tools, outlet = tools_for(configured[1]), configured[1].outlets[0]
    found = [decode(Found, record) for _, record in given]
    posts = [ready(read_through(one, outlet, tools), one.post) for one in found]
    contenders: dict[str, Callable[[Any], float]] = {
        "parallel_bulk, 2 threads": lambda at: helpers(at, posts, lambda c, a: parallel_bulk(c, a, thread_count=2)),
        "streaming_bulk": lambda at: helpers(at, posts, streaming_bulk),
        "index.put, all at once": lambda at: ours(at, posts, len(posts)),
        "index.put, 512 posts each": lambda at: ours(at, posts, 512),
    }
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(3):
        for name, run in contenders.items():
            rates[name].append(len(posts) / one_run(on.elastic, run, len(posts)))
    own = max(sorted(rates[name])[1] for name in ("parallel_bulk, 2 threads", "streaming_bulk"))
    for name, seen in rates.items():
        line(name, sorted(seen)[1], own if name.startswith("index") else None)


def postgresql(on: Stand, office: RunningOffice, stored: int) -> float:
    """Commit single rows, events and stories; return the seconds of a story's transaction over `stored` prints."""
    desk = office.runtime.machine.desk
    engine = sql.engine(on.postgresql, desk)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE own (number bigint PRIMARY KEY, said text)")
    own = timed(ROWS, lambda: rows(on, desk, 0, ROWS))
    line("psycopg, one row a commit", own)
    line("psycopg, the same in 4 connections", timed(4 * ROWS, lambda: beside(4, lambda n: rows(on, desk, n, ROWS))))
    ledger = office.runtime.ledger
    draft = Draft("reported", None, "bench", Role.SYSTEM, payload={"text": "水" * 200})
    line("ledger.append, one event a call", timed(ROWS, lambda: [ledger.append([draft]) for _ in range(ROWS)]), own)
    line("stories.assign", timed(ROWS, lambda: assign(office, 0)), own)
    line("stories.assign, 4 threads", timed(4 * ROWS, lambda: beside(4, lambda n: assign(office, n))), own)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO fingerprints (fingerprint, post, day) SELECT (random() * 9e18)::bigint, "
            f"md5((n / {PRINTS})::text), '{datetime.now(UTC).date()}' FROM generate_series(1, {stored}) n"
        )
        connection.exec_driver_sql("ANALYZE fingerprints")
    rate = timed(ROWS, lambda: assign(office, 9))
    line(f"stories.assign over {stored} fingerprints", rate, own)
    engine.dispose()
    return 1 / rate


def rows(on: Stand, desk: str, begin: int, count: int) -> None:
    """Commit `count` single rows."""
    with psycopg.connect(on.postgresql, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = on")
        for number in range(count):
            place = (begin + 1) * 1_000_000 + number
            connection.execute(f'INSERT INTO "{desk}".own VALUES (%s, %s)', (place, "水" * 200))


def assign(office: RunningOffice, begin: int) -> None:
    """Give a story to posts that share nothing."""
    chance = Random(begin)
    today = datetime.now(UTC).date()
    none: Callable[[Sequence[Candidate]], str | None] = lambda found: None  # noqa: E731
    for number in range(ROWS):
        prints = [chance.getrandbits(63) for _ in range(PRINTS)]
        office.runtime.store.stories.assign(f"{begin}-{number}", prints, today, since(today), none)


def since(day: date) -> date:
    """Return where the window of stories that ends on `day` begins."""
    return day - timedelta(days=14)


def beside(threads: int, act: Callable[[int], None]) -> None:
    """Do `act` with the numbers from 1 on, each in a thread of its own."""
    running = [threading.Thread(target=act, args=(number,)) for number in range(1, threads + 1)]
    for one in running:
        one.start()
    for one in running:
        one.join()
