"""The page of one alert: how its criteria stand and why, who else has it open, and pages found while it stands open."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from tests.alerts.web.conftest import Person
from tests.alerts.web.invented import Invented
from tests.clock import SettableClock

PAGE = "http://127.0.0.5/answer.html"


def row(page: str, criterion: str) -> str:
    found = re.search(rf'<tr data-criterion="{criterion}".*?</tr>', page, re.S)
    assert found
    return " ".join(re.sub(r"<[^>]*>", " ", found[0]).split())


def test_each_criterion_says_verdict_instant_and_what_is_missing(
    desk: Invented, person: Callable[[str], Person], clock: SettableClock
) -> None:
    alert = desk.alert()
    clock.forward(minutes=20)
    desk.press("duty", alert, "acknowledge")
    desk.press("duty", alert, "assign", unit="water-bureau")
    evidence = [{"kind": "address", "value": PAGE}]
    events = desk.press("unit", alert, "verify_and_reply", finding="true", evidence=evidence, address=PAGE)
    page = person("viewer").page(f"/alerts/{alert}")
    assert "✕ 不符合" in row(page, "C1")
    assert "超时 5分钟" in row(page, "C1")
    assert "责任： 值班台" in row(page, "C1").replace("责任：", "责任： ")
    assert "✓ 符合" in row(page, "C2")
    assert f"#{events[0].seq}" in row(page, "C2")
    assert "… 未到期" in row(page, "C3")
    assert "等待抓取存证" in row(page, "C3")
    assert "缺少处置结果" in row(page, "C4")
    assert f'href="/alerts/{alert}#event-{events[0].seq}"' in page


def test_how_late_an_opening_by_hand_was_is_shown(desk: Invented, person: Callable[[str], Person]) -> None:
    alert = desk.alert()
    assert "手动建立，比最早的报道晚 10分钟" in person("viewer").page(f"/alerts/{alert}")


def test_a_mute_is_visible_on_card_and_page(desk: Invented, person: Callable[[str], Person]) -> None:
    alert = desk.alert()
    desk.press("duty", alert, "mute", hours=4, reason="同一事项已在处理")
    viewer = person("viewer")
    assert "提醒暂停至 3月10日 14:00：同一事项已在处理" in viewer.page(f"/alerts/{alert}")
    assert 'data-muted="1"' in viewer.page("/duty")


def test_the_page_says_who_else_has_it_open(
    desk: Invented, person: Callable[[str], Person], clock: SettableClock
) -> None:
    alert = desk.alert()
    duty, other = person("duty"), person("duty2")
    assert duty.page(f"/alerts/{alert}/present").strip() == ""
    told = other.page(f"/alerts/{alert}/present")
    assert "也打开着本预警：值班甲" in told
    assert "同一服务程序" in told
    assert "值班乙" in duty.page(f"/alerts/{alert}/present")
    clock.forward(seconds=30)
    assert duty.page(f"/alerts/{alert}/present").strip() == ""


def test_a_page_found_later_is_offered_and_what_was_chosen_stays(
    desk: Invented, person: Callable[[str], Person], clock: SettableClock
) -> None:
    alert = desk.alert()
    desk.press("duty", alert, "acknowledge")
    desk.press("duty", alert, "assign", unit="water-bureau")
    unit, pages = person("unit"), f"/alerts/{alert}/pages"
    assert 'type="radio"' not in unit.page(pages)
    desk.post("answer", "青石镇停水情况通报", outlet="government")
    assert f'value="{PAGE}" checked' in unit.page(pages)
    assert 'value="typed" checked' in unit.page(f"{pages}?address=typed&address_typed=http://127.0.0.5/mine.html")
    clock.forward(minutes=1)
    desk.post("newer", "青石镇停水情况再通报", outlet="government")
    assert f'value="{PAGE}" checked' in unit.page(f"{pages}?address={PAGE}")
    assert 'value="http://127.0.0.5/newer.html" checked' in unit.page(pages)


def test_a_new_post_on_an_alert_that_was_acknowledged_raises_it_until_somebody_acts(
    desk: Invented, person: Callable[[str], Person]
) -> None:
    alert = desk.alert()
    desk.press("duty", alert, "acknowledge")
    duty = person("duty")
    assert "data-raised" not in duty.page("/duty")
    desk.attach(alert, desk.post("p2", "青石镇停水第三天"))
    assert "data-raised" in duty.page("/duty")
    desk.press("duty", alert, "note", text="已看到续报")
    assert "data-raised" not in duty.page("/duty")


def test_an_alert_that_nobody_has_acknowledged_waits_and_is_not_raised(
    desk: Invented, person: Callable[[str], Person]
) -> None:
    alert = desk.alert()
    desk.attach(alert, desk.post("p2", "青石镇停水第三天"))
    page = person("duty").page("/duty")
    assert "data-raised" not in page
    assert "data-waits" in page
    assert timedelta(0) < desk.services.view.alerts()[0].due - desk.services.clock.now()


def test_what_the_page_of_a_reply_must_name_is_said_before_the_button(
    desk: Invented, person: Callable[[str], Person]
) -> None:
    alert = desk.alert()
    desk.press("duty", alert, "acknowledge")
    desk.press("duty", alert, "assign", unit="water-bureau")
    page = person("unit").page(f"/alerts/{alert}")
    assert "页面须写明主题（供水）和地点（青石镇）" in page
    assert page.index("页面须写明主题") < page.index('data-command="verify_and_reply"')
