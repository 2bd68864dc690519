"""The whole way in real Chromium over the real roles: from a post in a loopback feed to a confirmed alert."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from alerts.events import EventType
from tests.flow.office import PASSWORD, RunningOffice, wait_for
from tests.flow.water import Feed, water_texts
from tests.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

NEWS = "北京市朝阳区一小区停水两天 三百户居民盼水来"
BODY = "北京市朝阳区一小区因供水管道破裂停水两天，三百多户居民用水困难，抢修正在进行，居民希望尽快恢复供水。"
REPLY = "关于朝阳区停水情况的通报"
SAID = "北京市朝阳区水务局通报：朝阳区一小区停水系供水管道破裂所致，已安排送水车，预计今晚恢复供水。"

EXPECTED = (
    *(EventType.OPENED, EventType.POST_ATTACHED, EventType.ACKNOWLEDGED, EventType.ASSIGNED, EventType.VERIFIED),
    *(EventType.REPLIED, EventType.CAPTURED, EventType.RESOLVED, EventType.OUTCOME_PUBLISHED, EventType.CAPTURED),
    EventType.CONFIRMED,
)


@pytest.fixture
def sites() -> Iterator[tuple[Feed, Feed]]:
    with Site("127.0.0.51") as news, Site("127.0.0.52") as official:
        yield Feed(news), Feed(official)


@pytest.fixture
def office(tmp_path: Path, sites: tuple[Feed, Feed]) -> Iterator[RunningOffice]:
    with RunningOffice(tmp_path / "desk", water_texts(sites[0].site, sites[1].site), None) as running:
        running.client("auditor")
        yield running


@pytest.fixture
def contexts(browser: Browser) -> Iterator[list[BrowserContext]]:
    opened: list[BrowserContext] = []
    yield opened
    for context in opened:
        context.close()


def enter(browser: Browser, contexts: list[BrowserContext], office: RunningOffice, login: str) -> Page:
    """Log in as `login` in a browser context of its own."""
    contexts.append(browser.new_context(locale="zh-CN"))
    page = contexts[-1].new_page()
    page.goto(f"http://127.0.0.1:{office.port}/login")
    page.fill("[name=login]", login)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    expect(page.locator("#lamp")).to_have_attribute("data-state", "alive")
    return page


def test_from_a_post_in_a_feed_to_the_end_over_kills_of_every_role(
    browser: Browser, contexts: list[BrowserContext], office: RunningOffice, sites: tuple[Feed, Feed]
) -> None:
    news, official = sites
    duty = enter(browser, contexts, office, "duty")
    duty.evaluate("window.neverReloaded = true")
    news.publish("/1.html", NEWS, BODY)
    card = duty.locator(".card", has_text=NEWS)
    expect(card).to_be_visible(timeout=20_000)

    office.kill("desk")
    office.kill("watch")
    news.publish("/2.html", f"{NEWS}（续）", BODY)
    for role in ("crawl", "process"):
        office.kill(role)
    expect(duty.locator("#lamp")).to_have_attribute("data-state", "alive", timeout=30_000)
    expect(duty.locator(".card")).to_have_count(1)
    alert = card.get_attribute("data-alert")
    wait_for(lambda: EventType.POST_ATTACHED in [event.type for event in office.events()], 30)

    card.get_by_role("button", name="签收").click()
    card.get_by_role("button", name="派给水务局").click()
    expect(card).to_contain_text("责任单位：水务局")

    reply = official.publish("/reply.html", REPLY, SAID)
    unit = enter(browser, contexts, office, "unit")
    verify = unit.locator("#step-verify_and_reply")
    wait_for(lambda: found(unit, office, alert or "", reply), 30)
    verify.get_by_label("属实", exact=True).click()
    verify.locator(f"[name=address][value='{reply}']").check()
    verify.get_by_role("button", name="登记核实和回应").click()
    expect(unit.locator("[data-notice]")).to_contain_text("核实并回应")
    wait_for(lambda: EventType.CAPTURED in [event.type for event in office.events()], 30)

    outcome = official.publish("/outcome.html", f"{REPLY}（结果）", f"{SAID}现已恢复供水，水质检测合格。")
    wait_for(lambda: found(unit, office, alert or "", outcome), 30)
    resolve = unit.locator("#step-resolve_and_publish")
    resolve.get_by_label("已解决", exact=True).click()
    resolve.locator("[name=done]").fill("管道已更换，恢复供水")
    resolve.locator(f"[name=address][value='{outcome}']").check()
    resolve.get_by_role("button", name="登记处置结果和公布").click()
    expect(unit.locator("[data-notice]")).to_contain_text("处置并公布结果")

    supervisor = enter(browser, contexts, office, "supervisor")
    supervisor.goto(f"http://127.0.0.1:{office.port}/alerts/{alert}")
    supervisor.locator("#step-confirm").get_by_role("button", name="确认办结").click()
    expect(supervisor.locator("header .tag").first).to_contain_text("已确认办结")
    expect(duty.locator(".card")).to_have_count(0)
    assert duty.evaluate("window.neverReloaded") is True
    check_ledger(office, alert or "")


def found(page: Page, office: RunningOffice, alert: str, address: str) -> bool:
    """Say whether the alert's page offers `address` among the pages that the crawler found."""
    page.goto(f"http://127.0.0.1:{office.port}/alerts/{alert}")
    return page.locator(f"[name=address][value='{address}']").count() > 0


def check_ledger(office: RunningOffice, alert: str) -> None:
    """See that nothing was missed or doubled, and that both pages were captured and name topic and place."""
    wait_for(lambda: [event.type for event in office.events()].count(EventType.CAPTURED) == 2, 30)
    events = [event for event in office.events() if event.alert == alert]
    types = [event.type for event in events if event.type != EventType.ESCALATED]
    assert Counter(types) == Counter(EXPECTED)
    captured = [event.payload for event in events if event.type == EventType.CAPTURED]
    assert [(payload["topic_named"], payload["place_named"]) for payload in captured] == [(True, True)] * 2
    assert events[0].recorded_at < events[-1].recorded_at < events[0].recorded_at + timedelta(minutes=5)
    assert office.runtime.ledger.verify() == office.events()[-1].seq
    assert re.fullmatch("A[0-9a-f]{12}", alert)
