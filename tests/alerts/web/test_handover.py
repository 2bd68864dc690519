"""The hand-over of a shift: duty staff record it with what is open, everybody reads it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from alerts.events import EventType
from alerts.view import read_all
from huiying.core.model import Event
from tests.alerts.web.conftest import Person
from tests.alerts.web.invented import Invented
from tests.clock import SettableClock

SAID = {"shift": "白班交夜班", "notes": "水务局明早八点前回应", "key": "k"}


def handed_over(desk: Invented) -> list[Event]:
    return [event for event in read_all(desk.services.ledger) if event.type == EventType.HANDED_OVER]


def post(person: Person, **fields: str) -> int:
    answer = person.client.post("/handover", data={"token": person.token, **fields}, follow_redirects=False)
    return int(answer.status_code)


def test_what_is_open_is_handed_over_once_and_read_by_everybody(
    desk: Invented, person: Callable[[str], Person]
) -> None:
    alert = desk.alert()
    duty = person("duty")
    assert "青石镇部分村庄停水两天" in duty.page("/handover")
    assert [post(duty, **SAID), post(duty, **SAID)] == [303, 303]
    (event,) = handed_over(desk)
    assert event.payload == {"shift": SAID["shift"], "notes": SAID["notes"], "open": [alert]}
    page = person("viewer").page("/handover")
    assert SAID["notes"] in page
    assert "<textarea" not in page


@pytest.mark.parametrize(
    ("who", "changed", "sentence"),
    [
        ("duty", {"shift": " "}, "请写明班次"),
        ("duty", {"notes": ""}, "请写明交代的事项"),
        ("supervisor", {}, "这一步由值班人员登记"),
        ("admin", {}, "管理员只负责设置"),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_is_kept(
    desk: Invented, person: Callable[[str], Person], who: str, changed: dict[str, str], sentence: str
) -> None:
    one = person(who)
    answer = one.client.post("/handover", data={"token": one.token, **SAID, **changed})
    assert answer.status_code == (403 if not changed else 422)
    assert sentence in answer.text
    assert handed_over(desk) == []


def test_another_hand_over_under_the_same_key_is_refused(desk: Invented, person: Callable[[str], Person]) -> None:
    duty = person("duty")
    post(duty, **SAID)
    assert post(duty, **{**SAID, "notes": "另一件事"}) in (409, 422)
    assert len(handed_over(desk)) == 1


def test_what_falls_due_in_the_next_shift_is_marked(
    desk: Invented, person: Callable[[str], Person], clock: SettableClock
) -> None:
    first = desk.alert()
    desk.press("duty", first, "acknowledge")
    desk.press("duty", first, "assign", unit="water-bureau")
    desk.alert("a2", "县城停水")
    page = person("duty").page("/handover")
    assert page.count("下一班到期") == 1  # acknowledging within a quarter of an hour; the reply has 48 hours
    clock.forward(hours=1)
    assert "已超时" in person("duty").page("/handover")
