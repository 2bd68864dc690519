"""axe-core finds nothing on any page: light and dark, Chinese and English, wide and narrow, with every fold open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from alerts.vocabulary import Stage
from huiying.core.errors import BackendError
from tests.alerts.web.invented import ACCOUNTS
from tests.browser.hands import Hands, Server
from tests.browser.stages import one_in_each_stage, with_a_change, with_evidence, with_sources

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
LOOKS = list(product(("light", "dark"), (1440, 360)))
# Whose turn it is in which stage: that account sees the most of the page.
UNITS = (Stage.ASSIGNED, Stage.VERIFIED, Stage.REPLIED, Stage.RESOLVED)
SUPERVISORS = (Stage.PUBLISHED, Stage.CONFIRMED, Stage.DISMISSED)


def pages(server: Server) -> dict[str, list[str]]:
    """Fill the desk, and return the address of every page that it has then, by the account that looks."""
    desk = server.desk
    alerts = one_in_each_stage(desk)
    with_sources(desk)
    capture = with_evidence(desk, alerts[Stage.REPLIED])
    changed = with_a_change(desk)
    desk.services.office.save_search(ACCOUNTS["duty"], "停水", "停水 OR 断水")
    report = desk.services.papers.issue("2026-W11", None)
    return {
        "duty": [
            *(
                "/duty",
                "/duty?show=finished",
                "/search?words=停水",
                "/search?place=nowhere",
                "/outlets",
                "/handover",
                "/search/saved",
            ),
            *("/figures", "/figures?period=2026-W11", "/figures?period=wrong"),
            *("/figures/alerts?period=2026-W11&of=in_progress", f"/reports?issued={report}", capture, changed),
            *("/nothing", "/alerts/A000000000000"),
            *(f"/alerts/{alert}" for stage, alert in alerts.items() if stage not in (*UNITS, *SUPERVISORS)),
        ],
        "unit": [f"/alerts/{alerts[stage]}" for stage in UNITS],
        "supervisor": [
            *("/rules", "/rules?topic=water&place=青石镇", "/settings", "/wallboard"),
            *(f"/alerts/{alerts[stage]}" for stage in SUPERVISORS),
            f"/alerts/{alerts[Stage.OPENED]}",
        ],
    }


@pytest.mark.parametrize("language", ["zh", "en"])
def test_axe_finds_nothing(server: Server, hands: Callable[[str], Hands], language: str) -> None:
    accounts = server.desk.services.store.accounts
    for account in accounts.all():
        accounts.save(replace(account, language=language))
    found = []
    for who, addresses in pages(server).items():
        person = hands(who)
        for address in addresses:
            person.page.goto(server.address + address)
            person.page.locator("details").evaluate_all("folds => folds.forEach(fold => fold.open = true)")
            found += [f"{who} {address} {each}" for each in wrong(person.page)]
        person.errors = [error for error in person.errors if "404" not in error and "422" not in error]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_axe_finds_nothing_before_the_log_in_and_while_the_ledger_is_away(
    browser: Browser, server: Server, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    page = browser.new_page()
    page.goto(f"{server.address}/login?language={language}")
    found = wrong(page)
    page.fill("[name=login]", "nobody")
    page.fill("[name=password]", "wrong-password")
    page.locator("main button").click()
    found += wrong(page)

    def away(*_: object, **__: object) -> object:
        raise BackendError("ledger_failed", detail="-")

    monkeypatch.setattr(server.desk.services.ledger, "read", away)
    page.goto(f"{server.address}/login")
    found += wrong(page)
    page.close()
    assert not found, "\n".join(found)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_axe_finds_nothing_on_the_wall_and_among_rules_that_were_tried(
    browser: Browser, server: Server, hands: Callable[[str], Hands], language: str
) -> None:
    one_in_each_stage(server.desk)
    page = hands("supervisor").page
    page.goto(f"{server.address}/rules")
    page.get_by_role("button", name="试一试").click()
    expect(page.locator("#tried")).to_contain_text("会建立")
    page.locator("details").evaluate_all("folds => folds.forEach(fold => fold.open = true)")
    found = wrong(page)
    page.goto(f"{server.address}/wallboard")
    page.get_by_role("button", name="生成大屏地址").click()
    found += wrong(page)
    address = page.locator("[data-notice] a").get_attribute("href")
    screen = browser.new_page()
    screen.goto(f"{address}?language={language}")
    found += wrong(screen)
    screen.close()
    assert not found, "\n".join(found)


def wrong(page: Page) -> list[str]:
    """Return what axe-core objects to in each look, one line an element, and what is wider than the screen."""
    found = []
    for scheme, width in LOOKS:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        answer = Axe().run(page).response
        found += [
            f"{scheme} {width} {violation['id']} {node['target']} {node['failureSummary'].splitlines()[-1].strip()}"
            for violation in answer["violations"]
            for node in violation["nodes"]
        ]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"{scheme} {width} is wider than the screen")
    return found
