"""`huiying capture show`: what was fetched, found again by its id; who looked stands in the ledger."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alerts.events import EventType
from huiying.cli import app
from huiying.core.codec import instant
from huiying.core.errors import HuiyingError, Refused
from huiying.core.model import Draft, Event, Response, Role
from huiying.init import create_ledger
from huiying.people import new_account
from huiying.wiring import open_desk

PAGE = Response(
    "https://www.gov.example/1.html",
    200,
    (("Content-Type", "text/html"),),
    "停水通报".encode(),
    instant("2026-03-02T10:00:00+08:00"),
    (("User-Agent", "Huiying/1"),),
)


@pytest.fixture
def cited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("HUIYING_PASSWORD", "p" * 9)
    monkeypatch.setenv("HUIYING_LANGUAGE", "zh")
    (tmp_path / "huiying.toml").write_text('desk = "county"\ntitle = "t"\ncontact = "a@b.cn"\n', encoding="utf-8")
    create_ledger(tmp_path, "office")
    runtime = open_desk(tmp_path)
    for login, role in (("shenji", "auditor"), ("admin", "administrator")):
        runtime.store.accounts.add(new_account(login, "p" * 9, f"{login}某", role, None, "zh"))
    reference = runtime.captures.put(PAGE)
    runtime.ledger.append([Draft(EventType.POST_GONE, "A1", "system", Role.SYSTEM, payload={"capture": reference})])
    runtime.close()
    return reference


def opened(folder: Path) -> list[Event]:
    runtime = open_desk(folder)
    found = [event for event in runtime.ledger.read() if event.type == EventType.CAPTURE_OPENED]
    runtime.close()
    return found


def run(folder: Path, *more: str) -> str:
    done = CliRunner().invoke(app, ["capture", "show", *more, "--desk", str(folder)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def test_it_prints_what_was_fetched_and_records_who_looked(tmp_path: Path, cited: str) -> None:
    printed = run(tmp_path, cited, "--as", "shenji", "--out", str(tmp_path / "page.html"))
    for part in (
        PAGE.address,
        "200",
        hashlib.sha256(PAGE.body).hexdigest(),
        "> User-Agent: Huiying/1",
        "< Content-Type",
    ):
        assert part in printed
    assert (tmp_path / "page.html").read_bytes() == PAGE.body
    (event,) = opened(tmp_path)
    assert (event.alert, event.role, event.payload) == ("A1", "auditor", {"capture": cited})
    run(tmp_path, cited, "--as", "shenji")
    assert len(opened(tmp_path)) == 1


def test_what_is_not_held_and_an_administrator_record_nothing(tmp_path: Path, cited: str) -> None:
    with pytest.raises(HuiyingError) as missing:
        run(tmp_path, "2026-01-27/000001:9", "--as", "shenji")
    assert missing.value.code == "capture_missing"
    with pytest.raises(Refused, match="administrator_opens_none"):
        run(tmp_path, cited, "--as", "admin")
    assert opened(tmp_path) == []
