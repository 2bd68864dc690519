"""The one loop over a topic: poll → handle each → commit. A record is done, or dead with a reason, or comes again.

records = log.poll(...) ─► handle(record) ─► done
                               │ Dead        ─► DEAD, counted
                               │ BackendError ─► nothing committed, tried again
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from huiying.core import codec
from huiying.core.errors import BackendError, Dead
from huiying.core.model import Topic
from huiying.core.ports import Log, Record

logger = structlog.get_logger("huiying.consume")


@dataclass(frozen=True, slots=True)
class Buried:
    """A record of DEAD: where the record stands (its topic keeps the bytes) and why it can never succeed."""

    topic: str
    position: str
    key: str
    reason: str
    detail: str


@dataclass(slots=True)
class Counters:
    """Each record polled is counted exactly once: polled == done + dead + retried."""

    polled: int = 0
    done: int = 0
    dead: int = 0
    retried: int = 0


def bury(log: Log, record: Record, why: Dead) -> None:
    """Append `record` to DEAD with its reason."""
    detail = ", ".join(f"{name}={value}" for name, value in why.fields.items())
    buried = Buried(str(record.topic), record.position, record.key, why.code, detail)
    log.append(Topic.DEAD, [(record.key, codec.encode(buried))])
    logger.info("dead", reason=why.code, key=record.key, detail=detail)


def consume(
    log: Log,
    topic: Topic,
    group: str,
    handle: Callable[[list[Record]], list[Dead | None]],
    counters: Counters,
    limit: int = 64,
) -> int:
    """Handle one batch; return how many records it held.

    `handle` gets the batch in order and answers each record with None (done) or its Dead. A BackendError from it or
    from the log leaves the batch uncommitted: it comes again, so effects must be idempotent.
    """
    records = log.poll(topic, group, limit)
    if not records:
        return 0
    counters.polled += len(records)
    try:
        fates = handle(records)
        for record, fate in zip(records, fates, strict=True):
            if fate is not None:
                bury(log, record, fate)
        log.commit(group, records)
    except BackendError:
        counters.retried += len(records)
        raise
    dead = sum(fate is not None for fate in fates)
    counters.dead += dead
    counters.done += len(records) - dead
    return len(records)
