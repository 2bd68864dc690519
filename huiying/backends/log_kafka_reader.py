"""One group's reader of one Kafka topic: a bounded window of records that are read and not yet committed.

broker ─► fetch ─► waiting (≤ the caller's limit) ─► poll, again and again ─► commit ─► highest of each partition + 1
             ▲ paused while the window is full            rebalance ─► window emptied, read anew from the commit
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence

with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
    # As in `log_kafka`: either module may be imported first.
    from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
    from kafka.errors import CommitFailedError, KafkaTimeoutError

from huiying.core.model import Topic
from huiying.core.ports import Record

_STEP = 100  # milliseconds of one wait for the broker
_JOINING = 1.0  # seconds that a poll waits for its share while the group is being divided anew


def place(position: str) -> tuple[int, int]:
    """Read "partition:offset"."""
    partition, _, offset = position.partition(":")
    return int(partition), int(offset)


class Reader:
    """Reads `name` for the consumer's group. `timeout` in seconds bounds every call. Raises kafka's own errors."""

    def __init__(
        self, consumer: KafkaConsumer, topic: Topic, name: str, partitions: Sequence[int], timeout: float
    ) -> None:
        self._consumer = consumer
        self._topic = topic
        self._all = [TopicPartition(name, partition) for partition in partitions]
        self._timeout = timeout
        self._shares = _Shares()
        self._settled = 0
        self._waiting: list[Record] = []
        self._done: dict[TopicPartition, int] = {}
        consumer.subscribe(topics=[name], listener=self._shares)

    def poll(self, limit: int) -> list[Record]:
        """Return up to `limit` records after the commit, fewer only where this member's partitions hold no more."""
        began = time.monotonic()
        step = 0
        while True:
            self._fetch(limit - len(self._waiting), step)
            if len(self._waiting) >= limit or not self._behind(began):
                break
            if time.monotonic() - began > self._timeout:
                raise KafkaTimeoutError(f"records of {self._topic} did not come")
            step = _STEP
        return self._waiting[:limit]

    def commit(self, places: Mapping[int, int]) -> None:
        """Commit the offset after `places` (partition to offset), never back; another member's is CommitFailedError."""
        try:
            self._commit(places)
        except CommitFailedError:
            # A member that the broker had forgotten joins again; where nobody took its partitions meanwhile, or they
            # came back with their commits, the commit holds after all.
            self._commit(places)

    def _commit(self, places: Mapping[int, int]) -> None:
        self._join()
        name = self._all[0].topic
        after = {TopicPartition(name, partition): offset + 1 for partition, offset in places.items()}
        if not after.keys() <= self._consumer.assignment():
            raise CommitFailedError("another member of the group has taken over")
        ahead = {part: offset for part, offset in after.items() if offset > self._done.get(part, 0)}
        if ahead:
            wanted = {part: OffsetAndMetadata(offset, "", -1) for part, offset in ahead.items()}
            self._consumer.commit(wanted, timeout_ms=self._timeout * 1000)
            self._done |= ahead
            self._waiting = [one for one in self._waiting if not self._is_done(*place(one.position))]

    def size(self) -> tuple[int, int]:
        """Return (records held, records after the group's commit) over all partitions, from their offsets."""
        begins = self._consumer.beginning_offsets(self._all, timeout_ms=self._timeout * 1000)
        ends = self._consumer.end_offsets(self._all, timeout_ms=self._timeout * 1000)
        held = sum(ends[part] - begins[part] for part in self._all)
        return held, sum(ends[part] - max(self._committed(part) or 0, begins[part]) for part in self._all)

    def close(self) -> None:
        """Leave; a static member keeps its partitions until its session runs out."""
        self._consumer.close(autocommit=False, timeout_ms=self._timeout * 1000)

    def _fetch(self, room: int, step: int) -> None:
        """Take what the broker has, at most `room` records. A full window still polls, or the group gives us up."""
        if not self._shares.moves:
            # A member that leads its group before it knows the topic gives everybody a share of nothing.
            self._consumer.end_offsets(self._all, timeout_ms=self._timeout * 1000)
        held = () if room > 0 else tuple(self._consumer.assignment())
        self._consumer.pause(*held)
        try:
            batches = self._consumer.poll(timeout_ms=step, max_records=max(room, 1))
        finally:
            self._consumer.resume(*[part for part in held if part in self._consumer.assignment()])
        if not self._settle():
            return
        for part, batch in batches.items():
            for one in batch:
                if not self._is_done(part.partition, one.offset):
                    position = f"{part.partition}:{one.offset}"
                    self._waiting.append(Record(self._topic, position, one.key.decode(), one.value))

    def _settle(self) -> bool:
        """After a rebalance forget the window and go back to the commits; return whether there was none."""
        moves = self._shares.moves
        if moves == self._settled:
            return True
        self._waiting.clear()
        self._done.clear()
        for part in self._consumer.assignment():
            committed = self._committed(part)
            if committed is None:
                self._consumer.seek_to_beginning(part)
            else:
                self._consumer.seek(part, committed)
                self._done[part] = committed
        self._settled = moves
        return False

    def _behind(self, began: float) -> bool:
        """Whether a further fetch can bring more. Asks the broker, so that silence is never taken for emptiness."""
        mine = self._consumer.assignment()
        ends = self._consumer.end_offsets(list(mine) or self._all, timeout_ms=self._timeout * 1000)
        if not self._shares.given:
            return time.monotonic() - began < _JOINING
        return any(self._next(part) < ends[part] for part in mine)

    def _join(self) -> None:
        """Wait until this member has its share of the partitions, with the commits as they now stand."""
        end = time.monotonic() + self._timeout
        while not self._shares.given or self._shares.moves != self._settled:
            if time.monotonic() > end:
                raise KafkaTimeoutError("the group gave no share of the partitions")
            self._fetch(1, _STEP)

    def _next(self, part: TopicPartition) -> int:
        position = self._consumer.position(part, timeout_ms=self._timeout * 1000)
        return -1 if position is None else int(position)

    def _committed(self, part: TopicPartition) -> int | None:
        committed = self._consumer.committed(part, timeout_ms=self._timeout * 1000)
        return None if committed is None else int(committed)

    def _is_done(self, partition: int, offset: int) -> bool:
        return offset < self._done.get(TopicPartition(self._all[0].topic, partition), 0)


class _Shares(ConsumerRebalanceListener):  # type: ignore[misc]
    """Counts the group's changes; called from the client's own thread, so it keeps no more than two plain values."""

    def __init__(self) -> None:
        self.moves = 0
        self.given = False

    def on_partitions_revoked(self, revoked: object) -> None:
        """Note that the partitions may now be another member's."""
        self.moves += 1
        self.given = False

    def on_partitions_assigned(self, assigned: object) -> None:
        """Note that the group has been divided, even where this member's share is none."""
        self.moves += 1
        self.given = True
