"""The outlets page says in words how each source is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts.living import READ
from huiying.core.checks import asked
from huiying.core.states import Reading, SourceAlarm, SourceState
from tests.alerts.web.conftest import Person
from tests.alerts.web.invented import Invented


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("reading", list(Reading))
def test_every_way_a_reading_ends_has_its_words(
    desk: Invented, person: Callable[[str], Person], reading: Reading, language: str
) -> None:
    now = desk.services.clock.now()
    state = SourceState("yunze-news/1", "yunze-news", now, reading, "Disallow: /", failures=3)
    desk.services.store.crawl.save_source(state)
    one = person("viewer")
    one.client.post("/language", data={"token": one.token, "language": language})
    page = one.page("/outlets")
    assert "reading." not in page
    assert "Disallow: /" in page


@pytest.mark.parametrize("login", ["duty", "supervisor", "viewer", "unit"])
def test_a_source_is_asked_for_by_those_on_duty(desk: Invented, person: Callable[[str], Person], login: str) -> None:
    one, allowed = person(login), login in ("duty", "supervisor")
    assert ("/outlets/check" in one.page("/outlets")) is allowed
    answer = one.client.post("/outlets/check", data={"token": one.token, "source": "yunze-news/1"})
    assert answer.status_code == (303 if allowed else 403)
    assert asked(desk.services.store.cursors) == allowed
    if allowed:
        assert "已请求现在读取 yunze-news/1" in one.page(answer.headers["location"])
        nowhere = one.client.post("/outlets/check", data={"token": one.token, "source": "nowhere/1"})
        assert nowhere.status_code == 404


def test_a_site_that_does_not_wish_to_be_read_is_not_asked_for(desk: Invented, person: Callable[[str], Person]) -> None:
    now = desk.services.clock.now()
    state = SourceState("yunze-news/1", "yunze-news", now, Reading.REFUSED, "robots", failures=3)
    desk.services.store.crawl.save_source(state)
    one = person("duty")
    answer = one.client.post("/outlets/check", data={"token": one.token, "source": "yunze-news/1"})
    assert answer.status_code == 422
    assert "该网站不允许读取这个来源" in answer.text
    assert asked(desk.services.store.cursors) == 0


def test_outlets_with_an_alarm_come_first(desk: Invented, person: Callable[[str], Person]) -> None:
    since = desk.services.clock.now() - timedelta(days=3)
    desk.services.store.alarms.replace([SourceAlarm("government/1", "frozen", since, "2026-02-01")])
    page = person("viewer").page("/outlets")
    assert page.index("云泽县人民政府网") < page.index("云泽新闻网")
    assert "最新一条是 2026-02-01 的" in page
    assert "尚未读取" in page


def test_minutes_really_read_today_are_shown(desk: Invented, person: Callable[[str], Person]) -> None:
    today = desk.services.clock.now().astimezone(ZoneInfo("Asia/Shanghai")).date()
    desk.services.store.tallies.add(today, READ, {"daily": 135})
    desk.services.store.tallies.add(today - timedelta(days=1), READ, {"daily": 600})
    assert "今天读到 135 分钟" in person("viewer").page("/outlets")
