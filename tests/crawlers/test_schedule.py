"""When sources are due."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.schedule import FULL_EVERY, LONGEST, conditional, due, next_due
from huiying.core.codec import instant
from huiying.core.config import Source
from huiying.core.states import Reading, SourceState

NOW = instant("2026-01-27T08:00:00+08:00")
SOURCE = Source(kind="feed", address="http://a.cn/f", every=600)
MINUTES = timedelta(minutes=1)
FAILING = [Reading.UNREACHABLE, Reading.UNREADABLE, Reading.REFUSED]


@pytest.mark.parametrize("reading", [one for one in Reading if one not in FAILING])
def test_a_reading_that_did_not_fail_comes_again_after_its_interval(reading: Reading) -> None:
    assert next_due(SOURCE, reading, 0, NOW) == NOW + 10 * MINUTES


@pytest.mark.parametrize(
    ("reading", "minutes"),
    [
        (Reading.UNREACHABLE, [10, 20, 40, 80]),
        (Reading.UNREADABLE, [10, 30, 90, 270]),
        (Reading.REFUSED, [60, 120, 240, 480]),
    ],
)
def test_each_class_of_error_backs_off_in_its_own_way(reading: Reading, minutes: list[int]) -> None:
    waits = [next_due(SOURCE, reading, failures, NOW) - NOW for failures in (1, 2, 3, 4)]
    assert waits == [one * MINUTES for one in minutes]


@given(st.sampled_from(FAILING), st.integers(1, 10**9), st.integers(1, 86400))
def test_no_source_is_ever_given_up(reading: Reading, failures: int, every: int) -> None:
    source = SOURCE.model_copy(update={"every": every})
    assert NOW < next_due(source, reading, failures, NOW) <= NOW + LONGEST


def test_what_the_server_asks_for_is_obeyed_up_to_a_day() -> None:
    assert next_due(SOURCE, Reading.UNREACHABLE, 1, NOW, NOW + 90 * MINUTES) == NOW + 90 * MINUTES
    assert next_due(SOURCE, Reading.UNREACHABLE, 1, NOW, NOW + timedelta(days=9)) == NOW + LONGEST
    assert next_due(SOURCE, Reading.UNREACHABLE, 1, NOW, NOW - MINUTES) == NOW + 10 * MINUTES


def test_due_are_the_new_and_those_whose_time_has_come_longest_waiting_first() -> None:
    states = {
        "a": SourceState("a", "o", due=NOW - MINUTES),
        "b": SourceState("b", "o", due=NOW + MINUTES),
        "c": SourceState("c", "o", due=NOW - 2 * MINUTES),
        "e": SourceState("e", "o", due=NOW),
    }
    found = due(states, [(id, SOURCE) for id in "abcde"], NOW)
    assert [one.source for one in found] == ["c", "a", "d", "e"]


def test_a_shorter_interval_counts_at_once_but_not_for_a_failing_source() -> None:
    works = SourceState("a", "o", due=NOW + 60 * MINUTES, attempted=NOW - 11 * MINUTES)
    assert due({"a": works}, [("a", SOURCE)], NOW)
    assert not due({"a": replace(works, failures=1)}, [("a", SOURCE)], NOW)


def test_every_twentieth_poll_and_every_mistrusted_one_is_full() -> None:
    full = [polls + 1 for polls in range(40) if not conditional(polls, False)]
    assert full == [FULL_EVERY, 2 * FULL_EVERY]
    assert not conditional(0, True)
