"""The page of one alert: the whole lifecycle through its forms, refusals and conflicts that lose no text."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from alerts.vocabulary import Stage
from huiying.core.errors import BackendError
from huiying.core.model import Draft, Response, Role
from tests.alerts.web.conftest import Person
from tests.alerts.web.invented import TOWN, Invented
from tests.clock import SettableClock

PAGE = "http://127.0.0.5/answer.html"


def stage(desk: Invented, alert: str) -> Stage:
    desk.services.view.catch_up()
    state = desk.services.view.alert(alert)
    assert state
    return state.stage


def types(desk: Invented, alert: str) -> list[str]:
    return [event.type for event in desk.services.view.events(alert)]


def test_three_people_bring_an_alert_to_its_end(desk: Invented, person: Callable[[str], Person]) -> None:
    alert = desk.alert()
    duty, unit, supervisor = person("duty"), person("unit"), person("supervisor")
    duty.press(alert, "acknowledge")
    duty.press(alert, "assign", unit="water-bureau")
    unit.press(alert, "verify_and_reply", finding="true", address=PAGE, page_is_evidence="1")
    unit.press(alert, "resolve_and_publish", end_state="solved", done="已修复", address=PAGE, page_is_evidence="1")
    supervisor.press(alert, "confirm")
    assert types(desk, alert) == [
        "opened", "acknowledged", "assigned", "verified", "replied", "resolved", "outcome_published", "confirmed",
    ]  # fmt: skip
    assert stage(desk, alert) is Stage.CONFIRMED


def test_a_recorded_form_is_named_so_that_its_draft_is_forgotten(
    desk: Invented, person: Callable[[str], Person]
) -> None:
    alert = desk.alert()
    duty = person("duty")
    page = duty.page(f"/alerts/{alert}?recorded=acknowledge")
    assert f'data-recorded="{alert}-acknowledge"' in page


def test_what_is_missing_is_said_before_the_button(desk: Invented, person: Callable[[str], Person]) -> None:
    page = person("unit").page(f"/alerts/{desk.alert()}")
    form = page.split('id="step-verify_and_reply"')[1].split("</details>")[0]
    assert "还没有派单" in form
    assert "<button" not in form


def test_a_refused_form_keeps_what_was_typed(desk: Invented, person: Callable[[str], Person]) -> None:
    alert = desk.alert()
    desk.press("duty", alert, "acknowledge")
    desk.press("duty", alert, "assign", unit="water-bureau")
    typed = {"finding": "partly_true", "text": "只有一个村停水", "address": "typed", "address_typed": "http://x.test/1"}
    page = person("unit").press(alert, "verify_and_reply", 422, **typed, page_is_evidence="1")
    assert "x.test 不是已配置的官方网站" in page
    assert "只有一个村停水" in page
    assert re.search(r'value="partly_true" required checked', page)
    assert "http://x.test/1" in page


def test_the_second_to_act_sees_both_versions(desk: Invented, person: Callable[[str], Person]) -> None:
    alert = desk.alert()
    desk.press("duty", alert, "acknowledge")
    desk.services.view.catch_up()
    seen = desk.services.view.alert(alert)
    assert seen
    desk.press("duty2", alert, "note", text="已电话询问镇政府")
    page = person("duty").press(alert, "note", 409, text="我写到一半的话", expected=str(seen.seq))
    assert "已电话询问镇政府" in page
    assert "值班乙" in page
    assert "我写到一半的话" in page
    again = person("duty").press(alert, "note", text="我写到一半的话")
    assert again == ""


def test_what_the_system_records_meanwhile_is_no_conflict(desk: Invented, person: Callable[[str], Person]) -> None:
    alert = desk.alert()
    desk.services.view.catch_up()
    seen = desk.services.view.alert(alert)
    assert seen
    payload = {"rule": "water-out", "rule_version": "0", "post": "p", "topic": "water", "place": TOWN, "why": "x"}
    desk.services.ledger.append([Draft("rule_matched", alert, "system", Role.SYSTEM, payload=payload)])
    person("duty").press(alert, "acknowledge", expected=str(seen.seq))
    assert stage(desk, alert) is Stage.ACKNOWLEDGED


def test_the_same_form_sent_twice_is_recorded_once(desk: Invented, person: Callable[[str], Person]) -> None:
    alert = desk.alert()
    duty = person("duty")
    duty.press(alert, "note", text="一次", key="k1")
    duty.press(alert, "note", text="一次", key="k1")
    assert types(desk, alert).count("noted") == 1


def test_the_suggested_unit_is_preselected(desk: Invented, person: Callable[[str], Person]) -> None:
    alert = desk.alert()
    desk.press("duty", alert, "acknowledge")
    page = person("duty").page(f"/alerts/{alert}")
    assert re.search(r'<option value="water-bureau" selected>县水务局', page)


def test_pages_of_the_unit_s_official_outlet_are_offered(desk: Invented, person: Callable[[str], Person]) -> None:
    alert = desk.alert()
    desk.post("meeting", "县里召开会议", outlet="government", topic="")
    desk.post("answer", "青石镇停水情况通报", outlet="government")
    desk.press("duty", alert, "acknowledge")
    desk.press("duty", alert, "assign", unit="water-bureau")
    page = person("unit").page(f"/alerts/{alert}")
    form = page.split('id="step-verify_and_reply"')[1].split("</form>")[0]
    assert f'value="{PAGE}" checked' in form
    assert 'value="http://127.0.0.5/meeting.html">' in form


def test_the_duty_desk_records_for_a_unit_and_says_so(desk: Invented, person: Callable[[str], Person]) -> None:
    alert = desk.alert()
    duty = person("duty")
    duty.press(alert, "acknowledge")
    duty.press(alert, "assign", unit="water-bureau")
    fields = {"finding": "true", "address": PAGE, "page_is_evidence": "1", "claimed_at": "2026-03-10T09:30"}
    duty.press(alert, "verify_and_reply", **fields, on_behalf_of="water-bureau")
    page = duty.page(f"/alerts/{alert}")
    assert "代县水务局登记" in page
    assert "2026年3月10日 09:30" in page


def test_deadlines_say_why_they_are_this_instant(desk: Invented, person: Callable[[str], Person]) -> None:
    page = person("viewer").page(f"/alerts/{desk.alert()}")
    assert "第 5 个工作日的 24:00" in page
    assert "（工作日）" in page
    assert "（自然时间）" in page


def test_a_late_step_is_told_as_late(desk: Invented, person: Callable[[str], Person], clock: SettableClock) -> None:
    alert = desk.alert()
    clock.forward(minutes=16)
    desk.press("duty", alert, "acknowledge")
    assert "超时完成" in person("viewer").page(f"/alerts/{alert}")


def test_a_hostile_title_is_text(desk: Invented, person: Callable[[str], Person]) -> None:
    hostile = '<script>alert(1)</script><img src=x onerror="alert(2)">停水'
    alert = desk.alert("x", hostile)
    duty = person("duty")
    for address in ("/duty", f"/alerts/{alert}", "/search?words=停水", "/duty/changes?after=0"):
        page = duty.page(address)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;" in page


def test_an_address_that_is_no_web_address_is_no_link(desk: Invented, person: Callable[[str], Person]) -> None:
    alert = desk.alert()
    payload = {"text": "x", "address": "javascript:alert(1)"}
    desk.services.ledger.append([Draft("noted", alert, "P-duty", Role.DUTY, payload=payload)])
    page = person("duty").page(f"/alerts/{alert}")
    assert "javascript:alert(1)" in page
    assert 'href="javascript' not in page


def test_evidence_is_shown_as_facts_and_saved_as_bytes(desk: Invented, person: Callable[[str], Person]) -> None:
    alert = desk.alert()
    desk.press("duty", alert, "acknowledge")
    desk.press("duty", alert, "assign", unit="water-bureau")
    evidence = [{"kind": "address", "value": PAGE}]
    events = desk.press("unit", alert, "verify_and_reply", finding="true", evidence=evidence, address=PAGE)
    now = desk.services.clock.now()
    body = b"<script>alert(1)</script>"
    reference = desk.services.captures.put(Response(PAGE, 200, (("Content-Type", "text/html"),), body, now))
    payload = {
        "of": events[-1].seq, "address": PAGE, "capture": reference, "sha256": "ab" * 32,
        "fetched": now, "first_fetched": now, "topic_named": True, "place_named": False, "words": [],
    }  # fmt: skip
    [event] = desk.services.ledger.append([Draft("captured", alert, "system", Role.SYSTEM, payload=payload)])
    unit = person("unit")
    assert f"/alerts/{alert}/captures/{event.seq}" in unit.page(f"/alerts/{alert}")
    assert "ab" * 32 in unit.page(f"/alerts/{alert}/captures/{event.seq}")
    unit.page(f"/alerts/{alert}/captures/{event.seq}")
    looked = [one for one in desk.services.view.events(alert) if one.type == "capture_opened"]
    assert [(one.role, one.payload) for one in looked] == [("unit", {"capture": reference})]
    saved = unit.client.get(f"/alerts/{alert}/captures/{event.seq}/bytes")
    assert saved.content == body
    assert saved.headers["content-type"] == "application/octet-stream"
    assert saved.headers["content-disposition"].startswith("attachment")
    _administrator_opens_none(desk, person("admin"), f"/alerts/{alert}/captures/{event.seq}")


def _administrator_opens_none(desk: Invented, administrator: Person, path: str) -> None:
    """Whoever leaves no trace is not shown what leaves one."""
    before = desk.services.ledger.head()
    for address in (path, f"{path}/bytes"):
        answer = administrator.client.get(address)
        assert answer.status_code == 403
        assert "管理员不登记，所以不能打开" in answer.text
        assert "ab" * 32 not in answer.text
        assert b"alert(1)" not in answer.content
    assert desk.services.ledger.head() == before


def test_an_alert_is_opened_by_hand_from_a_search(desk: Invented, person: Callable[[str], Person]) -> None:
    post = desk.post("p1", "青石镇停水")
    duty = person("duty")
    assert "手动建立预警" in duty.page("/search?words=停水")
    assert "手动建立预警" not in person("viewer").page("/search?words=停水")
    fields = {"token": duty.token, "post": post.id, "why": "居民来电", "level": "2"}
    answer = duty.client.post("/alerts", data=fields)
    assert answer.status_code == 303
    page = duty.page(answer.headers["location"])
    assert "居民来电" in page
    assert "较大" in page


def test_a_post_that_has_an_alert_leads_to_it(desk: Invented, person: Callable[[str], Person]) -> None:
    alert = desk.alert()
    page = person("duty").page("/search?words=停水")
    assert f'<a href="/alerts/{alert}">已有预警' in page
    assert "手动建立预警" not in page


def test_what_may_be_the_same_matter_is_shown_and_proposed_by_a_person(
    desk: Invented, person: Callable[[str], Person], clock: SettableClock
) -> None:
    first = desk.alert("a1", "青石镇部分村庄停水两天")
    clock.forward(days=1)
    later, other = desk.alert("a2", "青石镇停水仍未恢复"), desk.alert("a3", "青石镇又一处停水")
    page = person("duty").page(f"/alerts/{later}")
    section = page.split('id="possibly"')[1].split("</section>")[0]
    assert f'href="/alerts/{first}"' in section
    assert f'href="/alerts/{other}"' in section
    assert section.count("?same=") == 1  # only the earlier one can be what this one is a duplicate of
    filled = person("duty").page(f"/alerts/{later}?same={first}")
    form = filled.split('value="propose_dismissal"')[1].split("</form>")[0]
    assert f'<option value="{first}" selected>' in form
    assert 'value="duplicate" required checked' in form
    assert "?same=" not in person("auditor").page(f"/alerts/{later}")
    assert desk.services.view.alert(later).joined_into is None  # type: ignore[union-attr]


def test_an_alert_that_is_not_there_is_a_sentence(person: Callable[[str], Person]) -> None:
    assert "没有编号为 A0 的预警" in person("duty").page("/alerts/A0", 404)


def test_an_alert_is_answered_while_the_index_is_away(
    desk: Invented, person: Callable[[str], Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = desk.alert()

    def away(*_: object) -> None:
        raise BackendError("index_failed", detail="connection refused")

    for name in ("get", "search"):
        monkeypatch.setattr(desk.services.index, name, away)
    duty = person("duty")
    assert "青石镇部分村庄停水两天" in duty.page(f"/alerts/{alert}")
    duty.press(alert, "acknowledge")
    duty.press(alert, "assign", unit="water-bureau")
    person("unit").press(alert, "verify_and_reply", finding="true", address=PAGE, page_is_evidence="1")
    assert types(desk, alert)[-1] == "replied"
