"""What the roles of one machine say of themselves: a small file each in the data folder, whose time is their beat.

role ─ every 5 s ─► health/process-1.json ─► desk: which role is silent, what fails, what piles up
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from huiying.core.codec import instant, instant_text
from huiying.core.health import Health, RoleReport

FOLDER = "health"


def write_report(data: Path, health: Health, worker: int, waiting: Mapping[str, tuple[int, datetime]]) -> None:
    """Write the role's report into the data folder; a full disk leaves an empty one, whose time still tells."""
    said = {
        "degraded": {name: instant_text(at) for name, at in health.degraded().items()},
        "waiting": {topic: [count, instant_text(since)] for topic, (count, since) in waiting.items()},
    }
    file = data / FOLDER / f"{health.role}-{worker}.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(said), encoding="ascii")


def read_reports(data: Path) -> list[RoleReport]:
    """Return the reports of all roles that ever ran on this data folder; one that cannot be read tells its time."""
    found = []
    for file in sorted((data / FOLDER).glob("*-*.json")):
        try:
            at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
            found.append(_report(file, at))
        except OSError:
            continue
    return found


def _report(file: Path, at: datetime) -> RoleReport:
    role = file.stem.rpartition("-")[0]
    try:
        said = json.loads(file.read_text(encoding="ascii"))
        degraded = {str(name): instant(since) for name, since in said["degraded"].items()}
        waiting = {str(topic): (int(count), instant(since)) for topic, (count, since) in said["waiting"].items()}
        return RoleReport(role, at, degraded, waiting)
    except (ValueError, KeyError, TypeError, AttributeError):
        return RoleReport(role, at)
