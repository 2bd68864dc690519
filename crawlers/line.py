"""Whether it is our own line that is down: then a failure counts against no source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

AGAIN = timedelta(minutes=1)  # between two tries while the line is down
MOST = 5  # hosts in a row that answer nothing are the line, however many there are


@dataclass(frozen=True, slots=True)
class Line:
    """The hosts that gave no answer at all since any host last gave one."""

    silent: frozenset[str] = frozenset()

    def heard(self, host: str, reached: bool) -> Line:
        """Return what is known after a request to `host`; any answer, a refusal too, shows that the line is up."""
        return Line() if reached else Line(self.silent | {host})

    def down(self, hosts: int) -> bool:
        """Say whether so many of the `hosts` that are read are silent at once; of a single one nobody can tell."""
        return len(self.silent) >= max(2, min(MOST, (hosts + 1) // 2))
