"""The duty desk in real Chromium: alerts arrive without a reload, are handled to the end, and nothing is doubled."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.hands import Hands, Server
from tests.clock import SettableClock

pytestmark = pytest.mark.browser


def test_an_alert_arrives_and_is_handled_to_the_end_over_a_restart(
    server: Server, hands: Callable[[str], Hands]
) -> None:
    desk = server.desk
    desk.post("answer", "青石镇停水情况通报", outlet="government")
    duty = hands("duty")
    duty.page.evaluate("window.neverReloaded = true")
    alert = desk.alert("a1", "青石镇停水两天")
    expect(duty.card(alert)).to_be_visible()
    expect(duty.page).to_have_title("(1) 值班 · 回应")
    duty.click(duty.card(alert).get_by_role("button", name="签收"))
    duty.click(duty.card(alert).get_by_role("button", name="派给县水务局"))
    expect(duty.card(alert)).to_contain_text("责任单位：县水务局")

    server.stop()
    expect(duty.page.locator("#lamp")).to_have_attribute("data-state", "broken", timeout=15000)
    second = desk.alert("a2", "县城又停水")
    server.start()
    duty.click(duty.page.locator("#pill"))  # pointer and focus are where the button was pressed: nothing moves there
    expect(duty.card(second)).to_be_visible(timeout=15000)
    expect(duty.page.locator("#lamp")).to_have_attribute("data-state", "alive")
    expect(duty.page.locator(".card")).to_have_count(2)

    unit = hands("unit")
    unit.click(unit.card(alert).get_by_role("link"))
    verify, resolve = unit.page.locator("#step-verify_and_reply"), unit.page.locator("#step-resolve_and_publish")
    expect(verify.locator("[name=address]:checked")).to_have_value("http://127.0.0.5/answer.html")
    unit.click(verify.get_by_label("属实", exact=True))
    desk.post("result", "青石镇停水处置结果", outlet="government")
    unit.click(verify.get_by_role("button", name="登记核实和回应"))
    expect(unit.page.locator("[data-notice]")).to_contain_text("核实并回应")
    expect(resolve.locator("[name=address]:checked")).to_have_value("http://127.0.0.5/result.html")
    unit.click(resolve.get_by_label("已解决", exact=True))
    unit.type(resolve.locator("[name=done]"), "主管道已更换，恢复供水")
    unit.click(resolve.get_by_role("button", name="登记处置结果和公布"))
    expect(unit.page.locator("[data-notice]")).to_contain_text("处置并公布结果")

    supervisor = hands("supervisor")
    supervisor.click(supervisor.card(alert).get_by_role("link"))
    supervisor.click(supervisor.page.locator("#step-confirm").get_by_role("button", name="确认办结"))
    expect(supervisor.page.locator("header .tag").first).to_contain_text("已确认办结")

    expect(duty.card(alert)).to_have_count(0)
    expect(duty.page.locator(".card")).to_have_count(1)
    assert duty.page.evaluate("window.neverReloaded") is True
    desk.services.view.catch_up()
    assert [event.type for event in desk.services.view.events(alert)] == [
        "opened", "acknowledged", "assigned", "verified", "replied", "resolved", "outcome_published", "confirmed",
    ]  # fmt: skip
    assert duty.clicks + unit.clicks + supervisor.clicks <= 10
    assert duty.typed + unit.typed + supervisor.typed <= 60


def test_new_alerts_wait_while_the_pointer_is_in_the_list(server: Server, hands: Callable[[str], Hands]) -> None:
    first = server.desk.alert("a1")
    duty = hands("duty")
    duty.card(first).hover()
    second = server.desk.alert("a2", "更急的停水", level=4)
    pill = duty.page.locator("#pill")
    expect(pill).to_have_text("1 条新预警")
    expect(duty.page.locator(".card")).to_have_count(1)
    pill.click()
    expect(duty.page.locator(".card").first).to_have_attribute("data-alert", second)
    expect(pill).to_be_hidden()


def test_the_keyboard_moves_opens_and_acknowledges(server: Server, hands: Callable[[str], Hands]) -> None:
    alert = server.desk.alert()
    duty = hands("duty")
    duty.page.keyboard.press("?")
    expect(duty.page.get_by_role("dialog")).to_be_visible()
    duty.page.keyboard.press("Escape")
    duty.page.keyboard.press("j")
    duty.page.keyboard.press("a")
    expect(duty.card(alert)).to_contain_text("已签收")
    duty.page.keyboard.press("Enter")
    expect(duty.page.locator("h1")).to_contain_text("停水")
    expect(duty.page.locator("#lamp")).to_have_attribute("data-state", "alive")
    duty.page.keyboard.press("/")
    expect(duty.page.locator("#search-words")).to_be_visible()


def test_a_conflict_shows_both_versions_and_a_draft_survives_a_reload(
    server: Server, hands: Callable[[str], Hands]
) -> None:
    alert = server.desk.alert()
    duty = hands("duty")
    duty.page.goto(f"{server.address}/alerts/{alert}")
    duty.page.get_by_text("其他办理事项").click()
    note = duty.page.locator("#step-note")
    note.locator("summary").click()
    note.locator("textarea").fill("写到一半")
    duty.page.reload()
    expect(note.locator("textarea")).to_have_value("写到一半")
    server.desk.press("duty2", alert, "note", text="别人先写的")
    expect(duty.page.locator("#moved-on")).to_be_visible()
    note.get_by_role("button").click()
    expect(duty.page.get_by_role("alert")).to_contain_text("别人先写的")
    expect(note.locator("textarea")).to_have_value("写到一半")
    note.get_by_role("button").click()
    expect(duty.page.locator("[data-recorded]")).to_contain_text("备注")
    duty.page.reload()
    expect(note.locator("textarea")).to_have_value("")
    duty.errors = [error for error in duty.errors if "409" not in error]


def test_a_session_that_has_ended_leads_to_the_log_in(
    server: Server, hands: Callable[[str], Hands], clock: SettableClock
) -> None:
    duty = hands("duty")
    clock.forward(hours=13)
    expect(duty.page.locator("[name=password]")).to_be_visible(timeout=20000)
    duty.errors = [error for error in duty.errors if "401" not in error]


@pytest.mark.parametrize("address", ["/duty", "/search", "/outlets", "/figures", "alert"])
def test_pages_fit_a_narrow_screen(server: Server, hands: Callable[[str], Hands], address: str) -> None:
    alert = server.desk.alert(title="很长的标题" * 12)
    duty = hands("duty")
    duty.page.set_viewport_size({"width": 360, "height": 740})
    duty.page.goto(server.address + (f"/alerts/{alert}" if address == "alert" else address))
    expect(duty.page.locator("h1")).to_be_visible()
    assert duty.page.evaluate("document.documentElement.scrollWidth") <= 360
