"""Names of periods, cut in the office's zone."""

from __future__ import annotations

import pytest

from alerts.periods import period
from huiying.core.codec import instant
from huiying.core.errors import Refused


@pytest.mark.parametrize(
    ("name", "begin", "end"),
    [
        ("2026-W38", "2026-09-14", "2026-09-21"),
        ("2026-W01", "2025-12-29", "2026-01-05"),
        ("2026-W53", "2026-12-28", "2027-01-04"),
        ("2026-09", "2026-09-01", "2026-10-01"),
        ("2026-12", "2026-12-01", "2027-01-01"),
        ("2024-02", "2024-02-01", "2024-03-01"),
        ("2026-Q1", "2026-01-01", "2026-04-01"),
        ("2026-Q4", "2026-10-01", "2027-01-01"),
        ("2026-H1", "2026-01-01", "2026-07-01"),
        ("2026-H2", "2026-07-01", "2027-01-01"),
        ("2026", "2026-01-01", "2027-01-01"),
        (" 2026-07-01..2026-10-01 ", "2026-07-01", "2026-10-01"),
    ],
)
def test_a_period_begins_and_ends_at_midnight_of_the_office(name: str, begin: str, end: str) -> None:
    made = period(name, "Asia/Shanghai")
    assert made.name == name.strip()
    assert made.begin == instant(f"{begin}T00:00:00+08:00")
    assert made.end == instant(f"{end}T00:00:00+08:00")


@pytest.mark.parametrize(
    "name",
    [
        "x",
        "2026-Q5",
        "2026-Q0",
        "2026-H3",
        "2026-13",
        "2026-W00",
        "2025-W53",
        "２０２６",
        "2026-9",
        "9999",
        "0001-W01",
        "",
    ],
)
def test_what_is_no_period_gets_a_sentence(name: str) -> None:
    with pytest.raises(Refused) as refused:
        period(name, "Asia/Shanghai")
    assert refused.value.code == "period_unknown"
    assert "2026-Q3" in refused.value.sentence("zh")


@pytest.mark.parametrize("name", ["2026-10-01..2026-10-01", "2026-10-01..2026-07-01"])
def test_an_empty_period_gets_a_sentence(name: str) -> None:
    with pytest.raises(Refused, match="period_empty"):
        period(name, "Asia/Shanghai")
