"""Debian's Chromium for pytest-playwright, and a desk with people. No Chromium skips; with CI set it fails."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from huiying.rules_file import FolderRules
from tests.alerts.web.invented import MACHINE, TEXTS, invented
from tests.browser.hands import Hands, Server
from tests.clock import SettableClock


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is not installed")
        pytest.skip("Chromium is not installed")
    args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    return {**browser_type_launch_args, "executable_path": found, "args": args}


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock("2026-03-10T10:00:00+08:00")


@pytest.fixture
def server(tmp_path: Path, clock: SettableClock) -> Iterator[Server]:
    desk = invented(tmp_path / "data", clock)
    files = tmp_path / "files"
    files.mkdir()
    for name, text in {**TEXTS, "huiying.toml": MACHINE}.items():
        (files / name).write_text(text, encoding="utf-8")
    desk.services = replace(desk.services, rules=FolderRules(files, desk.services.ledger))
    made = Server(desk)
    made.start()
    yield made
    made.stop()
    desk.close()


@pytest.fixture
def hands(browser: Browser, server: Server) -> Iterator[Callable[[str], Hands]]:
    contexts: list[BrowserContext] = []
    people: list[Hands] = []

    def made(login: str) -> Hands:
        contexts.append(browser.new_context(locale="zh-CN"))
        people.append(Hands(contexts[-1], server, login))
        return people[-1]

    yield made
    for one in people:
        assert one.errors == []
        assert one.elsewhere == []
    for context in contexts:
        context.close()
