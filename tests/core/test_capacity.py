"""The arithmetic of docs/capacity.md: which limit holds, and what grows with what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bench.capacity import Costs, Demand, needs, throughput

COSTS = Costs(
    wall=0.025,
    story=0.004,
    worker=0.020,
    broker=0.001,
    elastic=0.002,
    database=0.002,
    found_bytes=40_000,
    ready_bytes=5_000,
    index_bytes=10_000,
    prints_bytes=8_000,
    stories_bytes=300,
    memory=250e6,
)


@pytest.mark.parametrize(
    ("workers", "cores", "expected"),
    [(1, 8, 40), (2, 8, 80), (2, 1, 40), (20, 64, 250)],
    ids=["one worker's clock", "two of them", "the cores", "stories one after the other"],
)
def test_the_tightest_limit_is_the_throughput(workers: int, cores: int, expected: float) -> None:
    assert throughput(COSTS, workers, cores) == pytest.approx(expected)


def test_workers_leave_half_of_themselves_at_the_busiest_hour() -> None:
    found = needs(COSTS, Demand(86_400, peak=100))
    assert (found.rate, found.workers, found.partitions) == (100, 5, 8)


def test_disk_counts_copies_and_days() -> None:
    found = needs(COSTS, Demand(1000, replication=3, replicas=1, months=12))
    assert found.kafka_disk == 1000 * 3 * (40_000 * 14 + 5_000 * 400)
    assert found.elastic_disk == pytest.approx(1000 * 10_000 * 30.5 * 12 * 2)


def test_desks_share_the_ceiling_of_stories() -> None:
    one = needs(COSTS, Demand(1e8))
    assert one.stories > 1
    assert needs(COSTS, Demand(1e8, desks=100)).stories == pytest.approx(one.stories / 100)


def test_a_desk_with_hardly_a_post_needs_one_of_each() -> None:
    found = needs(replace(COSTS, index_bytes=1), Demand(1))
    assert (found.workers, found.shards) == (1, 1)
