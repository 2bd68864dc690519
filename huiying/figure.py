"""The figures of a period for the command: from the ledger, as of a cut-off, as JSON or as a few lines."""

from __future__ import annotations

from datetime import datetime

from alerts.figures import Figures, figures
from alerts.periods import period as read_period
from alerts.view import read_all
from alerts.zones import zone_at
from huiying.core.codec import instant
from huiying.core.errors import Refused
from huiying.core.messages import text
from huiying.core.model import Event
from huiying.wiring import Runtime


def compute(runtime: Runtime, period: str, as_of: str | None, as_json: bool, language: str) -> str:
    """Return the figures of `period` over everything recorded up to the cut-off, never later than now."""
    now = runtime.clock.now()
    cutoff = min(_cutoff(as_of), now) if as_of else now
    recorded = events(runtime)
    value = figures(recorded, read_period(period, zone_at(recorded, cutoff)), cutoff)
    return value.to_json().decode() if as_json else _lines(value, language)


def events(runtime: Runtime) -> list[Event]:
    """Return every event of the ledger in order."""
    return read_all(runtime.ledger)


def _cutoff(written: str) -> datetime:
    try:
        return instant(written)
    except ValueError as cause:
        raise Refused("cutoff", given=written) from cause


def _lines(value: Figures, language: str) -> str:
    if value.rate is None:
        rate = text("cli.no_rate", language)
    else:
        rate = text("cli.rate", language, correct=value.rate.part.count, due=value.rate.whole.count)
    excluded = sum(count.count for count in value.excluded.values())
    return f"{value.period.name}  {rate}  {text('cli.excluded', language, n=excluded)}"
