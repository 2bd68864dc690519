"""The ledger on SQLAlchemy Core: one table of events, appended under one lock, hashed as the exact stored bytes.

drafts ─► lock ─► key known? ─► expected versions ─► number, instant ─► bytes ─► leaf, chain ─► INSERT ─► durable

The lock is SQLite's own for writing; on PostgreSQL it is the one row of the table "head", which, unlike an advisory
lock, nobody without a right to the desk's schema can take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    String,
    Table,
    func,
    insert,
    select,
)

from huiying.backends import sql
from huiying.backends.waiting import waiting
from huiying.core import codec
from huiying.core.errors import Conflict, KeyReused, Tampered
from huiying.core.model import Draft, Event
from huiying.core.ports import Clock, Stored

METADATA = MetaData()
EVENTS = Table(
    "events",
    METADATA,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("alert", String),
    Column("key", String),
    Column("raw", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("chain", LargeBinary, nullable=False),
)
_HEAD = Table("head", MetaData(), Column("one", Boolean, primary_key=True))
_PAGE = 5000


class SqlLedger:
    """See `huiying.core.ports.Ledger`. Any number of processes and threads."""

    def __init__(self, url: str, desk: str, clock: Clock) -> None:
        self._engine = sql.append_only(sql.opened(url, desk, "ledger"), EVENTS.name)
        self._desk = desk
        self._clock = clock
        self._waiting = waiting(url, desk)

    def append(
        self, drafts: Sequence[Draft], *, key: str | None = None, expected: Mapping[str, int] | None = None
    ) -> list[Event]:
        """Append all `drafts` or none, with dense numbers; durable when this returns."""
        with sql.writing(self._engine, "ledger") as connection:
            _lock(connection)
            if key is not None and (before := _with_key(connection, key)):
                return _same(before, drafts, key)
            for alert, seq in (expected or {}).items():
                _expect(connection, alert, seq)
            events = self._numbered(connection, drafts)
            rows = [
                {"seq": e.seq, "alert": e.alert, "key": key, "raw": e.raw, "leaf": e.leaf, "chain": e.chain}
                for e in events
            ]
            if rows:
                connection.execute(insert(EVENTS), rows)
                self._waiting.appended(connection, events[-1].seq)
            return events

    def _numbered(self, connection: Connection, drafts: Sequence[Draft]) -> list[Event]:
        last = connection.execute(select(EVENTS).order_by(EVENTS.c.seq.desc()).limit(1)).one_or_none()
        seq, chain, at = (0, codec.GENESIS, self._clock.now())
        if last is not None:
            previous = _event(last)
            seq, chain, at = previous.seq, previous.chain, max(at, previous.recorded_at)
        events = []
        for draft in drafts:
            seq += 1
            raw = codec.event_bytes(draft, self._desk, seq, at)
            leaf = codec.leaf_hash(raw)
            chain = codec.chain_hash(chain, leaf)
            events.append(codec.read_event(raw, leaf, chain))
        return events

    def read(self, after: int = 0, limit: int = 1000, alert: str | None = None, *, whole: bool = False) -> list[Event]:
        """Return up to `limit` events with numbers above `after`, in order."""
        wanted = select(EVENTS).where(EVENTS.c.seq > after).order_by(EVENTS.c.seq).limit(limit)
        if alert is not None or whole:
            wanted = wanted.where(EVENTS.c.alert == alert)  # IS NULL where there is none
        with sql.reading(self._engine, "ledger") as connection:
            return [_event(row) for row in connection.execute(wanted)]

    def stored(self, after: int = 0) -> Iterator[Stored]:
        """Yield what is stored above `after`, a page at a time: a long reading holds back no writer."""
        return _stored(self._engine, after)

    def head(self) -> int:
        """Return the number of the last event, 0 where there is none."""
        with sql.reading(self._engine, "ledger") as connection:
            return connection.execute(select(func.max(EVENTS.c.seq))).scalar() or 0

    def wait(self, after: int, timeout: float) -> int:
        """Return the head once it is above `after`, or after `timeout` seconds."""
        return self._waiting.until(self.head, after, timeout)

    def by_key(self, key: str) -> list[Event]:
        """Return the events that were appended with `key`."""
        with sql.reading(self._engine, "ledger") as connection:
            return _with_key(connection, key)

    def verify(self, after: int = 0) -> int:
        """Recompute leaf and chain of every event after `after` from the stored bytes; return the last number."""
        with sql.reading(self._engine, "ledger") as connection:
            return verified(connection, self._desk, after)

    def close(self) -> None:
        """Release the connections; whoever still waits is woken."""
        self._waiting.close()
        self._engine.dispose()


@contextmanager
def opened_copy(file: Path) -> Iterator[Callable[[], Iterator[Stored]]]:
    """Open the SQLite ledger `file` for reading only, without a desk; what is yielded reads it from the beginning."""
    engine = sql.read_only(file)
    try:
        yield lambda: _stored(engine, 0)
    finally:
        engine.dispose()


def _stored(engine: Engine, after: int) -> Iterator[Stored]:
    columns = (EVENTS.c.seq, EVENTS.c.alert, EVENTS.c.raw, EVENTS.c.leaf, EVENTS.c.chain)
    while True:
        with sql.reading(engine, "ledger") as connection:
            wanted = select(*columns).where(EVENTS.c.seq > after).order_by(EVENTS.c.seq).limit(_PAGE)
            page = connection.execute(wanted).all()
        if not page:
            return
        for seq, alert, raw, leaf, chain in page:
            yield Stored(seq, alert, _bytes(raw), _bytes(leaf), _bytes(chain))
        after = page[-1][0]


def verified(connection: Connection, desk: str, after: int = 0) -> int:
    """Recompute what `Ledger.verify` does, within a transaction that is open."""
    seq, chain = after, codec.GENESIS
    if after:
        before = connection.execute(select(EVENTS.c.chain).where(EVENTS.c.seq == after)).scalar()
        if before is None:
            raise Tampered("tampered", seq=after, reason="missing")
        chain = before
    while rows := connection.execute(
        select(EVENTS).where(EVENTS.c.seq > seq).order_by(EVENTS.c.seq).limit(_PAGE)
    ).all():
        for row in rows:
            seq, chain = seq + 1, _checked(row, seq + 1, chain, desk)
    return seq


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(select(_HEAD).with_for_update()).one()


def _bytes(stored: bytes | str) -> bytes:
    """Return what the database holds as bytes: a tampered row may hold text where bytes were written."""
    return stored.encode() if isinstance(stored, str) else bytes(stored)


def _event(row: Row[tuple[int, str, str, bytes, bytes, bytes]]) -> Event:
    return codec.read_event(_bytes(row.raw), _bytes(row.leaf), _bytes(row.chain))


def _with_key(connection: Connection, key: str) -> list[Event]:
    rows = connection.execute(select(EVENTS).where(EVENTS.c.key == key).order_by(EVENTS.c.seq))
    return [_event(row) for row in rows]


def _same(before: list[Event], drafts: Sequence[Draft], key: str) -> list[Event]:
    """Return `before` where `drafts` are the same act again; another act under the same key is KeyReused.

    Payloads are not compared: deadlines in them are computed anew at each try.
    """
    if [(e.type, e.alert, e.actor) for e in before] != [(d.type, d.alert, d.actor) for d in drafts]:
        raise KeyReused("key_reused", key=key)
    return before


def _expect(connection: Connection, alert: str, expected: int) -> None:
    actual = connection.execute(select(func.max(EVENTS.c.seq)).where(EVENTS.c.alert == alert)).scalar() or 0
    if actual != expected:
        raise Conflict("conflict", alert=alert, expected=expected, actual=actual)


def _checked(row: Row[tuple[int, str, str, bytes, bytes, bytes]], seq: int, previous: bytes, desk: str) -> bytes:
    """Return the chain hash of `row` once its bytes, number, desk, columns, leaf and chain agree."""
    if row.seq != seq:
        raise Tampered("tampered", seq=seq, reason="missing")
    leaf = codec.leaf_hash(_bytes(row.raw))
    if leaf != _bytes(row.leaf):
        raise Tampered("tampered", seq=seq, reason="leaf")
    chain = codec.chain_hash(previous, leaf)
    if chain != _bytes(row.chain):
        raise Tampered("tampered", seq=seq, reason="chain")
    try:
        event = _event(row)
    except (ValueError, KeyError) as cause:
        raise Tampered("tampered", seq=seq, reason="unreadable") from cause
    if (event.seq, event.desk, event.alert) != (seq, desk, row.alert):
        raise Tampered("tampered", seq=seq, reason="columns")
    return chain
