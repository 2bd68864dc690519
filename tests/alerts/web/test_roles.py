"""Roles × routes: everybody signed in reads everything, and what may be pressed is the lifecycle's to say."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from alerts.allowed import ROLES
from alerts.vocabulary import CommandType
from tests.alerts.web.conftest import Person
from tests.alerts.web.invented import ACCOUNTS, Invented

LOGINS = ("duty", "unit", "supervisor", "auditor", "viewer", "admin")


@pytest.mark.parametrize("login", LOGINS)
def test_every_role_reads_every_page(desk: Invented, person: Callable[[str], Person], login: str) -> None:
    alert = desk.alert()
    one = person(login)
    for address in (
        "/duty", "/duty?show=finished", "/duty/alarms", "/duty/changes?after=0", f"/alerts/{alert}", "/search",
        "/search/saved", "/outlets", "/figures", "/figures/alerts?period=2026&of=in_progress",
    ):  # fmt: skip
        one.page(address)


@pytest.mark.parametrize("login", LOGINS)
def test_only_the_commands_of_the_role_have_a_form(desk: Invented, person: Callable[[str], Person], login: str) -> None:
    page = person(login).page(f"/alerts/{desk.alert()}")
    for type in CommandType:
        if ACCOUNTS[login].role not in ROLES[type]:
            assert f'id="step-{type}"' not in page


@pytest.mark.parametrize("login", LOGINS)
def test_a_command_of_another_role_is_not_allowed(desk: Invented, person: Callable[[str], Person], login: str) -> None:
    alert = desk.alert()
    one = person(login)
    for type in CommandType:
        if ACCOUNTS[login].role not in ROLES[type]:
            status, answer = one.call("POST", f"/alerts/{alert}/commands", json={"type": type, "payload": {}})
            assert status == 403, (type, answer)
            assert answer["sentence"]
    assert len(desk.services.view.events(alert)) == 1


@pytest.mark.parametrize("login", [login for login in LOGINS if login != "duty"])
def test_only_the_duty_desk_opens_by_hand(desk: Invented, person: Callable[[str], Person], login: str) -> None:
    post = desk.post("p1", "青石镇停水")
    one = person(login)
    fields = {"token": one.token, "post": post.id, "why": "x", "level": "1"}
    assert one.client.post("/alerts", data=fields).status_code == 403
