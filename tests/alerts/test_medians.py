"""Kaplan and Meier by hand: the textbook's steps, ties, and those who never answered."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.medians import Times, quantiles, times

D, C = True, False  # done, censored


def times_of(samples: list[tuple[int, bool]]) -> Times:
    return times([time for time, done in samples if done], [time for time, done in samples if not done])


@pytest.mark.parametrize(
    ("samples", "median", "ninetieth"),
    [
        ([], None, None),
        ([(5, D)], 5, 5),
        ([(5, C)], None, None),
        ([(1, D), (2, D), (3, D), (4, D)], 2, 4),  # 3/4, 1/2, 1/4, 0
        ([(1, D), (2, C), (3, D), (4, D)], 3, 4),  # 3/4, then of two at risk 3/8, 0
        ([(1, D), (2, D), (3, C), (4, C)], 2, None),  # 3/4, 1/2 and no further
        ([(1, D), (2, C), (3, C), (4, C)], None, None),  # 3/4: more than half are still waiting
        ([(2, D), (2, C), (2, D), (9, D)], 2, 9),  # who is censored at an instant is still at risk in it: 1/2, 0
        ([(0, D)] * 9 + [(7, D)], 0, 0),  # 1/10 at once
    ],
)
def test_the_smallest_time_at_which_so_few_still_wait(
    samples: list[tuple[int, bool]], median: int | None, ninetieth: int | None
) -> None:
    found = times_of(samples)
    assert (found.median, found.ninetieth) == (median, ninetieth)
    assert (found.done, found.censored) == (sum(done for _, done in samples), sum(not done for _, done in samples))


def test_the_remission_times_that_every_textbook_has() -> None:
    """Freireich and others, 1963, 6-MP: 21 patients, 9 relapses; the published median is 23 weeks."""
    done = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    assert times(done, censored) == Times(23, None, 9, 12)
    assert quantiles(done, censored, Fraction(857, 1000))[0] is not None
    assert quantiles(done, censored, Fraction(18, 21))[0] == 6  # S(6) = 1 - 3/21, as printed .857


def by_definition(samples: list[tuple[int, bool]], share: Fraction) -> int | None:
    """Return the first time of an event at which the product of 1 - d/n has fallen to `share`."""
    surviving = Fraction(1)
    for time in sorted({seconds for seconds, _ in samples}):
        at_risk = sum(seconds >= time for seconds, _ in samples)
        happened = sum(done for seconds, done in samples if seconds == time)
        surviving *= 1 - Fraction(happened, at_risk)
        if happened and surviving <= share:
            return time
    return None


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=40))
def test_the_times_are_those_of_the_definition(samples: list[tuple[int, bool]]) -> None:
    found = times_of(samples)
    assert found.median == by_definition(samples, Fraction(1, 2))
    assert found.ninetieth == by_definition(samples, Fraction(1, 10))


def test_the_order_given_does_not_matter() -> None:
    samples = [(3, D), (1, C), (2, D), (9, C)]
    assert times_of(samples) == times_of(samples[::-1])
