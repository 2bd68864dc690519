"""Times to each step by Kaplan and Meier: who was never answered is censored at the cut-off, not dropped.

Kaplan, E. L. and Meier, P., "Nonparametric estimation from incomplete observations", 1958: S(t) is the product over the
instants of events up to t of 1 - d/n, with d events of n still at risk. Exact fractions: the same on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

MEDIAN = Fraction(1, 2)
NINETIETH = Fraction(1, 10)


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds to a step over some alerts: None where so few did it that the percentile was not reached."""

    median: int | None
    ninetieth: int | None
    done: int
    censored: int

    def to_json(self) -> dict[str, int | None]:
        """Return the four numbers."""
        return {
            "censored": self.censored,
            "done": self.done,
            "median": self.median,
            "ninetieth": self.ninetieth,
        }


def times(samples: Sequence[tuple[int, bool]]) -> Times:
    """Return the times of `samples`: seconds, and whether the step was done then (else that is how long we know)."""
    done = sum(1 for _, happened in samples if happened)
    return Times(quantile(samples, MEDIAN), quantile(samples, NINETIETH), done, len(samples) - done)


def quantile(samples: Sequence[tuple[int, bool]], surviving: Fraction) -> int | None:
    """Return the smallest time at which the estimated share still waiting is at most `surviving`."""
    share = Fraction(1)
    at_risk = len(samples)
    for time, group in groupby(sorted(samples), key=_seconds):
        happened = [done for _, done in group]
        share *= 1 - Fraction(sum(happened), at_risk)
        if share <= surviving:
            return time
        at_risk -= len(happened)
    return None


def _seconds(sample: tuple[int, bool]) -> int:
    return sample[0]
