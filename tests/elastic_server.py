"""Elasticsearch for tests: one server for the session, a desk of its own for every test, and a proxy that lies.

ELASTICSEARCH_URL ─or─ a throw-away server on loopback ─► elastic: settings of an empty desk, dropped after the test

A test module says `pytest_plugins = ("tests.elastic_server",)`. A missing server skips on a laptop and fails where CI
is set. Every test that takes one of these fixtures is marked "servers". PYTEST_DONT_REWRITE: modules import this before
it is a plugin.
"""

from __future__ import annotations

import json
import os
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.servers.elasticsearch import Server, Unavailable
from huiying.backends.index_elastic import ElasticSettings
from huiying.backends.index_elastic.connection import connect

_FIXTURES = {"elastic", "elastic_url", "elastic_server"}


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "servers: needs a real server: Elasticsearch")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what needs the server: by its fixtures, or because it runs over "elastic"."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    if _FIXTURES & set(getattr(item, "fixturenames", ())) or "elastic" in parameters.values():
        item.add_marker("servers")


@pytest.fixture(scope="session")
def elastic_server() -> Iterator[Server]:
    """A throw-away server that a test may kill and start again."""
    with tempfile.TemporaryDirectory(prefix="huiying-es-", ignore_cleanup_errors=True) as folder:
        server = Server(Path(folder))
        try:
            server.start()
        except Unavailable as why:
            if os.environ.get("CI"):
                pytest.fail(str(why))
            pytest.skip(str(why))
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def elastic_url(request: pytest.FixtureRequest) -> str:
    """The address of a server."""
    given = os.environ.get("ELASTICSEARCH_URL")
    return given or request.getfixturevalue("elastic_server").url


@pytest.fixture
def elastic(elastic_url: str) -> Iterator[ElasticSettings]:
    """The settings of a desk that has nothing yet."""
    made = ElasticSettings((elastic_url,), f"t-{uuid4().hex[:12]}", replicas=0)
    yield made
    drop(made)


def drop(settings: ElasticSettings) -> None:
    """Delete what the desk, and desks whose names begin like its own, have."""
    with connect(settings) as client:
        for name in client.indices.get_alias(index=f"huiying.{settings.desk}*"):
            client.indices.delete(index=name)
        for found in client.indices.get_index_template()["index_templates"]:
            if found["name"].startswith(f"huiying.{settings.desk}"):
                client.indices.delete_index_template(name=found["name"])


Lie = Callable[[str, int, Any], tuple[int, Any]]


def honest(path: str, status: int, body: Any) -> tuple[int, Any]:
    """Tell what the server said."""
    return status, body


@dataclass
class Liar:
    """A proxy before the server that hands on every request and changes the answers: lie(path, status, body)."""

    target: str
    lie: Lie = honest
    delay: float = 0.0
    headers: list[dict[str, str]] = field(default_factory=list)
    waiting: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def listening(self, tls: ssl.SSLContext | None = None) -> Iterator[str]:
        """Listen; give the address."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        server.daemon_threads = True
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"{'http' if tls is None else 'https'}://localhost:{server.server_address[1]}"
        finally:
            self.waiting.set()
            server.shutdown()
            thread.join()
            server.server_close()

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Ask the server and lie about what it said."""
        self.headers.append(headers)
        self.waiting.wait(self.delay)
        sent = {name: headers[name] for name in ("content-type", "accept") if name in headers}
        told = httpx.request(method, self.target + path, headers=sent, content=body, timeout=30, trust_env=False)
        status, changed = self.lie(path, told.status_code, told.json() if told.content else {})
        return status, json.dumps(changed).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        liar = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                size = int(self.headers.get("content-length", 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, body = liar.answer(self.command, self.path, headers, self.rfile.read(size))
                try:
                    self.send_response(status)
                    self.send_header("x-elastic-product", "Elasticsearch")
                    self.send_header("content-type", "application/vnd.elasticsearch+json;compatible-with=8")
                    self.send_header("content-length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:  # the client has given up
                    self.close_connection = True

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler
