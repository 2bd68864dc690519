"""The figures page: the fraction, "no rate", periods, and the alerts behind each number."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from html import unescape

from alerts.periods import holding
from alerts.web.figures import picks
from tests.alerts.web.conftest import Person
from tests.alerts.web.invented import Invented
from tests.clock import SettableClock


def test_no_alert_fell_due_is_no_rate(desk: Invented, person: Callable[[str], Person]) -> None:
    desk.alert()
    page = person("viewer").page("/figures?period=2026-Q1")
    assert "无正确率：本期没有应结的预警" in page
    assert "100" not in page.split('id="rate"')[1].split("</section>")[0]


def test_a_failed_alert_is_a_fraction_without_percentage(
    desk: Invented, person: Callable[[str], Person], clock: SettableClock
) -> None:
    alert = desk.alert()
    clock.forward(days=30)
    one = person("viewer")
    desk.press("duty", alert, "note", text="时间已过")
    rate = one.page("/figures?period=2026-Q1").split('id="rate"')[1].split("</section>")[0]
    assert re.sub(r"<[^>]+>|\s", "", rate).startswith(">处置正确率0/1")
    assert "%" not in rate


def test_every_number_opens_its_alerts(desk: Invented, person: Callable[[str], Person], clock: SettableClock) -> None:
    alert = desk.alert()
    clock.forward(days=30)
    desk.press("duty", alert, "note", text="时间已过")
    one = person("viewer")
    page = one.page("/figures?period=2026-Q1")
    links = re.findall(r'<a href="(/figures/alerts[^"]+)">(\d+)</a>', page)
    assert len(links) > 20
    for link, number in links:
        behind = one.page(unescape(link))
        assert behind.count("<section") == int(number), link
    assert f'href="/alerts/{alert}"' in one.page("/figures/alerts?period=2026-Q1&of=not_correct")


def test_a_period_that_is_none_gets_a_sentence(person: Callable[[str], Person]) -> None:
    assert "不是统计时段" in person("viewer").page("/figures?period=last-week", 422)


def test_the_picker_offers_this_period_and_the_one_before() -> None:
    assert holding(date(2027, 1, 1)) == {
        "week": "2026-W53", "month": "2027-01", "quarter": "2027-Q1", "half_year": "2027-H1", "year": "2027",
    }  # fmt: skip
    assert [(this, before) for _, this, before in picks(date(2027, 1, 1))] == [
        ("2026-W53", "2026-W52"), ("2027-01", "2026-12"), ("2027-Q1", "2026-Q4"), ("2027-H1", "2026-H2"),
        ("2027", "2026"),
    ]  # fmt: skip
