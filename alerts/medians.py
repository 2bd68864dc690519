"""Times to each step by Kaplan and Meier: who was never answered is censored at the cut-off, not dropped.

Kaplan, E. L. and Meier, P., "Nonparametric estimation from incomplete observations", 1958: S(t) is the product over the
instants of events up to t of 1 - d/n, with d events of n still at risk. Exact fractions: the same on every machine.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

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


def times(done: Sequence[int], censored: Sequence[int]) -> Times:
    """Return the times of a step: seconds after which it was `done`, and for how long the others are known to wait."""
    median, ninetieth = quantiles(sorted(done), sorted(censored), MEDIAN, NINETIETH)
    return Times(median, ninetieth, len(done), len(censored))


def quantiles(done: Sequence[int], censored: Sequence[int], *surviving: Fraction) -> list[int | None]:
    """Return for each of `surviving` (falling) the smallest time at which at most that share is still waiting.

    `done` and `censored` are seconds, each rising. Who is censored at an instant is still at risk in it.
    """
    found: list[int | None] = []
    # From one censoring to the next the factors cancel to (still waiting) / (at risk since): one fraction for all.
    before, since, lost = Fraction(1), len(done) + len(censored), 0
    index = 0
    while index < len(done) and len(found) < len(surviving):
        time, at_risk = done[index], len(done) - index
        if (gone := bisect_left(censored, time)) > lost:
            waited = at_risk + len(censored) - lost
            before, lost, since = before * Fraction(waited, since), gone, at_risk + len(censored) - gone
        index = bisect_right(done, time, index)
        waiting = len(done) - index + len(censored) - lost
        while len(found) < len(surviving) and _at_most(before, waiting, since, surviving[len(found)]):
            found.append(time)
    return found + [None] * (len(surviving) - len(found))


def _at_most(before: Fraction, waiting: int, since: int, share: Fraction) -> bool:
    """Say whether `before` * `waiting` / `since` is at most `share`, without a fraction for every instant."""
    return before.numerator * waiting * share.denominator <= share.numerator * before.denominator * since
