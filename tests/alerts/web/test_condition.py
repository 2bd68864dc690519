"""What the pages say while something is away, the probes' answers, and that neither asks a backend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import NoReturn

import pytest
from fastapi import FastAPI

from alerts.web.app import build
from huiying.core.errors import BackendError
from huiying.core.health import RoleReport
from tests.alerts.web.conftest import Person
from tests.alerts.web.invented import Invented
from tests.clock import SettableClock


def away(*_: object, **__: object) -> NoReturn:
    raise BackendError("index_failed", detail="http://elastic:SECRET@10.0.0.9:9200 refused")


def break_index(desk: Invented, monkeypatch: pytest.MonkeyPatch) -> None:
    for method in ("get", "search", "counts"):
        monkeypatch.setattr(desk.services.index, method, away)


def break_ledger(desk: Invented, monkeypatch: pytest.MonkeyPatch) -> None:
    for method in ("head", "read", "append"):
        monkeypatch.setattr(desk.services.ledger, method, away)


def test_the_duty_page_says_what_is_away_since_when_and_what_still_works(
    app: FastAPI, desk: Invented, person: Callable[[str], Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    duty = person("duty")
    assert "检索暂不可用" not in duty.page("/duty")
    break_index(desk, monkeypatch)
    app.state.condition.ask()
    page = duty.page("/duty")
    assert "检索暂不可用（自 10:00 起），新预警照常产生" in page
    assert 'role="status"' in page


def test_it_goes_by_itself(app: FastAPI, desk: Invented, stranger: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        break_index(desk, broken)
        app.state.condition.ask()
        assert "检索暂不可用" in stranger.page("/duty/condition")
    app.state.condition.ask()
    assert stranger.page("/duty/condition").strip() == ""


def test_it_is_told_without_ledger_and_store_in_the_language_and_zone_asked_for(
    app: FastAPI, desk: Invented, stranger: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_ledger(desk, monkeypatch)
    app.state.condition.ask()
    for part in ("accounts", "crawl", "alarms", "cursors"):
        monkeypatch.setattr(desk.services.store, f"_{part}", None, raising=False)
    assert "since 02:00" in stranger.page("/duty/condition?language=en&zone=UTC")
    assert "自 10:00 起" in stranger.page("/duty/condition?language=xx&zone=../../etc")


def test_an_earlier_day_is_named(
    app: FastAPI, desk: Invented, stranger: Person, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.state.condition.health.failed("index")
    clock.forward(hours=20)
    assert "自 3月10日 10:00 起" in stranger.page("/duty/condition")


def test_a_silent_role_and_piled_up_posts_are_told(desk: Invented, clock: SettableClock) -> None:
    now = clock.now()
    reports = [
        RoleReport("crawl", now - timedelta(minutes=3)),
        RoleReport("process", now, {}, {"posts_found": (1200, now - timedelta(minutes=8))}),
    ]
    one = Person(build(replace(desk.services, reports=lambda: reports)))
    told = one.page("/duty/condition")
    assert "信源读取程序没有响应（自 09:57 起）" in told
    assert "待处理的稿件积压 1200 篇（自 09:52 起）" in told
    one.client.close()


def test_search_is_one_sentence_while_the_index_is_away(
    desk: Invented, person: Callable[[str], Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    break_index(desk, monkeypatch)
    page = person("duty").page("/search?words=停水", status=503)
    assert "检索暂不可用，请稍后再试" in page
    assert 'value="停水"' in page
    assert "SECRET" not in page
    assert "共 0" not in page


def test_a_page_that_needs_the_ledger_says_one_sentence_and_comes_back_by_itself(
    desk: Invented, person: Callable[[str], Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    duty = person("duty")
    break_ledger(desk, monkeypatch)
    page = duty.page("/duty", status=503)
    assert "恢复后本页自动打开" in page
    assert "return.js" in page
    assert "SECRET" not in page
    posted = duty.client.post("/duty/x/acknowledge", data={"token": duty.token})
    assert posted.status_code == 503
    assert "return.js" not in posted.text  # asking again would record again, or lose what was typed


def test_ready_with_ledger_and_store_whatever_the_index_does(
    app: FastAPI, desk: Invented, stranger: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stranger.client.get("/readyz").status_code == 503  # nothing has answered yet
    break_index(desk, monkeypatch)
    app.state.condition.ask()
    answer = stranger.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "role": "desk",
        "degraded": ["index"],
        "since": "2026-03-10T02:00:00.000000Z",
    }


def test_not_ready_once_the_ledger_is_silent(
    app: FastAPI, desk: Invented, stranger: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.state.condition.ask()
    assert stranger.client.get("/readyz").status_code == 200
    break_ledger(desk, monkeypatch)
    app.state.condition.health.needs = frozenset({"ledger", "store", "never-asked"})
    app.state.condition.ask()
    answer = stranger.client.get("/readyz")
    assert answer.status_code == 503
    assert "SECRET" not in answer.text
    assert "10.0.0.9" not in answer.text


def test_probes_and_sentences_ask_no_backend(desk: Invented, stranger: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a backend was asked")

    for port, methods in (
        (desk.services.ledger, ("head", "read")),
        (desk.services.index, ("get", "search")),
        (desk.services.store.cursors, ("get",)),
    ):
        for method in methods:
            monkeypatch.setattr(port, method, asked)
    for address in ("/healthz", "/readyz", "/duty/condition"):
        assert stranger.client.get(address).status_code in (200, 503)


def test_what_is_degraded_is_looked_up_once_in_two_seconds(desk: Invented) -> None:
    looked: list[int] = []

    def reports() -> list[RoleReport]:
        looked.append(1)
        return []

    one = Person(build(replace(desk.services, reports=reports)))
    for _ in range(20):
        one.page("/duty/condition")
    assert len(looked) == 1
    one.client.close()


def test_the_process_lives_while_its_loop_turns(app: FastAPI, stranger: Person) -> None:
    assert stranger.client.get("/healthz").json() == {"living": True, "role": "desk"}
    app.state.condition.health._turned -= 61
    assert stranger.client.get("/healthz").status_code == 503


def test_an_error_page_has_the_menu_for_who_is_signed_in_alone(
    person: Callable[[str], Person], stranger: Person
) -> None:
    for address in ("/nothing", "/alerts/A000000000000"):
        assert 'href="/search"' in person("duty").page(address, 404)
    assert 'href="/search"' not in stranger.page("/nothing", 404)
    assert "没有这个页面" in stranger.page("/nothing", 404)
