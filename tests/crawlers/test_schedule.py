"""When sources are due: rhythm, wish and window of a feed, and each class of error."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.line import Line
from crawlers.schedule import (
    BACK_OFF,
    FULL,
    FULL_EVERY,
    LONGEST,
    SHORTEST,
    STRETCH,
    WEEK,
    Trouble,
    again,
    conditional,
    due,
    next_due,
    window,
    with_new,
)
from crawlers.wishes import wish
from huiying.core.codec import instant
from huiying.core.config import Source
from huiying.core.states import SourceState

NOW = instant("2026-01-27T08:00:00+08:00")  # a Tuesday
ZONE = "Asia/Shanghai"
SOURCE = Source(kind="feed", address="http://a.cn/f", every=600)
MINUTE = timedelta(minutes=1)
BEGUN = SourceState("a/1", "a", NOW)
KNOWN = replace(BEGUN, first_read=NOW - timedelta(days=60))


def rhythm(**hours: int) -> tuple[int, ...]:
    """Return counts by hour of the day, `h8=5`, the same on every day of the week."""
    counts = [0] * 24
    for name, count in hours.items():
        counts[int(name[1:])] = count
    return tuple(counts * 7)


def wait(state: SourceState, at: datetime = NOW, source: Source = SOURCE) -> timedelta:
    return next_due(source, ZONE, state, at) - at


rhythms = st.lists(st.integers(0, 50), min_size=WEEK, max_size=WEEK).map(tuple)
everies = st.integers(60, 86400).map(lambda seconds: SOURCE.model_copy(update={"every": seconds}))
hours = st.integers(0, WEEK - 1).map(lambda hour: NOW + timedelta(hours=hour, minutes=hour))


def test_without_a_known_rhythm_it_comes_again_after_its_interval() -> None:
    assert wait(BEGUN) == wait(replace(KNOWN, rhythm=rhythm(h8=7))) == 10 * MINUTE
    young = replace(KNOWN, first_read=NOW - timedelta(days=13), rhythm=rhythm(h8=50))
    assert wait(young) == 10 * MINUTE


def test_a_source_that_publishes_evenly_comes_again_after_its_interval() -> None:
    assert wait(replace(KNOWN, rhythm=(5,) * WEEK)) == 10 * MINUTE


def test_it_is_read_more_often_when_it_publishes_more_and_less_often_at_night() -> None:
    office = replace(KNOWN, rhythm=rhythm(h8=90, h9=40, h10=20, h11=10, h14=10, h15=10))
    busy, slow, night = (wait(office, NOW + timedelta(hours=hours)) for hours in (0, 3, 15))
    assert SHORTEST < busy < 10 * MINUTE < slow <= night == STRETCH * 10 * MINUTE


def test_a_wait_that_reaches_into_the_morning_ends_there() -> None:
    early = replace(KNOWN, rhythm=rhythm(h7=60, h8=60, h9=60))
    hour = SOURCE.model_copy(update={"every": 3600})
    before = instant("2026-01-27T04:30:00+08:00")
    assert timedelta(hours=1) < wait(early, before, hour) < timedelta(hours=STRETCH)


@given(rhythms, everies, hours)
def test_the_wait_lies_between_a_minute_and_a_day_and_within_its_stretch(
    counts: tuple[int, ...], source: Source, at: datetime
) -> None:
    every = timedelta(seconds=source.every)
    waited = wait(replace(KNOWN, rhythm=counts), at, source)
    assert SHORTEST <= waited <= LONGEST
    assert waited <= every * STRETCH * 1.0001


@given(rhythms, everies, hours, st.floats(120, 10**7), st.integers(0, 86400))
def test_a_feed_is_read_before_as_many_items_as_it_holds_can_have_appeared(
    counts: tuple[int, ...], source: Source, at: datetime, held: float, wished: int
) -> None:
    state = replace(KNOWN, rhythm=counts, window=held, wish=wished)
    assert wait(state, at, source) <= max(SHORTEST, timedelta(seconds=held / 2))


@given(st.lists(st.integers(0, 40), min_size=50, max_size=400), st.integers(20, 60))
def test_no_item_is_missed_while_the_pace_does_not_more_than_double_between_two_readings(
    wanted: list[int], size: int
) -> None:
    """Play a feed of `size` items whose pace, items a minute, follows `wanted` as fast as it may change."""
    state, pace, elapsed = replace(KNOWN, window=None), 1.0, 10.0
    for want in wanted:
        pace = min(max(want / 4, pace / 2, 0.1), pace * 2, size / 8)
        appeared = pace * elapsed
        assert state.window is None or appeared <= size * 1.0001
        state = replace(state, window=window(state.window, size, math.ceil(appeared), timedelta(minutes=elapsed)))
        elapsed = wait(state) / MINUTE


def test_a_window_shrinks_at_once_and_recovers_slowly() -> None:
    minutes = lambda count: timedelta(minutes=count)  # noqa: E731
    assert window(None, 20, 0, minutes(10)) is None
    assert window(None, 20, 5, minutes(10)) == 40 * 60
    assert window(None, 20, 20, minutes(10)) == 5 * 60  # nothing of what was known is left: some may have been missed
    assert window(2400, 20, 10, minutes(10)) == 20 * 60
    assert window(1200, 20, 1, minutes(10)) == pytest.approx(1224)
    assert window(None, 20, 20, timedelta(seconds=1)) == 120


def test_what_the_publisher_wishes_is_heeded_but_not_at_the_price_of_items() -> None:
    assert wait(replace(KNOWN, wish=7200)) == 120 * MINUTE
    assert wait(replace(KNOWN, wish=60)) == 10 * MINUTE
    assert wait(replace(KNOWN, wish=7200, window=3600.0)) == 30 * MINUTE


@pytest.mark.parametrize(
    ("head", "seconds"),
    [
        ("<ttl>90</ttl>", 5400),
        ("<ttl> 5 </ttl>", 300),
        ("<ttl>x</ttl>", 0),
        ("<ttl>999999</ttl>", 86400),
        ("<sy:updatePeriod>\n hourly </sy:updatePeriod>", 3600),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", 21600),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", 3600),
        ("<sy:updatePeriod>weekly</sy:updatePeriod>", 86400),
        ("<sy:updatePeriod>sometimes</sy:updatePeriod>", 0),
        ("<ttl>10</ttl><sy:updatePeriod>hourly</sy:updatePeriod>", 3600),
        ("", 0),
    ],
)
def test_the_wish_of_a_feed(head: str, seconds: int) -> None:
    assert wish(f"<rss><channel>{head}<item/></channel></rss>".encode()) == seconds


def test_a_rhythm_counts_hours_of_the_week_in_the_outlets_zone_and_forgets() -> None:
    once = with_new((), 3, ZONE, NOW)
    assert (len(once), once.index(3), sum(once)) == (WEEK, 24 + 8, 3)
    assert sum(with_new(once, FULL, ZONE, NOW)) == (FULL + 3) // 2


@pytest.mark.parametrize(
    ("trouble", "minutes"),
    [
        (Trouble.NAME, [10, 20, 40, 80, 160, 320, 360]),
        (Trouble.CONNECT, [10, 20, 40, 80, 120]),
        (Trouble.TLS, [60, 120, 240, 480, 960, 1440]),
        (Trouble.GONE, [60, 120, 240, 480, 960, 1440]),
        (Trouble.BUSY, [10, 20, 40, 80]),
        (Trouble.SERVER, [10, 20, 40, 80, 160, 240]),
        (Trouble.PARSE, [10, 30, 90, 270, 810, 1440]),
        (Trouble.EMPTY, [10, 20, 40, 80, 160, 320, 360]),
        (Trouble.REFUSED, [60, 120, 240, 480]),
    ],
)
def test_each_class_of_error_backs_off_in_its_own_way(trouble: Trouble, minutes: list[int]) -> None:
    waits = [again(SOURCE, trouble, failures, NOW) - NOW for failures in range(1, len(minutes) + 1)]
    assert waits == [one * MINUTE for one in minutes]
    assert BACK_OFF.keys() == set(Trouble)


@given(st.sampled_from(Trouble), st.integers(1, 10**9), st.integers(1, 86400))
def test_no_source_is_ever_given_up(trouble: Trouble, failures: int, every: int) -> None:
    source = SOURCE.model_copy(update={"every": every})
    assert NOW < again(source, trouble, failures, NOW) <= NOW + LONGEST
    assert again(source, trouble, failures, NOW) <= again(source, trouble, failures + 1, NOW)


def test_what_the_server_asks_for_is_obeyed_up_to_a_day() -> None:
    assert again(SOURCE, Trouble.BUSY, 1, NOW, NOW + 90 * MINUTE) == NOW + 90 * MINUTE
    assert again(SOURCE, Trouble.BUSY, 1, NOW, NOW + timedelta(days=9)) == NOW + LONGEST
    assert again(SOURCE, Trouble.BUSY, 1, NOW, NOW - MINUTE) == NOW + 10 * MINUTE


def test_due_are_the_new_and_those_whose_time_has_come_longest_waiting_first() -> None:
    states = {
        "a": SourceState("a", "o", due=NOW - MINUTE),
        "b": SourceState("b", "o", due=NOW + MINUTE),
        "c": SourceState("c", "o", due=NOW - 2 * MINUTE),
        "e": SourceState("e", "o", due=NOW),
    }
    found = due(states, [(id, SOURCE) for id in "abcde"], NOW)
    assert [one.source for one in found] == ["c", "a", "d", "e"]


def test_a_shorter_interval_counts_at_once_but_not_for_a_failing_source() -> None:
    works = SourceState("a", "o", due=NOW + 60 * MINUTE, attempted=NOW - 11 * MINUTE, every=3600)
    assert due({"a": works}, [("a", SOURCE)], NOW)
    assert not due({"a": replace(works, failures=1)}, [("a", SOURCE)], NOW)
    assert not due({"a": replace(works, every=600)}, [("a", SOURCE)], NOW)  # the rhythm chose the longer wait


def test_every_twentieth_poll_and_every_mistrusted_one_is_full() -> None:
    full = [polls + 1 for polls in range(40) if not conditional(polls, False)]
    assert full == [FULL_EVERY, 2 * FULL_EVERY]
    assert not conditional(0, True)


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.booleans())), st.integers(1, 200))
def test_our_line_is_down_only_while_nobody_answers(heard: list[tuple[str, bool]], hosts: int) -> None:
    line = Line()
    for host, reached in heard:
        line = line.heard(host, reached)
        assert not (reached and line.down(hosts))
    silent = {host for host, reached in heard[len(heard) - _trailing(heard) :]}
    assert line.down(hosts) == (len(silent) >= max(2, min(5, (hosts + 1) // 2)))


def _trailing(heard: list[tuple[str, bool]]) -> int:
    """Return how many at the end were not reached."""
    return next((number for number, (_, reached) in enumerate(reversed(heard)) if reached), len(heard))
