"""What the duty page says is degraded: what fails, which role is silent, what is piling up, each since when.

own health, the roles' reports, now ─► Degraded(part, since, waiting) ─► one sentence each, on what still works too
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from huiying.core.health import RoleReport

SILENT = timedelta(seconds=60)

# What the desk can say in a sentence, the most grave first.
PARTS = (
    *("proof", "ledger", "store", "log", "watch", "process", "crawl", "witness"),
    *("posts_ready", "posts_found", "captures", "index"),
)


@dataclass(frozen=True, slots=True)
class Degraded:
    """One part that does not do all it should, since an instant of real time; `waiting` records where some pile up."""

    part: str
    since: datetime
    waiting: int = 0


def degraded(own: Mapping[str, datetime], reports: Iterable[RoleReport], now: datetime) -> tuple[Degraded, ...]:
    """Return what is degraded at `now` (real time), the most grave first, each part once with its earliest instant.

    A role with several processes is silent when all are; what a silent one last said is not believed.
    """
    newest: dict[str, RoleReport] = {}
    found = {part: Degraded(part, since) for part, since in own.items()}
    for report in reports:
        if now - report.at <= SILENT:
            _add(found, report)
        if report.role not in newest or newest[report.role].at < report.at:
            newest[report.role] = report
    for role, last in newest.items():
        if now - last.at > SILENT and role != "desk":
            found[role] = Degraded(role, last.at)
    return tuple(found[part] for part in PARTS if part in found)


def _add(found: dict[str, Degraded], report: RoleReport) -> None:
    for part, since in report.degraded.items():
        if part not in found or since < found[part].since:
            found[part] = Degraded(part, since)
    for topic, (count, since) in report.waiting.items():
        if topic not in found or found[topic].waiting < count:
            found[topic] = Degraded(topic, since, count)
