"""A desk on real embedded backends, and people who use it through HTTP."""

from __future__ import annotations

import re
import shutil
import warnings
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import pytest
from fastapi import FastAPI

from alerts.web.app import build
from alerts.web.visits import COOKIE, open_session
from tests.alerts.web.invented import PASSWORD, Invented, invented
from tests.clock import SettableClock

with warnings.catch_warnings():
    # Starlette's test client asks for httpx2; with httpx it works the same.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient


class Person:
    """A browser with one account: forms carry the token that the page gave."""

    def __init__(self, app: FastAPI) -> None:
        self.client = TestClient(app, base_url="http://desk.test", follow_redirects=False)
        self.token = ""

    def log_in(self, login: str, password: str = PASSWORD) -> int:
        """Log in through the form; return the status."""
        page = self.client.get("/login").text
        fields = {"token": field(page, "token"), "login": login, "password": password, "next": "/duty"}
        status = self.client.post("/login", data=fields).status_code
        if status == 303:
            self.token = field(self.client.get("/duty").text, "token")
        return status

    def page(self, address: str, status: int = 200) -> str:
        """Return a page's HTML."""
        answer = self.client.get(address)
        assert answer.status_code == status, answer.text
        return answer.text

    def press(self, alert: str, type: str, status: int = 303, **fields: str) -> str:
        """Fill in and submit one form of the alert's page as it stands now, unless `expected` is given."""
        page = self.page(f"/alerts/{alert}")
        seen = re.search(r'data-seq="(\d+)"', page)
        assert seen
        ready = {"token": self.token, "type": type, "expected": seen[1], "key": f"{type}-{seen[1]}"} | fields
        answer = self.client.post(f"/alerts/{alert}/commands", data=ready)
        assert answer.status_code == status, answer.text
        return answer.text

    def call(self, method: str, path: str, **more: object) -> tuple[int, dict[str, object]]:
        """Call the API with the token."""
        answer = self.client.request(method, f"/api/v1{path}", headers={"X-Huiying-Token": self.token}, **more)  # type: ignore[arg-type]
        return answer.status_code, answer.json()


def field(page: str, name: str) -> str:
    """Return the value of the first hidden field called `name`."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return unescape(found[1])


START = "2026-03-10T10:00:00+08:00"  # a Tuesday


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(START)


@pytest.fixture(scope="session")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk's folder with migrated databases, configuration and accounts, copied for each test."""
    folder = tmp_path_factory.mktemp("begun") / "desk"
    invented(folder, SettableClock(START)).close()
    return folder


@pytest.fixture
def desk(tmp_path: Path, begun: Path, clock: SettableClock) -> Iterator[Invented]:
    made = invented(Path(shutil.copytree(begun, tmp_path / "desk")), clock)
    yield made
    made.close()


@pytest.fixture
def app(desk: Invented) -> FastAPI:
    return build(desk.services)


@pytest.fixture
def person(app: FastAPI, desk: Invented) -> Iterator[Callable[[str], Person]]:
    people: list[Person] = []

    def made(login: str) -> Person:
        one = Person(app)
        secret, session = open_session(desk.services, login)
        one.client.cookies.set(COOKIE, secret)
        one.token = session.token
        people.append(one)
        return one

    yield made
    for one in people:
        one.client.close()


@pytest.fixture
def stranger(app: FastAPI) -> Iterator[Person]:
    one = Person(app)
    yield one
    one.client.close()
