"""The log on Kafka: topics in partitions by key, groups of consumers, offsets committed after the effect.

append ─► idempotent producer, acks=all ─► huiying.DESK.posts_found (partitions by key)
poll(group) ─► Reader: one member of the consumer group huiying.DESK.posts_found.GROUP ─► commit

Topics bear the desk's id, so that desks may share a broker. They are created at first use; the broker deletes what is
older than the topic's retention. Order holds for each key; across partitions there is none. Nothing is connected
before the first call, and a call after a failure connects anew.

An append that raises may have left some of its records in the topic, those of one partition mostly all or none, and a
repeated one may then write them twice: the producer is idempotent over its own retries, not over the caller's. No
transaction binds the partitions, because kafka-python's `commit_transaction` waits without end while the broker is
away, an abandoned one holds up every reader, and its markers falsify the count of records. Effects are idempotent.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any

with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
    # kafka-python 3.0.12 reads its own schemas by a call that Python 3.11 deprecates and 3.13 took back.
    from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
    from kafka.admin import ConfigResource, ConfigResourceType
    from kafka.errors import CommitFailedError, KafkaError, MessageSizeTooLargeError, TopicAlreadyExistsError
    from kafka.net.compat import KafkaNetClient

from huiying.backends.log_kafka_reader import Reader, place
from huiying.backends.log_kafka_settings import OVERHEAD, KafkaSettings
from huiying.core import codec
from huiying.core.consume import Buried
from huiying.core.errors import BackendError, Dead
from huiying.core.model import Topic
from huiying.core.ports import Record

_SLACK = 5.0  # seconds over the client's own deadline before it is taken for stuck
_FETCH = 25  # milliseconds that the broker may hold back an empty fetch


class KafkaLog:
    """See `huiying.core.ports.Log`. Any number of writing processes and of members of a group."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._partitions: dict[Topic, list[int]] = {}
        self._writer: KafkaProducer | None = None
        self._readers: dict[tuple[Topic, str], Reader] = {}

    def append(self, topic: Topic, records: Sequence[tuple[str, bytes]]) -> None:
        """Append `records`; when this returns they are with `in_sync` copies. See the module for one that raises."""
        with _errors():
            self._fit(records)
            self._made(topic)
            writer = self._open_writer()
            try:
                self._write(writer, topic, records)
            except KafkaError:
                self._drop_writer()
                raise

    def poll(self, topic: Topic, group: str, limit: int) -> list[Record]:
        """Return up to `limit` records after the group's commit, of the partitions that are this member's.

        None come while the group is being divided anew; after it what was not committed comes again.
        """
        with self._reader(topic, group) as reader:
            return reader.poll(limit)

    def commit(self, group: str, records: Sequence[Record]) -> None:
        """Move the group past `records` and all before them in their partitions; never back.

        A partition that another member has taken over is a BackendError: its records come to that member.
        """
        for topic in {record.topic for record in records}:
            highest: dict[int, int] = {}
            for partition, offset in (place(record.position) for record in records if record.topic is topic):
                highest[partition] = max(offset, highest.get(partition, 0))
            with self._reader(topic, group) as reader:
                reader.commit(highest)

    def expire(self, topic: Topic, before: date) -> int:
        """Give the topic the settings' retention, by which the broker deletes; return 0, for no month is deleted here.

        A record stays at most a day longer than the retention: until its segment has been closed and is old enough.
        """
        retention = {"retention.ms": self._settings.topic_options(topic)["retention.ms"]}
        with _errors():
            self._made(topic)
            with self._admin() as admin:
                admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, self._settings.name(topic), retention)])
        return 0

    def size(self, topic: Topic, group: str) -> tuple[int, int]:
        """Return (records held, records not yet committed by `group`)."""
        with self._reader(topic, group) as reader:
            return reader.size()

    def close(self) -> None:
        """Leave the groups and let go of the broker, there or not."""
        for key in list(self._readers):
            self._drop_reader(key)
        self._drop_writer()

    def _fit(self, records: Sequence[tuple[str, bytes]]) -> None:
        # Checked before the first one is sent, so that one too large takes no others with it.
        for key, value in records:
            if len(key.encode()) + len(value) > self._settings.largest:
                raise MessageSizeTooLargeError(f"{key}: {len(value)} bytes")

    def _write(self, writer: KafkaProducer, topic: Topic, records: Sequence[tuple[str, bytes]]) -> None:
        name = self._settings.name(topic)
        sent = [writer.send(name, value, key.encode(), _headers(topic, value)) for key, value in records]
        writer.flush(self._settings.timeout + _SLACK)
        for one in sent:
            one.get(timeout=0)

    def _options(self) -> dict[str, Any]:
        wait = int(self._settings.timeout * 1000)
        return {
            "bootstrap_servers": list(self._settings.bootstrap),
            "client_id": f"{self._settings.prefix}.{self._settings.desk}.{self._settings.member or 'any'}",
            "bootstrap_timeout_ms": wait,
            "request_timeout_ms": wait,
            "reconnect_backoff_max_ms": 1000,
            **self._settings.security.options(),
        }

    def _open_writer(self) -> KafkaProducer:
        if self._writer is None:
            wait = int(self._settings.timeout * 1000)
            options = self._options() | {"request_timeout_ms": wait // 2}
            self._writer = _opened(
                KafkaProducer,
                **options,
                enable_idempotence=True,
                acks="all",
                compression_type=self._settings.compression,
                # `flush` sends; waiting for it puts an append's records of a partition into one batch.
                linger_ms=wait // 4,
                batch_size=1024 * 1024,
                max_request_size=self._settings.largest + OVERHEAD,
                delivery_timeout_ms=wait,
                max_block_ms=wait,
                allow_auto_create_topics=False,
            )
        return self._writer

    def _drop_writer(self) -> None:
        """Close the producer; one that failed may hold records that the caller was told are not written."""
        writer, self._writer = self._writer, None
        if writer is not None:
            # kafka-python 3.0.12: `close` alone raises, and stays open, while a record is undelivered.
            writer._sender.force_close()
            writer._sender.join(_SLACK)
            with suppress(KafkaError):
                writer.close(timeout=_SLACK)

    @contextmanager
    def _reader(self, topic: Topic, group: str) -> Iterator[Reader]:
        key = topic, group
        with _errors():
            if key not in self._readers:
                self._readers[key] = self._open_reader(topic, group)
            try:
                yield self._readers[key]
            except KafkaError as cause:
                # A lost commit or a silent broker mends itself in the same member; what else fails needs a new one.
                if not (cause.retriable or isinstance(cause, CommitFailedError)):
                    self._drop_reader(key)
                raise

    def _open_reader(self, topic: Topic, group: str) -> Reader:
        partitions = self._made(topic)
        name = self._settings.name(topic)
        session = int(self._settings.session * 1000)
        consumer = _opened(
            KafkaConsumer,
            **self._options(),
            group_id=f"{name}.{group}",
            group_instance_id=self._settings.member,
            session_timeout_ms=session,
            heartbeat_interval_ms=min(3000, session // 5),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            # A question for offsets waits behind a fetch on the same connection; half a second of the default is long.
            fetch_max_wait_ms=_FETCH,
            max_partition_fetch_bytes=self._settings.largest,
            allow_auto_create_topics=False,
        )
        return Reader(consumer, topic, name, partitions, self._settings.timeout)

    def _drop_reader(self, key: tuple[Topic, str]) -> None:
        with suppress(KafkaError):
            self._readers.pop(key).close()

    def _made(self, topic: Topic) -> list[int]:
        """Create `topic` where it is not there; return its partitions."""
        if topic not in self._partitions:
            name = self._settings.name(topic)
            wanted = {
                "num_partitions": self._settings.partitions,
                "replication_factor": self._settings.replication,
                "configs": self._settings.topic_options(topic),
            }
            with self._admin() as admin:
                with suppress(TopicAlreadyExistsError):
                    admin.create_topics({name: wanted})
                admin.wait_for_topics([name], timeout_ms=self._settings.timeout * 1000)
                (described,) = admin.describe_topics([name])
            self._partitions[topic] = sorted(one["partition_index"] for one in described["partitions"])
        return self._partitions[topic]

    @contextmanager
    def _admin(self) -> Iterator[KafkaAdminClient]:
        admin = _opened(KafkaAdminClient, **self._options())
        try:
            yield admin
        finally:
            admin.close()


def _headers(topic: Topic, value: bytes) -> list[tuple[str, bytes]]:
    """Return the headers of a record: for DEAD its reason, to be read without decoding."""
    if topic is Topic.DEAD:
        with suppress(Dead):
            buried = codec.decode(Buried, value)
            return [("reason", buried.reason.encode()), ("topic", buried.topic.encode())]
    return []


def _opened(kind: Callable[..., Any], **options: Any) -> Any:
    """Return a client of `kind`; where its broker does not answer, release the thread and sockets it has begun."""
    begun: list[KafkaNetClient] = []

    def connect(**given: Any) -> KafkaNetClient:
        begun.append(KafkaNetClient(**given))
        return begun[0]

    try:
        return kind(**options, kafka_client=connect)
    except BaseException:
        for client in begun:
            client.close()
        raise


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (KafkaError, OSError) as cause:
        raise BackendError("log_failed", detail=f"{type(cause).__name__}: {cause}") from cause
