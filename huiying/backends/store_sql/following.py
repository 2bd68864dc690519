"""What watch leaves behind as it follows the ledger: deliveries, results of captures, source alarms, cursors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine, Row, Select, and_, delete, insert, select

from huiying.backends import sql
from huiying.backends.store_sql.rows import read, replace, written
from huiying.backends.store_sql.tables import ALARMS, CAPTURED, CURSORS, DELIVERIES, TALLIES
from huiying.core.codec import instant, instant_text
from huiying.core.states import Captured, Delivery, SourceAlarm


class SqlDeliveries:
    """See `huiying.core.states.Deliveries`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save(self, delivery: Delivery) -> None:
        """Keep `delivery` in place of the one with its seq, channel and subject."""
        keys = {"seq": delivery.seq, "channel": delivery.channel, "subject": delivery.subject}
        values = {
            "attempts": delivery.attempts,
            "due": written(delivery.due),
            "delivered": written(delivery.delivered),
            "answer": delivery.answer,
        }
        same = and_(*(DELIVERIES.c[name] == value for name, value in keys.items()))
        with sql.writing(self._engine, "store", alone="deliveries") as connection:
            # Deleted and inserted, not updated: its new number makes it the newest.
            connection.execute(delete(DELIVERIES).where(same))
            connection.execute(insert(DELIVERIES).values(**keys, **values))

    def due(self, now: datetime) -> list[Delivery]:
        """Return what is to be tried by `now`, the oldest first."""
        wanted = select(DELIVERIES).where(DELIVERIES.c.due <= instant_text(now)).order_by(DELIVERIES.c.number)
        with sql.reading(self._engine, "store") as connection:
            return [_delivery(row) for row in connection.execute(wanted)]

    def recent(self, limit: int) -> list[Delivery]:
        """Return the newest `limit` deliveries, the newest first."""
        wanted = select(DELIVERIES).order_by(DELIVERIES.c.number.desc()).limit(limit)
        with sql.reading(self._engine, "store") as connection:
            return [_delivery(row) for row in connection.execute(wanted)]


class SqlCaptureResults:
    """See `huiying.core.states.CaptureResults`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save(self, result: Captured) -> None:
        """Keep `result` in place of the one of its event, day and attempt."""
        values = asdict(result)
        keys = {name: values.pop(name) for name in ("event", "day", "attempt")}
        values |= {"first_fetched": written(result.first_fetched), "at": written(result.at)}
        with sql.writing(self._engine, "store") as connection:
            replace(connection, CAPTURED, keys, values)

    def of(self, event: int, day: int = 0) -> list[Captured]:
        """Return the results for `event` and `day` in order of attempts."""
        same = and_(CAPTURED.c.event == event, CAPTURED.c.day == day)
        wanted = select(CAPTURED).where(same).order_by(CAPTURED.c.attempt)
        with sql.reading(self._engine, "store") as connection:
            return [_captured(row) for row in connection.execute(wanted)]


class SqlSourceAlarms:
    """See `huiying.core.states.SourceAlarms`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self) -> list[SourceAlarm]:
        """Return the alarms that stand, the oldest first."""
        wanted = select(ALARMS).order_by(ALARMS.c.since, ALARMS.c.source)
        with sql.reading(self._engine, "store") as connection:
            rows = connection.execute(wanted).all()
        return [SourceAlarm(row.source, row.reason, instant(row.since), row.detail) for row in rows]

    def replace(self, alarms: Sequence[SourceAlarm]) -> None:
        """Make `alarms` the ones that stand; one that stood keeps its beginning."""
        with sql.writing(self._engine, "store", alone="alarms") as connection:
            stood = {(row.source, row.reason): row.since for row in connection.execute(select(ALARMS))}
            connection.execute(delete(ALARMS))
            for alarm in alarms:
                since = stood.get((alarm.source, alarm.reason), instant_text(alarm.since))
                row = {"source": alarm.source, "reason": alarm.reason, "since": since, "detail": alarm.detail}
                connection.execute(insert(ALARMS).values(row))


class SqlTallies:
    """See `huiying.core.states.Tallies`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, day: date, kind: str, counts: Mapping[str, int]) -> None:
        """Add `counts` to those of the day, all or none."""
        if not counts:
            return
        with sql.writing(self._engine, "store", alone="tallies") as connection:
            held = {row[0]: row[1] for row in connection.execute(_counted(day, kind))}
            for name, count in counts.items():
                keys = {"day": day.isoformat(), "kind": kind, "name": name}
                replace(connection, TALLIES, keys, {"count": held.get(name, 0) + count})

    def of(self, day: date, kind: str) -> dict[str, int]:
        """Return the counts of the day by name."""
        with sql.reading(self._engine, "store") as connection:
            return {row[0]: row[1] for row in connection.execute(_counted(day, kind))}


def _counted(day: date, kind: str) -> Select[Any]:
    return select(TALLIES.c.name, TALLIES.c.count).where(TALLIES.c.day == day.isoformat(), TALLIES.c.kind == kind)


class SqlCursors:
    """See `huiying.core.states.Cursors`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, name: str) -> int:
        """Return how far `name` has come, 0 where it has not begun."""
        with sql.reading(self._engine, "store") as connection:
            return connection.execute(select(CURSORS.c.seq).where(CURSORS.c.name == name)).scalar() or 0

    def set(self, name: str, seq: int) -> None:
        """Remember that `name` has come to `seq`."""
        with sql.writing(self._engine, "store") as connection:
            replace(connection, CURSORS, {"name": name}, {"seq": seq})


def _delivery(row: Row[tuple[object, ...]]) -> Delivery:
    known = dict(row._mapping)
    known.pop("number")
    return Delivery(**(known | {"due": read(row.due), "delivered": read(row.delivered)}))


def _captured(row: Row[tuple[object, ...]]) -> Captured:
    known = dict(row._mapping)
    return Captured(**(known | {"first_fetched": read(row.first_fetched), "at": instant(row.at)}))
