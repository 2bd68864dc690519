"""The wallboard's address shows open alerts to whoever has it, and opens nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import structlog

from alerts.web.visits import COOKIE
from huiying.core.errors import BackendError
from tests.alerts.web.conftest import Person
from tests.alerts.web.invented import NAMES, Invented
from tests.clock import SettableClock


def made(one: Person) -> str:
    """Let `one` make an address; return its path."""
    answer = one.client.post("/wallboard", data={"token": one.token})
    found = re.search(r'href="http://desk\.test(/wall/[\w-]+)"', answer.text)
    assert found, answer.text
    return found[1]


def test_the_wall_shows_alerts_without_a_log_in_and_no_person(
    desk: Invented, person: Callable[[str], Person], stranger: Person
) -> None:
    alert = desk.alert(title="青石镇停水三天", level=3)
    desk.press("duty", alert, "acknowledge")
    desk.press("duty", alert, "assign", unit="water-bureau")
    desk.alert("a2", "县城停水")
    page = stranger.page(made(person("supervisor")))
    for told in ("青石镇停水三天", "◆", "重大", "县水务局", "县城停水", "还剩", "演示"):
        assert told in page
    assert not any(name in page for name in NAMES.values())
    assert "<form" not in page
    assert "<button" not in page


def test_the_address_signs_nobody_in(desk: Invented, person: Callable[[str], Person], stranger: Person) -> None:
    secret = made(person("supervisor")).rpartition("/")[2]
    for cookie in (secret, f"wallboard:{secret}"):
        stranger.client.cookies.set(COOKIE, cookie)
        assert stranger.client.get("/duty").status_code == 303


def test_a_revoked_or_old_address_shows_nothing(
    desk: Invented, person: Callable[[str], Person], stranger: Person, clock: SettableClock
) -> None:
    supervisor, admin = person("supervisor"), person("admin")
    first, other = made(supervisor), made(admin)
    supervisor.client.post("/wallboard/revoke", data={"token": supervisor.token})
    assert "已撤销" in stranger.page(first, 404)
    stranger.page(f"{first}/board", 404)
    stranger.page(other)
    clock.forward(days=367)
    stranger.page(other, 404)


@pytest.mark.parametrize("who", ["viewer", "duty", "unit", "auditor"])
def test_others_make_no_address(person: Callable[[str], Person], who: str) -> None:
    one = person(who)
    assert 'action="/wallboard"' not in one.page("/wallboard")
    assert one.client.post("/wallboard", data={"token": one.token}).status_code == 403


def test_the_address_stands_in_no_log(
    desk: Invented, person: Callable[[str], Person], stranger: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with structlog.testing.capture_logs() as logs:
        path = made(person("supervisor"))

        def away(*_: object) -> None:
            raise BackendError("store_failed", detail="-")

        monkeypatch.setattr(desk.services.store.accounts, "session", away)
        assert stranger.client.get(path).status_code == 503
    assert [line["event"] for line in logs] == ["wallboard_made", "backend_failed"]
    assert path.rpartition("/")[2] not in str(logs)
