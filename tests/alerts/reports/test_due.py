"""When a report is due by itself: Monday 07:30 the week's, the third working day 07:30 the quarter's."""

from __future__ import annotations

import pytest

from alerts.reports.due import due
from huiying.core.codec import instant
from huiying.core.config import Calendar

CALENDAR = Calendar()
BEGUN = instant("2026-09-21T00:00:00+08:00")  # a Monday


def asked(now: str, *issued: str, begun: str = "2026-09-21T00:00:00+08:00") -> list[str]:
    return due(instant(now), instant(begun), set(issued), CALENDAR)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-09-28T07:29:59+08:00", []),
        ("2026-09-28T07:30:00+08:00", ["2026-W39"]),
        ("2026-10-04T12:00:00+08:00", ["2026-W39"]),
    ],
)
def test_the_week_is_due_on_monday_at_half_past_seven(now: str, expected: list[str]) -> None:
    assert asked(now) == expected


def test_one_that_was_issued_is_due_no_more() -> None:
    assert asked("2026-09-28T08:00:00+08:00", "2026-W39") == []


def test_the_quarter_is_due_on_its_third_working_day() -> None:
    weeks = ("2026-W39", "2026-W40", "2026-W41")
    # 1 to 7 October 2026 are holidays: the working days are the 8th, the 9th, and the 10th, a Saturday made up.
    assert asked("2026-10-10T07:29:00+08:00", *weeks) == []
    assert asked("2026-10-10T07:30:00+08:00", *weeks) == ["2026-Q3"]


def test_what_was_missed_while_the_machine_stood_still_is_due_oldest_first() -> None:
    assert asked("2026-10-13T09:00:00+08:00") == ["2026-W39", "2026-W40", "2026-Q3", "2026-W41"]


def test_a_period_before_the_ledger_began_has_no_report() -> None:
    assert asked("2026-10-13T09:00:00+08:00", begun="2026-10-07T10:00:00+08:00") == ["2026-W41"]
