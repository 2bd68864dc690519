"""The figures of a period for the command: from the ledger, as of a cut-off, as JSON or as a few lines."""

from __future__ import annotations

from datetime import datetime

from alerts.figures import Figures, Rate, figures
from alerts.periods import period as read_period
from alerts.view import read_all
from alerts.vocabulary import Step
from alerts.zones import zone_at
from huiying.core.codec import instant, instant_text
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
    """Return the figures as lines that can be checked by hand against the alerts."""
    excluded = sum(count.count for count in value.excluded.values())
    flag = text("cli.excluded_flag", language) if value.excluded_flagged else ""
    coverage = value.beside["coverage"]
    failed = ((criterion, count.count) for criterion, count in value.failed.items())
    covered = {"days": coverage["days"], "of": coverage["days_of_period"], "n": len(coverage["minutes"])}
    beside = {"gaps": len(value.beside["gaps"]), "changes": len(value.beside["configuration"])}
    lines = [
        f"{value.period.name}  {_rate(value.rate, language)}",
        text("cli.basis", language, cutoff=instant_text(value.cutoff), events=value.events),
        text("cli.excluded", language, n=excluded) + flag,
        *(f"  {text(f'ground.{ground}', language)}  {count.count}" for ground, count in value.excluded.items()),
        *(f"{criterion}  {count}  {text(f'criterion.{criterion}', language)}" for criterion, count in failed),
        *(_time(value, step, language) for step in value.times),
        text("cli.coverage", language, **covered),
        text("cli.beside", language, **beside),
    ]
    if value.shipped:
        lines.insert(1, text("cli.shipped", language, rate=_rate(value.shipped, language)))
    return "\n".join(lines)


def _rate(rate: Rate | None, language: str) -> str:
    if rate is None:
        return text("cli.no_rate", language)
    return text("cli.rate", language, correct=rate.part.count, due=rate.whole.count)


def _time(value: Figures, step: Step, language: str) -> str:
    published, detected = value.times[step]
    fields = {"step": text(f"step.{step}", language), "done": detected.done, "open": detected.censored}
    return text("cli.time", language, published=_span(published.median), detected=_span(detected.median), **fields)


def _span(seconds: int | None) -> str:
    """Return days, hours and minutes as "1d 02:03"; "-" where the median was not reached."""
    if seconds is None:
        return "-"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours // 24}d {hours % 24:02}:{minutes:02}"
