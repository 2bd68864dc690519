"""The duty page: order, counts, buttons of the cards, source alarms, the badge of a demonstration."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from alerts.web.app import build
from huiying.core.states import SourceAlarm
from tests.alerts.web.conftest import Person
from tests.alerts.web.invented import Invented, invented
from tests.clock import SettableClock


def cards(page: str) -> list[str]:
    return re.findall(r'data-alert="(\w+)"', page)


def test_the_nearest_deadline_comes_first(desk: Invented, person: Callable[[str], Person]) -> None:
    later = desk.alert("a1")
    desk.press("duty", later, "acknowledge")
    sooner = desk.alert("a2", "青石镇又停水", level=4)
    assert cards(person("duty").page("/duty")) == [sooner, later]


def test_finished_alerts_stand_in_a_list_of_their_own(desk: Invented, person: Callable[[str], Person]) -> None:
    open_one, closed = desk.alert("a1"), desk.alert("a2", "演练停水")
    desk.press("duty", closed, "propose_dismissal", ground="false_match", why="是演练")
    desk.press("supervisor", closed, "dismiss")
    duty = person("duty")
    assert cards(duty.page("/duty")) == [open_one]
    assert cards(duty.page("/duty?show=finished")) == [closed]


def test_a_card_tells_level_place_topic_outlets_and_deadline(desk: Invented, person: Callable[[str], Person]) -> None:
    desk.alert(level=3)
    page = person("duty").page("/duty")
    for told in ("◆", "重大", "青石镇", "供水", "云泽新闻网", "签收", 'data-until="2026-03-10T02:15:00.000000Z"'):
        assert told in page


def test_the_count_is_of_alerts_nobody_acknowledged(desk: Invented, person: Callable[[str], Person]) -> None:
    desk.alert("a1")
    desk.press("duty", desk.alert("a2", "又停水"), "acknowledge")
    assert 'data-waiting="1"' in person("duty").page("/search")


def quick(one: Person, alert: str, action: str, **fields: str) -> str:
    data = {"token": one.token, "expected": "99", "key": action} | fields
    answer = one.client.post(f"/duty/{alert}/{action}", data=data, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return answer.text


def test_one_click_acknowledges_and_the_next_assigns_to_the_suggested_unit(
    desk: Invented, person: Callable[[str], Person]
) -> None:
    alert = desk.alert()
    duty = person("duty")
    card = quick(duty, alert, "acknowledge")
    assert "派给县水务局" in card
    assert "责任单位：县水务局" in quick(duty, alert, "assign", unit="water-bureau")


def test_a_click_that_came_too_late_says_what_happened(desk: Invented, person: Callable[[str], Person]) -> None:
    alert = desk.alert()
    duty = person("duty2")
    seen = str(desk.services.ledger.head())
    desk.press("duty", alert, "acknowledge")
    card = quick(duty, alert, "acknowledge", expected=seen)
    assert 'role="alert"' in card
    assert len(desk.services.view.events(alert)) == 2


def test_without_scripts_the_button_leads_back_to_the_page(desk: Invented, person: Callable[[str], Person]) -> None:
    alert = desk.alert()
    duty = person("duty")
    data = {"token": duty.token, "expected": "99", "key": "k"}
    answer = duty.client.post(f"/duty/{alert}/acknowledge", data=data)
    assert (answer.status_code, answer.headers["location"]) == (303, "/duty")


def test_source_alarms_stand_on_the_page(desk: Invented, person: Callable[[str], Person]) -> None:
    alarm = SourceAlarm("yunze-news/1", "unreachable", desk.services.clock.now(), "连接超时")
    desk.services.store.alarms.replace([alarm])
    page = person("duty").page("/duty")
    assert "连不上：连接超时" in page
    assert 'href="/outlets#outlet-yunze-news"' in page


@pytest.mark.parametrize(("kind", "badge"), [("demonstration", "演示"), ("test", "测试"), ("office", None)])
def test_a_ledger_that_is_no_office_s_says_so_on_every_page(
    tmp_path: Path, clock: SettableClock, kind: str, badge: str | None
) -> None:
    desk = invented(tmp_path / kind, clock, kind)
    one = Person(build(desk.services))
    pages = [one.client.get("/login").text]
    one.log_in("duty")
    pages += [one.page(address) for address in ("/duty", "/search", "/outlets", "/figures")]
    for page in pages:
        assert ('class="kind"' in page) == (badge is not None)
        assert badge is None or badge in page
    one.client.close()
    desk.close()
