"""What an amount of posts a day needs, from measured costs a post: pure arithmetic that `scale` checks and prints.

Costs (measured) × Demand (asked) ─► throughput of n workers on this machine │ Needs: workers … disk

    worker    one process is bound by its own wall clock: rate = 1 / wall
    machine   cores shared by workers and servers: rate ≤ cores / CPU of all of them
    stories   one transaction after the other for a desk: rate ≤ 1 / story
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

DAY = 86_400
# Half of the cores idle at the peak, so that what waited an hour is made up within the next.
USE = 0.5
# Elastic's "Size your shards": 10 to 50 GB a shard.
SHARD = 30e9
# An index's hot data are searched from memory: Elastic's hot nodes have 30 GB of disk to 1 GB of memory.
DISK_A_MEMORY = 30
# A broker serves readers that keep up from the page cache: half a minute of what it writes (Confluent's sizing).
CACHED = 30
BROKER_HEAP = 1e9
# A partition's reader is at most one worker; half as many again lets workers be added without making topics anew.
SPARE = 1.5
FOUND_DAYS, READY_DAYS, PRINTS_DAYS = 14, 400, 28  # stories stay; counted for READY_DAYS


@dataclass(frozen=True, slots=True)
class Costs:
    """Of one post: `wall` and `story` in seconds; CPU seconds of each process; bytes without any copy.

    `prints_bytes` and `stories_bytes` are tables of the database with their keys; `memory` is bytes of one worker.
    """

    wall: float
    story: float
    worker: float
    broker: float
    elastic: float
    database: float
    found_bytes: float
    ready_bytes: float
    index_bytes: float
    prints_bytes: float
    stories_bytes: float
    memory: float

    @property
    def cpu(self) -> float:
        """Return the CPU seconds of all processes together."""
        return self.worker + self.broker + self.elastic + self.database


@dataclass(frozen=True, slots=True)
class Demand:
    """Posts a day of all desks, desks that share them evenly, the busiest hour over the mean, copies, days kept."""

    posts: float
    desks: int = 1
    peak: float = 6.0
    replication: int = 3
    replicas: int = 1
    months: int = 13

    @property
    def rate(self) -> float:
        """Return posts/s in the busiest hour."""
        return self.posts / DAY * self.peak


@dataclass(frozen=True, slots=True)
class Needs:
    """Numbers of processes, partitions, primary shards and cores of each kind; memory and disk in bytes with copies.

    `stories` is the part of the ceiling of serialised transactions that the busiest hour uses: above 1 it cannot.
    """

    rate: float
    workers: int
    partitions: int
    worker_cores: float
    broker_cores: float
    elastic_cores: float
    database_cores: float
    shards: int
    worker_memory: float
    broker_memory: float
    elastic_memory: float
    kafka_disk: float
    elastic_disk: float
    database_disk: float
    stories: float


def throughput(costs: Costs, workers: int, cores: int) -> float:
    """Return posts/s of `workers` processes that share `cores` with all servers."""
    return min(workers / costs.wall, cores / costs.cpu, 1 / costs.story)


def needs(costs: Costs, demand: Demand) -> Needs:
    """Return what `demand` needs on machines as fast as the measured one."""
    rate, written = demand.rate, demand.replication
    workers = max(1, ceil(rate * costs.wall / USE))
    primary = costs.index_bytes * demand.posts * 30.5
    elastic_disk = primary * demand.months * (1 + demand.replicas)
    kept = costs.found_bytes * FOUND_DAYS + costs.ready_bytes * READY_DAYS
    return Needs(
        rate=rate,
        workers=workers,
        partitions=ceil(workers * SPARE),
        worker_cores=rate * costs.worker / USE,
        broker_cores=rate * costs.broker * written / USE,
        elastic_cores=rate * costs.elastic * (1 + demand.replicas) / USE,
        database_cores=rate * costs.database / USE,
        shards=max(1, ceil(primary / SHARD / demand.desks)) * demand.desks,
        worker_memory=workers * costs.memory,
        broker_memory=written * BROKER_HEAP + rate * (costs.found_bytes + costs.ready_bytes) * written * CACHED,
        # The month that is written and the one before are hot; older ones are seldom asked for.
        elastic_memory=max(2e9, primary * min(2, demand.months) * (1 + demand.replicas) / DISK_A_MEMORY),
        kafka_disk=demand.posts * kept * written,
        elastic_disk=elastic_disk,
        database_disk=demand.posts * (costs.prints_bytes * PRINTS_DAYS + costs.stories_bytes * READY_DAYS),
        stories=rate / demand.desks * costs.story,
    )
