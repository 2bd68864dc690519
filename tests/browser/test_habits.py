"""The habits of people who watch screens, each in real Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO

import pytest
from playwright.sync_api import Browser, expect
from pypdf import PdfReader

from tests.browser.hands import Hands, Server
from tests.browser.stages import one_in_each_stage

pytestmark = pytest.mark.browser
PAGES = ("/duty", "/search?words=停水", "/outlets", "/rules", "/figures", "/reports", "/handover", "/settings")


def test_keys_are_off_while_an_input_method_is_composing(server: Server, hands: Callable[[str], Hands]) -> None:
    server.desk.alert()
    duty = hands("duty")
    press = "document.dispatchEvent(new KeyboardEvent('keydown', {key: 'j', isComposing: %s, bubbles: true}))"
    duty.page.evaluate(press.replace("document.d", "document.body.d") % "true")
    expect(duty.page.locator("[data-selected]")).to_have_count(0)
    duty.page.evaluate(press.replace("document.d", "document.body.d") % "false")
    expect(duty.page.locator("[data-selected]")).to_have_count(1)


def test_sound_is_said_to_be_off_until_the_browser_allows_it(server: Server, hands: Callable[[str], Hands]) -> None:
    duty = hands("duty")
    duty.page.reload()
    expect(duty.page.locator("[data-sound-state]")).to_have_text("声音未开启")
    duty.page.get_by_role("button", name="试听").click()
    expect(duty.page.locator("[data-sound-state]")).to_have_text("声音已开启")


def test_a_desktop_notification_is_offered_and_comes_while_the_page_is_out_of_sight(
    server: Server, hands: Callable[[str], Hands]
) -> None:
    duty = hands("duty")
    asks = duty.page.get_by_role("button", name="开启桌面通知")
    expect(asks).to_be_visible()
    duty.page.context.grant_permissions(["notifications"], origin=server.address)
    duty.page.add_init_script("""
        window.told = [];
        window.Notification = class { static permission = "granted";
            constructor(title, more) { window.told.push([title, more.body]); } addEventListener() {} };
        Object.defineProperty(document, "visibilityState", {get: () => "hidden"});
    """)
    duty.page.reload()
    expect(duty.page.locator("#lamp")).to_have_attribute("data-state", "alive")
    expect(asks).to_be_hidden()
    alert = server.desk.alert("a1", "青石镇停水两天", level=3)
    expect(duty.card(alert)).to_be_visible()
    assert duty.page.evaluate("window.told") == [["青石镇停水两天", "◆ 重大"]]


def test_a_deadline_is_told_in_text_shape_and_colour(server: Server, hands: Callable[[str], Hands]) -> None:
    alert = server.desk.alert()
    until = hands("duty").card(alert).locator("time")
    expect(until).to_have_text(re.compile("还剩 1[45] 分钟"))
    expect(until).to_have_attribute("data-state", "soon")
    shape, colour = until.evaluate("e => [getComputedStyle(e, '::before').content, getComputedStyle(e).color]")
    assert shape == '"◐"'
    assert colour != "rgb(55, 60, 68)"


def test_a_new_post_on_an_alert_taken_up_raises_it_without_a_reload(
    server: Server, hands: Callable[[str], Hands]
) -> None:
    alert = server.desk.alert()
    server.desk.press("duty", alert, "acknowledge")
    duty = hands("duty")
    expect(duty.card(alert)).not_to_contain_text("有新稿件")
    server.desk.attach(alert, server.desk.post("p2", "青石镇停水第三天", outlet="daily"))
    expect(duty.card(alert)).to_contain_text("有新稿件")
    expect(duty.card(alert)).to_contain_text("2 家信源")
    duty.card(alert).locator("summary").click()
    expect(duty.card(alert).locator("li")).to_have_text(
        ["云泽新闻网: 青石镇部分村庄停水两天", "江州日报: 青石镇停水第三天"]
    )


def test_who_else_has_the_alert_open_is_said_and_a_found_page_comes_into_the_open_form(
    server: Server, hands: Callable[[str], Hands]
) -> None:
    alert = server.desk.alert()
    server.desk.press("duty", alert, "acknowledge")
    server.desk.press("duty", alert, "assign", unit="water-bureau")
    duty, unit = hands("duty"), hands("unit")
    for one in (duty, unit):
        one.page.goto(f"{server.address}/alerts/{alert}")
    expect(unit.page.locator("#present")).to_contain_text("也打开着本预警：值班甲", timeout=15000)
    expect(duty.page.locator("#present")).to_contain_text("水务丙", timeout=15000)
    chosen = unit.page.locator("#step-verify_and_reply [name=address]:checked")
    expect(chosen).to_have_count(0)
    server.desk.post("answer", "青石镇停水情况通报", outlet="government")
    expect(chosen).to_have_value("http://127.0.0.5/answer.html", timeout=15000)


def test_what_an_account_chose_of_its_pages_is_how_they_look(server: Server, hands: Callable[[str], Hands]) -> None:
    duty = hands("duty")
    duty.page.goto(f"{server.address}/settings")
    size = "parseFloat(getComputedStyle(document.documentElement).fontSize)"
    before = duty.page.evaluate(size)
    for name in ("深色", "紧凑", "特大"):
        duty.page.get_by_label(name, exact=True).check()
    duty.page.get_by_role("button", name="保存").click()
    expect(duty.page.locator("html")).to_have_attribute("data-theme", "dark")
    assert duty.page.evaluate(size) > 1.3 * before
    assert duty.page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(18, 22, 28)"


def test_pages_print_without_what_can_only_be_pressed(server: Server, hands: Callable[[str], Hands]) -> None:
    alert = server.desk.alert()
    duty = hands("duty")
    for address in (*PAGES, f"/alerts/{alert}"):
        duty.page.goto(server.address + address)
        duty.page.emulate_media(media="print")
        assert duty.page.locator("button:visible, nav:visible, input:visible, #lamp:visible").count() == 0, address
        expect(duty.page.locator("h1")).to_be_visible()
        duty.page.emulate_media(media="screen")


def test_a_hand_over_prints_on_one_sheet(server: Server, hands: Callable[[str], Hands]) -> None:
    for number in range(12):
        server.desk.alert(f"a{number}", f"青石镇第{number}批村庄停水两天")
    duty = hands("duty")
    duty.page.goto(f"{server.address}/handover")
    printed = duty.page.pdf(format="A4", margin=dict.fromkeys(("top", "bottom", "left", "right"), "12mm"))
    assert len(PdfReader(BytesIO(printed)).pages) == 1


def test_pages_hold_at_twice_the_size(server: Server, browser: Browser, hands: Callable[[str], Hands]) -> None:
    alerts = one_in_each_stage(server.desk)
    duty = hands("duty")
    duty.page.set_viewport_size({"width": 640, "height": 400})  # 1280 by 800 at 200 %
    for address in (*PAGES, *(f"/alerts/{alert}" for alert in alerts.values())):
        duty.page.goto(server.address + address)
        assert duty.page.evaluate("document.documentElement.scrollWidth") <= 640, address


def test_the_wall_says_when_nothing_comes_and_recovers_by_itself(
    server: Server, browser: Browser, hands: Callable[[str], Hands]
) -> None:
    supervisor = hands("supervisor")
    supervisor.page.goto(f"{server.address}/wallboard")
    supervisor.page.get_by_role("button", name="生成大屏地址").click()
    address = supervisor.page.locator("[data-notice] a").get_attribute("href")
    wall = browser.new_page()
    wall.goto(str(address))
    lamp = wall.locator("#wall-lamp")
    expect(lamp).to_contain_text("更新于")
    server.stop()
    expect(lamp).to_have_attribute("data-state", "broken", timeout=20000)
    alert = server.desk.alert("a1", "青石镇停水两天")
    server.start()
    expect(wall.locator("#board")).to_contain_text("青石镇停水两天", timeout=20000)
    expect(lamp).to_have_attribute("data-state", "alive")
    assert alert
    wall.close()
