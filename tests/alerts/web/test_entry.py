"""Logging in: sessions, limits, and nothing learnt from failures."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from fastapi import FastAPI

from alerts.web import accounts, entry
from alerts.web.accounts import hash_password, password_fits
from alerts.web.visits import COOKIE, session_id
from huiying.core.errors import Refused
from tests.alerts.web.conftest import Person
from tests.alerts.web.invented import PASSWORD, Invented
from tests.clock import SettableClock


def test_a_short_password_is_refused() -> None:
    with pytest.raises(Refused, match="password_short"):
        hash_password("1234567")


def test_a_hash_fits_its_password_only() -> None:
    hashed = hash_password(PASSWORD)
    assert hashed.startswith("$argon2id$")
    assert password_fits(PASSWORD, hashed)
    assert not password_fits(PASSWORD + "x", hashed)
    assert not password_fits(PASSWORD, None)


def test_the_cookie_is_out_of_reach_and_the_store_holds_only_its_hash(desk: Invented, stranger: Person) -> None:
    stranger.log_in("duty")
    secret = stranger.client.cookies[COOKIE]
    store = desk.services.store.accounts
    assert store.session(session_id(secret), desk.services.clock.now())
    assert store.session(secret, desk.services.clock.now()) is None


def test_the_cookie_is_httponly_and_strict(stranger: Person) -> None:
    body = {"login": "duty", "password": PASSWORD}
    set_cookie = stranger.client.post("/api/v1/session", json=body).headers["set-cookie"]
    assert "HttpOnly" in set_cookie
    assert "SameSite=strict" in set_cookie


def test_a_wrong_password_says_nothing_about_the_account(stranger: Person) -> None:
    texts = {stranger.client.post("/api/v1/session", json={"login": who, "password": "wrong"}).text for who in
             ("duty", "nobody")}  # fmt: skip
    assert len(texts) == 1


def test_an_unknown_login_is_compared_too(desk: Invented, stranger: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str | None] = []
    monkeypatch.setattr(accounts, "password_fits", lambda password, hashed: compared.append(hashed))
    stranger.log_in("nobody")
    assert compared == [None]


def test_an_inactive_account_stays_outside(desk: Invented, stranger: Person, person: Callable[[str], Person]) -> None:
    inside = person("duty")
    store = desk.services.store.accounts
    account = store.by_login("duty")
    assert account
    store.save(replace(account, active=False))
    assert stranger.log_in("duty") == 401
    assert inside.client.get("/duty").status_code == 303


def test_ten_failures_close_the_login_for_fifteen_minutes(
    desk: Invented, app: FastAPI, stranger: Person, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as quick:
        quick.setattr(accounts, "password_fits", lambda password, hashed: False)
        statuses = [stranger.log_in("duty", "wrong") for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    assert stranger.log_in("duty") == 429
    clock.forward(minutes=16)
    assert stranger.log_in("duty") == 303


def test_ten_failures_close_the_address_for_every_login(stranger: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as quick:
        quick.setattr(accounts, "password_fits", lambda password, hashed: False)
        for number in range(10):
            stranger.log_in(f"guess{number}", "wrong")
    assert stranger.log_in("duty") == 429


def test_a_session_ends_after_twelve_hours_and_slides_with_use(
    person: Callable[[str], Person], clock: SettableClock
) -> None:
    duty = person("duty")
    for _ in range(3):
        clock.forward(hours=11)
        assert duty.client.get("/duty").status_code == 200
    clock.forward(hours=12, seconds=1)
    assert duty.client.get("/duty").status_code == 303


def test_what_a_page_asks_by_itself_does_not_keep_a_session_open(
    person: Callable[[str], Person], clock: SettableClock
) -> None:
    duty = person("duty")
    for _ in range(2):
        clock.forward(hours=7)
        answer = duty.client.get("/duty/changes?after=0", headers={"huiying-quiet": "1"})
    assert answer.status_code == 401


def test_logging_out_ends_the_session(desk: Invented, person: Callable[[str], Person]) -> None:
    duty = person("duty")
    secret = duty.client.cookies[COOKIE]
    duty.client.post("/logout", data={"token": duty.token})
    duty.client.cookies.set(COOKIE, secret)
    assert duty.client.get("/duty").status_code == 303


@pytest.mark.parametrize("after", ["//evil.test", "https://evil.test", "/\\evil.test"])
def test_nobody_is_led_to_another_site(stranger: Person, after: str) -> None:
    page = stranger.client.get("/login").text
    from tests.alerts.web.conftest import field

    fields = {"token": field(page, "token"), "login": "duty", "password": PASSWORD, "next": after}
    assert stranger.client.post("/login", data=fields).headers["location"] == "/"


def test_the_language_is_the_account_s(person: Callable[[str], Person]) -> None:
    duty = person("duty")
    assert "值班" in duty.page("/duty")
    duty.client.post("/language", data={"token": duty.token, "language": "en", "next": "/duty"})
    assert 'lang="en"' in duty.page("/duty")
    assert "Duty" in person("duty").page("/duty")


def test_many_wrong_passwords_at_once_are_counted_one_by_one(desk: Invented, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []

    def slow(password: str, hashed: str | None) -> bool:
        checked.append(password)
        time.sleep(0.01)
        return False

    monkeypatch.setattr(accounts, "password_fits", slow)

    def attempt() -> None:
        with contextlib.suppress(entry.WrongPassword, entry.TooManyFailures):
            entry.enter(desk.services, "duty", "wrong", "127.0.0.9")

    threads = [threading.Thread(target=attempt) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(checked) == accounts.FAILURES


def test_failures_of_the_command_and_of_the_page_count_together(desk: Invented) -> None:
    held, now = desk.services.store.accounts, desk.services.clock.now()
    for _ in range(5):
        with pytest.raises(entry.WrongPassword):
            accounts.recognised(held, "duty", "wrong-password", now)
        with pytest.raises(entry.WrongPassword):
            entry.enter(desk.services, "duty", "wrong-password", "192.0.2.1")
    with pytest.raises(entry.TooManyFailures):
        entry.enter(desk.services, "duty", "wrong-password", "192.0.2.9")
    with pytest.raises(entry.TooManyFailures):
        accounts.recognised(held, "duty", "wrong-password", now)
