"""The whole life of an alert without a mouse: focus is always somewhere, and can always be seen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.hands import Hands, Server

pytestmark = pytest.mark.browser

# What has the focus, and how it is told apart from everything else on the page.
FOCUS = """() => {
    const at = document.activeElement;
    const shown = at.type === "file" ? at.nextElementSibling : at;
    const drawn = getComputedStyle(shown);
    return {
        tag: at.tagName,
        seen: drawn.outlineStyle !== "none" && parseFloat(drawn.outlineWidth) >= 2 || drawn.boxShadow !== "none",
    };
}"""
MOST_STOPS = 40


def focus_is_seen(page: Page) -> None:
    """See that the focus is on an element, and that it is drawn."""
    focus = page.evaluate(FOCUS)
    assert focus["tag"] != "BODY"
    assert focus["seen"], page.evaluate("document.activeElement.outerHTML")


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until `wanted` has the focus; at each stop the focus is seen."""
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        focus_is_seen(page)
        if wanted.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"not reached by {MOST_STOPS} times Tab: {wanted}")


def choose(page: Page, wanted: Locator) -> None:
    """Come to the group of radio buttons that `wanted` is in by Tab, and choose it by the arrows or Space."""
    group = wanted.locator("xpath=ancestor::form").locator(f"[name={wanted.get_attribute('name')}]")
    checked = group.and_(page.locator(":checked"))
    tab_to(page, checked if checked.count() else group.first)
    for _ in range(group.count()):
        if wanted.evaluate("element => element === document.activeElement"):
            break
        page.keyboard.press("ArrowDown")
        focus_is_seen(page)
    page.keyboard.press("Space")
    expect(wanted).to_be_checked()


def test_an_alert_is_brought_to_its_end_without_a_mouse(server: Server, hands: Callable[[str], Hands]) -> None:
    desk = server.desk
    desk.post("answer", "青石镇停水情况通报", outlet="government")
    desk.post("result", "青石镇停水处置结果", outlet="government")
    alert = desk.alert("a1", "青石镇停水两天")

    duty = hands("duty")
    duty.page.keyboard.press("j")
    focus_is_seen(duty.page)
    duty.page.keyboard.press("a")
    expect(duty.card(alert)).to_contain_text("已签收")
    focus_is_seen(duty.page)
    tab_to(duty.page, duty.card(alert).get_by_role("button", name="派给县水务局"))
    duty.page.keyboard.press("Enter")
    expect(duty.card(alert)).to_contain_text("责任单位：县水务局")
    focus_is_seen(duty.page)

    unit = hands("unit")
    unit.page.keyboard.press("j")
    unit.page.keyboard.press("Enter")
    verify, resolve = unit.page.locator("#step-verify_and_reply"), unit.page.locator("#step-resolve_and_publish")
    expect(verify).to_be_visible()
    choose(unit.page, verify.get_by_label("属实", exact=True))
    choose(unit.page, verify.locator("[name=address][value$='answer.html']"))
    tab_to(unit.page, verify.get_by_role("button", name="登记核实和回应"))
    unit.page.keyboard.press("Enter")
    expect(unit.page.locator("[data-notice]")).to_be_focused()
    choose(unit.page, resolve.get_by_label("已解决", exact=True))
    tab_to(unit.page, resolve.locator("[name=done]"))
    unit.page.keyboard.insert_text("主管道已更换，恢复供水")
    choose(unit.page, resolve.locator("[name=address][value$='result.html']"))
    tab_to(unit.page, resolve.get_by_role("button", name="登记处置结果和公布"))
    unit.page.keyboard.press("Enter")
    expect(unit.page.locator("[data-notice]")).to_be_focused()

    supervisor = hands("supervisor")
    supervisor.page.keyboard.press("j")
    supervisor.page.keyboard.press("Enter")
    expect(supervisor.page.locator("#step-confirm")).to_be_visible()
    tab_to(supervisor.page, supervisor.page.get_by_role("button", name="确认办结"))
    supervisor.page.keyboard.press("Space")
    expect(supervisor.page.locator("[data-notice]")).to_be_focused()
    expect(supervisor.page.locator("header .tag").first).to_contain_text("已确认办结")

    expect(duty.card(alert)).to_have_count(0)
    focus_is_seen(duty.page)


def test_focus_goes_to_the_next_card_when_the_one_it_is_in_is_closed(
    server: Server, hands: Callable[[str], Hands]
) -> None:
    first, second = server.desk.alert("a1"), server.desk.alert("a2")
    duty = hands("duty")
    duty.page.keyboard.press("j")
    server.desk.press("duty2", first, "propose_dismissal", ground="false_match", why="文中没有停水")
    server.desk.press("supervisor", first, "dismiss")
    expect(duty.card(first)).to_have_count(0)
    expect(duty.card(second).get_by_role("link")).to_be_focused()
