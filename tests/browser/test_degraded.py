"""The duty page in Chromium while a part is away: the sentence comes and goes by itself, and so does a lost page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from huiying.core.errors import BackendError
from tests.browser.hands import Hands, Server

pytestmark = pytest.mark.browser


def away(*_: object, **__: object) -> object:
    raise BackendError("ledger_failed", detail="-")


def test_the_sentence_comes_and_goes_by_itself(
    server: Server,
    hands: Callable[[str], Hands],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    duty = hands("duty")
    notice = duty.page.locator("#condition")
    expect(notice).to_be_hidden()
    with monkeypatch.context() as broken:
        broken.setattr(server.desk.services.index, "get", away)
        expect(notice).to_contain_text("检索暂不可用（自 10:00 起），新预警照常产生", timeout=20000)
        expect(notice).to_have_attribute("role", "status")
        duty.page.evaluate("document.querySelector('#condition p').dataset.same = 'yes'")
        with duty.page.expect_response(lambda answer: "/duty/condition" in answer.url):
            pass
        duty.page.wait_for_timeout(200)
        expect(notice.locator("p")).to_have_attribute("data-same", "yes")  # nothing new, nothing read out
    expect(notice).to_be_hidden(timeout=20000)


def test_a_page_lost_with_the_ledger_and_a_press_in_vain_recover(
    server: Server,
    hands: Callable[[str], Hands],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alert = server.desk.alert()
    duty, other = hands("duty"), hands("duty2")
    ledger = server.desk.services.ledger
    with monkeypatch.context() as broken:
        for method in ("head", "read", "append", "by_key"):
            broken.setattr(ledger, method, away)
        duty.click(duty.card(alert).get_by_role("button", name="签收"))
        expect(duty.card(alert).get_by_role("alert")).to_have_text("没有记入台账。请稍后再试。")
        expect(duty.page.locator("#condition")).to_contain_text("台账数据库暂不可用", timeout=20000)
        other.page.goto(f"{server.address}/duty")
        expect(other.page.get_by_role("alert")).to_contain_text("台账数据库暂不可用")
    expect(other.card(alert)).to_be_visible(timeout=20000)
    expect(duty.page.locator("#condition")).to_be_hidden(timeout=20000)
    duty.click(duty.card(alert).get_by_role("button", name="签收"))
    expect(duty.card(alert)).to_contain_text("派给县水务局")
    for one in (duty, other):  # a 503 is an error in the browser's console, and is what was wanted
        one.errors[:] = [error for error in one.errors if "503" not in error and "Response Status" not in error]
