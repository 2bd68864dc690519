"""Where the log on Kafka is reached, and what its topics are made with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from huiying.core.config import Machine, Retention
from huiying.core.model import Topic

DAY = 86_400_000  # milliseconds
OVERHEAD = 1024  # bytes of a record beside its key and value, headers included


@dataclass(frozen=True, slots=True)
class Security:
    """How brokers are reached, as in kafka-python: protocol, PEM files, SASL. The password comes from a secret."""

    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    cafile: str | None = None
    certfile: str | None = None
    keyfile: str | None = None
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    def options(self) -> dict[str, Any]:
        """Return the clients' options."""
        return {
            "security_protocol": self.protocol,
            "ssl_cafile": self.cafile,
            "ssl_certfile": self.certfile,
            "ssl_keyfile": self.keyfile,
            "sasl_mechanism": self.mechanism,
            "sasl_plain_username": self.username,
            "sasl_plain_password": self.password,
        }


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """Where the log is and what its topics are made with.

    `member` names this process among all of its role ("process-1"): a static member that returns within `session`
    seconds finds its partitions again, and two at once are an error; without it each opening is a new member.
    `retention` is days by topic; the broker deletes by daily segments. `largest` is bytes of one record.
    `in_sync` copies of `replication` have a record before it is acknowledged. `timeout` bounds each step of a call.
    """

    bootstrap: tuple[str, ...]
    desk: str
    member: str | None = None
    prefix: str = "huiying"
    partitions: int = 6
    replication: int = 1
    in_sync: int = 1
    retention: Mapping[Topic, int] = field(default_factory=Retention().days)
    largest: int = 5 * 1024 * 1024
    compression: Literal["zstd", "lz4"] = "zstd"
    timeout: float = 10
    session: float = 30
    security: Security = Security()

    @classmethod
    def of(cls, machine: Machine, secrets: Mapping[str, str], member: str | None = None) -> KafkaSettings:
        """Return what [log] and the secret "kafka" say, for the static member `member` of its groups."""
        said = machine.log
        security = Security(
            protocol=said.protocol,
            cafile=said.cafile,
            certfile=said.certfile,
            keyfile=said.keyfile,
            mechanism=said.mechanism,
            username=said.username,
            password=secrets.get("kafka"),
        )
        return cls(
            bootstrap=tuple(address.strip() for address in (said.kafka or "").split(",")),
            desk=machine.desk,
            member=member,
            partitions=said.partitions,
            replication=said.replication,
            in_sync=said.in_sync,
            retention=said.retention.days(),
            compression=said.compression,
            security=security,
        )

    def name(self, topic: Topic) -> str:
        """Return the broker's name of `topic`."""
        return f"{self.prefix}.{self.desk}.{topic}"

    def topic_options(self, topic: Topic) -> dict[str, str]:
        """Return the options that `topic` is created with."""
        return {
            "retention.ms": str(self.retention[topic] * DAY),
            "segment.ms": str(DAY),
            "max.message.bytes": str(self.largest + OVERHEAD),
            "min.insync.replicas": str(self.in_sync),
        }
