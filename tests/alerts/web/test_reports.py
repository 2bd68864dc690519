"""The reports page: who may issue, what stands beside what was printed, and the files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.events import EventType
from alerts.view import read_all
from alerts.web.app import build
from alerts.web.visits import COOKIE, open_session
from huiying.checkpoint import KEY_FILE
from huiying.core.model import Event
from tests.alerts.web.conftest import Person
from tests.alerts.web.invented import Invented
from tests.clock import SettableClock

QUARTER = "2026-Q1"
DUE = "2026-04-08T10:00:00+08:00"


def issued(desk: Invented) -> list[Event]:
    return [event for event in read_all(desk.services.ledger) if event.type == EventType.REPORT_ISSUED]


def issue(person: Person, period: str = QUARTER, key: str = "k") -> tuple[int, str]:
    fields = {"token": person.token, "period": period, "key": key}
    answer = person.client.post("/reports", data=fields, follow_redirects=False)
    return answer.status_code, answer.headers.get("location", answer.text)


def test_without_a_report_the_page_says_when_the_first_comes(person: Callable[[str], Person]) -> None:
    assert "每周一 07:30" in person("viewer").page("/reports")


@pytest.mark.parametrize("who", ["duty", "supervisor"])
def test_a_report_is_issued_once_for_one_press_and_downloaded(
    desk: Invented, person: Callable[[str], Person], who: str
) -> None:
    desk.alert()
    one = person(who)
    status, address = issue(one)
    assert issue(one) == (status, address)
    (event,) = issued(desk)
    assert (status, address) == (303, f"/reports?issued={event.seq}")
    assert f"/reports/{event.seq}.json" in one.page(address)
    answer = one.client.get(f"/reports/{event.seq}.json")
    assert hashlib.sha256(answer.content).hexdigest() == event.payload["figures"]
    assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''yunze-{QUARTER}-{event.seq}.json"


@pytest.mark.parametrize("who", ["viewer", "unit", "auditor", "admin"])
def test_others_read_and_do_not_issue(desk: Invented, person: Callable[[str], Person], who: str) -> None:
    one = person(who)
    assert 'action="/reports"' not in one.page("/reports")
    status, said = issue(one)
    assert (status, issued(desk)) == (403, [])
    assert "报告由值班人员或主管发布" in said
    issue(person("duty"))
    (event,) = issued(desk)
    assert one.client.get(f"/reports/{event.seq}.json").status_code == 200


def test_what_the_period_is_now_stands_beside_what_was_printed(
    desk: Invented, person: Callable[[str], Person], clock: SettableClock
) -> None:
    desk.alert()
    duty = person("duty")
    issue(duty)
    page = duty.page("/reports")
    assert "无应结" in page
    assert "有变化" not in page
    clock.set(DUE)  # the alert of 10 March has fallen due, answered by nobody
    desk.alert("a2", "青石镇一条道路塌陷")
    page = person("duty").page("/reports")
    assert "0/1" in page
    assert "有变化" in page


def test_a_period_that_is_none_comes_back_with_what_was_typed(desk: Invented, person: Callable[[str], Person]) -> None:
    status, page = issue(person("duty"), "第三季度")
    assert (status, issued(desk)) == (422, [])
    assert 'value="第三季度"' in page
    assert "2026-Q3" in page


def test_a_machine_without_the_ledgers_key_says_where_to_go(
    desk: Invented, person: Callable[[str], Person], tmp_path: Path
) -> None:
    (tmp_path / "desk" / KEY_FILE).unlink()
    status, page = issue(person("duty"))
    assert (status, issued(desk)) == (422, [])
    assert KEY_FILE in page


def test_a_desk_that_has_no_reports_offers_none(desk: Invented) -> None:
    app = build(replace(desk.services, papers=None))
    secret, session = open_session(desk.services, "duty")
    person = Person(app)
    person.client.cookies.set(COOKIE, secret)
    person.token = session.token
    assert 'action="/reports"' not in person.page("/reports")
    assert issue(person)[0] == 422
    person.page("/reports/5.json", 404)
    person.client.close()


@pytest.mark.parametrize("file", ["5.json", "1.pdf", "1.exe"])
def test_what_was_not_issued_is_not_there(person: Callable[[str], Person], file: str) -> None:
    assert person("duty").client.get(f"/reports/{file}").status_code in (404, 422)
