"""What each part of a post's way costs in one process, in milliseconds, and how many bytes a post leaves where.

Found ─ poll ─ decode ─ read, extract, … classify ─ story ─ encode ─ append ─ commit   then the index: decode ─ put
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial

from huiying.backends import sql
from huiying.backends.index_elastic import ElasticSettings
from huiying.backends.index_elastic.connection import connect
from huiying.backends.log_kafka import KafkaAdminClient
from huiying.backends.log_kafka_settings import KafkaSettings
from huiying.core import codec
from huiying.core.model import Found, Post, Topic
from pipeline.steps import FURTHER, OPENING, Reading, ready, tools_for
from pipeline.stories import WINDOW, choose
from tests.bench.index import held
from tests.bench.stand import Stand
from tests.flow.office import RunningOffice

Records = Callable[[str, Iterable[int]], Iterator[tuple[str, bytes]]]
POSTS = 320
BATCH, AT_ONCE = 64, 512  # as the two loops of the process role


class Timed:
    """Wall and CPU milliseconds a post by the name of the part."""

    def __init__(self, posts: int) -> None:
        self._posts = posts
        self.found: dict[str, tuple[float, float]] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Add what the `with` takes to `name`."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        before = self.found.get(name, (0.0, 0.0))
        spent = time.perf_counter() - wall, time.process_time() - cpu
        self.found[name] = tuple(old + 1000 * new / self._posts for old, new in zip(before, spent, strict=True))  # type: ignore[assignment]


def report(on: Stand, records: Records) -> float:
    """Print the cost of each part; return the seconds of a story's transaction."""
    with on.office(1) as office:
        timed = Timed(POSTS)
        office.runtime.log.append(Topic.POSTS_FOUND, list(records(office.runtime.machine.desk, range(POSTS))))
        posts = processed(office, timed)
        indexed(office, timed, posts)
    total = sum(wall for wall, _ in timed.found.values())
    print(f"\nsteps: {POSTS} posts in one process, ms a post")
    for name, (wall, cpu) in timed.found.items():
        print(f"  {name:14} {wall:7.3f} wall  {cpu:7.3f} CPU here  {100 * wall / total:5.1f} %")
    print(f"  {'together':14} {total:7.3f} wall", flush=True)
    return timed.found["story"][0] / 1000


def processed(office: RunningOffice, timed: Timed) -> list[Post]:
    """Do what the first loop does, batch by batch; return the posts."""
    log, store = office.runtime.log, office.runtime.store
    configured = office.runtime.view().desk()
    assert configured is not None
    tools, desk = tools_for(configured[1]), configured[1]
    made: list[Post] = []
    log.poll(Topic.POSTS_FOUND, "bench", 1)
    while len(made) < POSTS:
        with timed("poll"):
            batch = log.poll(Topic.POSTS_FOUND, "bench", BATCH)
        with timed("decode"):
            values = [codec.decode(Found, record.value) for record in batch]
        readings = [Reading(value, desk.outlets[0]) for value in values]
        for step in (*OPENING, *FURTHER):
            with timed(step.__name__):
                readings = [step(reading, tools) for reading in readings]
        posts = []
        with timed("story"):
            for one in readings:
                day, prints = one.found.first_seen.date(), one.fingerprints
                picked = partial(choose, size=len(prints))
                posts.append(ready(one, store.stories.assign(one.found.post, prints, day, day - WINDOW, picked)))
        with timed("encode"):
            encoded = [(post.id, codec.encode(post)) for post in posts]
        with timed("append"):
            log.append(Topic.POSTS_READY, encoded)
        with timed("commit"):
            log.commit("bench", batch)
        made += posts
    return made


def indexed(office: RunningOffice, timed: Timed, posts: list[Post]) -> None:
    """Do what the second loop does."""
    index, log = office.runtime.index(writer=True), office.runtime.log
    index.put(posts[:1])
    log.poll(Topic.POSTS_READY, "bench-index", 1)
    left = len(posts)
    while left:
        with timed("index poll"):
            batch = log.poll(Topic.POSTS_READY, "bench-index", AT_ONCE)
        with timed("index decode"):
            read = [codec.decode(Post, record.value) for record in batch]
        with timed("index put"):
            index.put(read)
        with timed("index commit"):
            log.commit("bench-index", batch)
        left -= len(batch)


def sizes(on: Stand, office: RunningOffice, posts: int) -> dict[str, float]:
    """Return the bytes a post in each topic, in the index and in the database, one copy of each."""
    machine = office.runtime.machine
    kafka = KafkaSettings.of(machine, office.runtime.secrets)
    admin = KafkaAdminClient(bootstrap_servers=list(kafka.bootstrap))
    topics = [kafka.name(Topic.POSTS_FOUND), kafka.name(Topic.POSTS_READY)]
    found, ready = (_topic_bytes(admin, name) for name in topics)
    admin.close()
    settings = ElasticSettings((on.elastic,), machine.desk)
    with connect(settings) as client:
        index = held(client, settings)
    engine = sql.engine(on.postgresql, machine.desk)
    with engine.connect() as connection:
        asked = "SELECT pg_total_relation_size('{}')"
        prints, stories = (
            int(connection.exec_driver_sql(asked.format(table)).scalar_one()) for table in ("fingerprints", "stories")
        )
    engine.dispose()
    per_post = {"found": found, "ready": ready, "index": index, "prints": prints, "stories": stories}
    return {f"{name}_bytes": size / posts for name, size in per_post.items()}


def _topic_bytes(admin: KafkaAdminClient, name: str) -> int:
    answer = admin.describe_log_dirs([name])
    return sum(_partition_sizes(answer))


def _partition_sizes(answer: object) -> Iterator[int]:
    """Yield every "partition_size" of the answer, whatever it is wrapped in."""
    if isinstance(answer, dict):
        if "partition_size" in answer:
            yield int(answer["partition_size"])
        for inner in answer.values():
            yield from _partition_sizes(inner)
    elif isinstance(answer, list | tuple):
        for inner in answer:
            yield from _partition_sizes(inner)
