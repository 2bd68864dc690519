"""The desk on a port of loopback, and people who use it with a real browser."""

from __future__ import annotations

import socket
import threading

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, expect

from alerts.web.serve import run
from tests.alerts.web.invented import PASSWORD, Invented


class Server:
    """The desk on one port of loopback, to be stopped and started again."""

    def __init__(self, desk: Invented) -> None:
        self.desk = desk
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Serve in a thread; return once it answers."""
        self._stop, ready = threading.Event(), threading.Event()
        arguments = (self.desk.services, "127.0.0.1", self.port, self._stop.is_set, lambda _: ready.set())
        self._thread = threading.Thread(target=run, args=arguments)
        self._thread.start()
        assert ready.wait(15)

    def stop(self) -> None:
        """Stop and wait until nothing answers."""
        if self._thread:
            self._stop.set()
            self._thread.join(15)
            assert not self._thread.is_alive()
            self._thread = None


class Hands:
    """One person at a browser of their own; clicks and typed characters are counted, log-in left out."""

    def __init__(self, context: BrowserContext, server: Server, login: str) -> None:
        self.clicks = self.typed = 0
        self.errors: list[str] = []
        self.elsewhere: list[str] = []
        self._server = server
        self.page: Page = context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._asked)
        self.page.goto(f"{server.address}/login")
        self.page.fill("[name=login]", login)
        self.page.fill("[name=password]", PASSWORD)
        self.page.locator("main button").click()
        expect(self.page.locator("#lamp")).to_have_attribute("data-state", "alive")

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "ERR_CONNECTION_REFUSED" not in message.text:
            self.errors.append(message.text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self._server.address, "data:")):
            self.elsewhere.append(request.url)

    def click(self, target: Locator) -> None:
        self.clicks += 1
        target.click()

    def type(self, target: Locator, text: str) -> None:
        self.typed += len(text)
        target.fill(text)

    def card(self, alert: str) -> Locator:
        return self.page.locator(f"#card-{alert}")
