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
    median, ninetieth = quantiles(samples, MEDIAN, NINETIETH)
    return Times(median, ninetieth, done, len(samples) - done)


def quantiles(samples: Sequence[tuple[int, bool]], *surviving: Fraction) -> list[int | None]:
    """Return for each of `surviving` (falling) the smallest time at which at most that share is still waiting."""
    found: list[int | None] = []
    # From one censoring to the next the factors cancel to (still waiting) / (at risk since): one fraction for all.
    before, since = Fraction(1), len(samples)
    at_risk = since
    for time, group in groupby(sorted(samples), key=_seconds):
        happened = [done for _, done in group]
        waiting = at_risk - sum(happened)
        while len(found) < len(surviving):
            share = surviving[len(found)]
            if before.numerator * waiting * share.denominator > share.numerator * before.denominator * since:
                break
            found.append(time)
        at_risk -= len(happened)
        if at_risk < waiting:
            before, since = (before * Fraction(waiting, since) if waiting < since else before), at_risk
    return found + [None] * (len(surviving) - len(found))


def _seconds(sample: tuple[int, bool]) -> int:
    return sample[0]
