"""Throughput against the number of `process` workers, what a post costs and where, a worker killed, the model checked.

    python -m tests.bench.scale [--posts 3000] [--workers 1,2,4] [--partitions 4] [--rounds 2] [--kill] [--stored N]

warm up ─► workers stopped ─► POSTS_FOUND filled ─► workers go on ─► commits of "process" and "index" sampled
        ─► posts/s from the first commit to the last, CPU of each process ─► costs ─► prediction, capacity

Workers are stopped (SIGSTOP) while the topic is filled, so that none is still starting when the first one commits. The
pages are those of ../shared/data/pages, every clause made one of its own; where they are absent, short invented ones.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from huiying.backends.log_kafka import KafkaAdminClient, KafkaError
from huiying.backends.log_kafka_settings import KafkaSettings
from huiying.core import codec
from huiying.core.charset import decode
from huiying.core.model import Found, Post, Topic
from huiying.core.ports import Query
from tests.bench import capacity, engines, steps
from tests.bench.stand import Meter, Stand, memory, stand
from tests.flow import load
from tests.flow.office import RunningOffice, wait_for
from tests.pipeline.desk import SHARED

EVERY = 50
WARM = 200
SAMPLE = 0.25
PROCESS, INDEX = (Topic.POSTS_FOUND, "process"), (Topic.POSTS_READY, "index")


@cache
def pages() -> tuple[str, ...]:
    """Return the saved pages as text; none where they are absent."""
    return tuple(decode(file.read_bytes(), None)[0] for file in sorted((SHARED / "data" / "pages").glob("*.html")))


def found(desk: str, numbers: Iterable[int], real: bool) -> Iterator[tuple[str, bytes]]:
    """Yield (key, record) of POSTS_FOUND: invented pages, or real ones whose clauses no other post has."""
    for number, (key, record) in zip(numbers, load.found(desk, numbers, EVERY), strict=True):
        if not real:
            yield key, record
            continue
        page = pages()[number % len(pages())]
        for mark in "，。":
            page = page.replace(mark, f"{number}{mark}")
        yield key, codec.encode(replace(codec.decode(Found, record), body=page.encode()))


@dataclass(frozen=True)
class Sample:
    """Seconds, and by partition how many records both groups have committed since the start."""

    at: float
    process: dict[int, int]
    index: dict[int, int]


class Progress:
    """Reads what the groups of a desk have committed, without being a member."""

    def __init__(self, office: RunningOffice) -> None:
        settings = KafkaSettings.of(office.runtime.machine, office.runtime.secrets)
        self._admin = KafkaAdminClient(bootstrap_servers=list(settings.bootstrap))
        self._groups = [f"{settings.name(topic)}.{group}" for topic, group in (PROCESS, INDEX)]
        self._base = Sample(0, {}, {})

    def close(self) -> None:
        """Let go of the broker."""
        self._admin.close()

    def rebase(self) -> None:
        """Count from here."""
        self._base = self._read()

    def _read(self) -> Sample:
        at = time.monotonic()
        told = self._admin.list_group_offsets(dict.fromkeys(self._groups))
        one, other = ({part.partition: said.offset for part, said in told[name].items()} for name in self._groups)
        return Sample(at, one, other)

    def sample(self) -> Sample:
        """Return what was committed since `rebase`."""
        now = self._read()
        return Sample(now.at, _less(now.process, self._base.process), _less(now.index, self._base.index))

    def members(self) -> list[int]:
        """Return how many members each group has once it is settled, 0 before."""
        try:
            told = self._admin.describe_groups(self._groups)
        except KafkaError:  # a broker that has just begun has no coordinator yet
            return []
        return [len(one["members"]) if one["group_state"] == "Stable" else 0 for one in told.values()]


def _less(now: dict[int, int], before: dict[int, int]) -> dict[int, int]:
    return {part: offset - before.get(part, 0) for part, offset in now.items()}


def rate(samples: list[Sample], done: Callable[[Sample], dict[int, int]]) -> float:
    """Return posts/s from the first commit seen to the last."""
    sums = [(sample.at, sum(done(sample).values())) for sample in samples]
    began, first = next((at, count) for at, count in sums if count)
    ended = next(at for at, count in sums if count == sums[-1][1])
    return (sums[-1][1] - first) / (ended - began) if ended > began else float("nan")


@dataclass(frozen=True)
class Run:
    """One run: posts/s of both loops, CPU seconds a post by process, bytes a post by place, bytes of a worker."""

    process: float
    index: float
    cpu: dict[str, float]
    size: dict[str, float]
    memory: int


def begin(office: RunningOffice, progress: Progress, workers: int, real: bool) -> dict[str, int]:
    """Start `workers`, let them do a few posts, and stop them with SIGSTOP; return their pids."""
    office.runtime.log.append(Topic.POSTS_FOUND, list(found(office.runtime.machine.desk, range(WARM), real)))
    names = [f"process-{number}" for number in range(1, workers + 1)]
    for name in names:
        office.start(name)
    wait_for(lambda: progress.members() == [workers, workers], 120)
    wait_for(lambda: sum(progress.sample().index.values()) == WARM, 120)
    pids = {name: office._processes[name].pid for name in names}
    for pid in pids.values():
        os.kill(pid, signal.SIGSTOP)
    progress.rebase()
    return pids


def fill(office: RunningOffice, posts: int, real: bool) -> None:
    """Append `posts` records to POSTS_FOUND."""
    for first in range(WARM, WARM + posts, 500):
        numbers = range(first, min(first + 500, WARM + posts))
        office.runtime.log.append(Topic.POSTS_FOUND, list(found(office.runtime.machine.desk, numbers, real)))


def one_run(on: Stand, workers: int, partitions: int, posts: int, real: bool) -> Run:
    """Measure `posts` posts with `workers`."""
    with on.office(partitions) as office:
        progress = Progress(office)
        pids = begin(office, progress, workers, real)
        fill(office, posts, real)
        meter = Meter({**on.pids, **pids})
        for pid in pids.values():
            os.kill(pid, signal.SIGCONT)
        samples = [progress.sample()]
        while sum(samples[-1].index.values()) < posts:
            time.sleep(SAMPLE)
            office._complain()
            samples.append(progress.sample())
        used = meter.read()
        progress.close()
        cpu = {name: used[name] / posts for name in on.pids}
        cpu["workers"] = sum(used[name] for name in pids) / posts
        size = steps.sizes(on, office, posts + WARM)
        most = max(memory(pid) for pid in pids.values())
        return Run(rate(samples, lambda one: one.process), rate(samples, lambda one: one.index), cpu, size, most)


def measured(on: Stand, given: argparse.Namespace, real: bool) -> dict[int, Run]:
    """Print the throughput for each number of workers, medians over the rounds; return the median run of each."""
    runs: dict[int, list[Run]] = {workers: [] for workers in given.workers}
    for _ in range(given.rounds):
        for workers, done in runs.items():
            done.append(one_run(on, workers, given.partitions, given.posts, real))
    print(
        f"\nworkers: {given.posts} posts, {given.partitions} partitions, {given.rounds} rounds, {os.cpu_count()} cores"
    )
    middle = {workers: sorted(done, key=lambda run: run.process)[len(done) // 2] for workers, done in runs.items()}
    for workers, run in middle.items():
        rates = [one.process for one in runs[workers]]
        share = "  ".join(f"{name} {1000 * seconds:.2f}" for name, seconds in run.cpu.items())
        print(
            f"  {workers} workers  process {statistics.median(rates):6.1f} posts/s ({min(rates):.0f}-{max(rates):.0f}) "
            f" index {run.index:6.1f}  CPU ms a post: {share}",
            flush=True,
        )
    return middle


def killed(on: Stand, partitions: int, posts: int, real: bool, again: bool) -> None:
    """Kill one of two workers at half, and start it `again` or not; print how long its partitions stood still."""
    with on.office(partitions) as office:
        progress = Progress(office)
        pids = begin(office, progress, 2, real)
        fill(office, posts, real)
        for pid in pids.values():
            os.kill(pid, signal.SIGCONT)
        wait_for(lambda: sum(progress.sample().process.values()) >= posts / 2, 600)
        office.kill("process-2", again)
        first = progress.sample()
        moved: dict[int, float] = {}
        now = first
        while sum(now.process.values()) < posts:
            time.sleep(SAMPLE)
            now = progress.sample()
            for part, count in now.process.items():
                if count > first.process.get(part, 0):
                    moved.setdefault(part, now.at - first.at)
        wait_for(lambda: sum(progress.sample().index.values()) >= posts, 120)
        progress.close()
        count_all(office, posts + WARM)
        still = " ".join(f"{seconds:.1f}" for seconds in sorted(moved.values()))
        print(f"  killed{', started again' if again else ''}: partitions moved again after {still} s; ", end="")
        print(f"all done after {now.at - first.at:.1f} s", flush=True)


def count_all(office: RunningOffice, posts: int) -> None:
    """See that each post is ready by its id and in the index once; print how many were made ready twice."""
    ready = [codec.decode(Post, one.value).id for one in office.runtime.log.poll(Topic.POSTS_READY, "count", 10**6)]
    expected = {load.post_of(number) for number in range(posts)}
    assert set(ready) == expected, f"{len(expected - set(ready))} posts are lost"
    held = office.runtime.index(writer=False).search(Query(limit=1)).total
    assert held == posts, f"{held} posts in the index"
    assert office.runtime.log.size(Topic.DEAD, "count")[0] == 0
    print(f"  every one of {posts} posts is ready and in the index; {len(ready) - posts} were made ready twice")


def costs_of(run: Run, story: float) -> capacity.Costs:
    """Return what the run with one worker says a post costs; `story` is seconds of a story's transaction."""
    cpu = run.cpu
    return capacity.Costs(
        wall=1 / run.process,
        story=story,
        worker=cpu["workers"],
        broker=cpu.get("kafka", 0),
        elastic=cpu.get("elasticsearch", 0),
        database=cpu.get("postgresql", 0),
        memory=run.memory,
        **run.size,
    )


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=3000)
    parser.add_argument("--workers", type=lambda said: [int(one) for one in said.split(",")], default=[1, 2, 4])
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--stored", type=int, default=2_000_000, help="fingerprints held when stories are timed again")
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--short", action="store_true", help="invented pages of 2 kB, also where real ones are at hand")
    parser.add_argument("--skip", default="", help="any of steps, engines, workers")
    given = parser.parse_args()
    real = bool(pages()) and not given.short
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the servers end with it
    print(f"pages: {'real' if real else 'invented'}", flush=True)
    with stand() as on:
        one_run(on, 1, given.partitions, 500, real)  # a server that has just begun is slow
        story = 0.0
        if "steps" not in given.skip:
            story = steps.report(on, lambda desk, numbers: found(desk, numbers, real))
        if "engines" not in given.skip:
            full = engines.report(on, lambda desk, numbers: found(desk, numbers, real), given.stored)
            story = max(story, full)
        if "workers" not in given.skip:
            runs = measured(on, given, real)
            predicted(costs_of(runs[min(runs)], story), runs)
        if given.kill:
            print("\none of two workers killed at half")
            for again in (True, False):
                killed(on, given.partitions, given.posts, real, again)


def predicted(costs: capacity.Costs, runs: dict[int, Run]) -> None:
    """Print the model's throughput beside the measured one, and what the model says of three amounts."""
    print("\nmodel, from the costs with the fewest workers:")
    for workers, run in runs.items():
        guess = capacity.throughput(costs, workers, os.cpu_count() or 1)
        ratio = guess / run.process
        print(f"  {workers} workers: predicted {guess:6.1f}, measured {run.process:6.1f}, ratio {ratio:.2f}")
    print(f"  {costs}")
    for posts in (1e4, 1e6, 1e8):
        for desks in (1, 30) if posts == 1e8 else (1,):
            print(f"  {posts:.0e} posts a day, {desks} desks: {capacity.needs(costs, capacity.Demand(posts, desks))}")


if __name__ == "__main__":
    main()
