"""What Prometheus and supervisors ask a role: /metrics, /healthz, /readyz, on a thread of its own.

Served by prometheus_client's server. Without a log-in, so: no secret, no address of a server, no text of an error.
"""

from __future__ import annotations

import errno
import json
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from huiying.core.errors import HuiyingError
from huiying.core.health import Health

Answer = tuple[str, bytes]


def application(registry: CollectorRegistry, health: Health) -> Callable[..., Iterable[bytes]]:
    """Return the WSGI application."""
    metrics = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            exposed: Iterable[bytes] = metrics(environ, start)
            return exposed
        status, body = _answer(path, health)
        start(status, [("Content-Type", "application/json"), ("Cache-Control", "no-store")])
        return [body]

    return answer


def _answer(path: str, health: Health) -> Answer:
    if path == "/healthz":
        living = health.living()
        return _status(living), json.dumps({"living": living, "role": health.role}).encode()
    if path == "/readyz":
        report = health.report()
        return _status(bool(report["ready"])), json.dumps(report).encode()
    return "404 Not Found", b"{}"


def _status(good: bool) -> str:
    return "200 OK" if good else "503 Service Unavailable"


class _Server4(ThreadingWSGIServer):
    daemon_threads = True


class _Server6(_Server4):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = 10  # seconds that a silent client may hold a thread

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: a probe comes every few seconds."""


class Listener:
    """The server in its thread, from the beginning until `close`. A port in use is HuiyingError("port_in_use")."""

    def __init__(self, host: str, port: int, registry: CollectorRegistry, health: Health) -> None:
        kind = _Server6 if ":" in host else _Server4
        try:
            self._server = make_server(host, port, application(registry, health), kind, handler_class=_Handler)
        except OSError as cause:
            code = "port_in_use" if cause.errno == errno.EADDRINUSE else "address_not_usable"
            raise HuiyingError(code, host=host, port=port, detail=cause.strerror or "") from cause
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="listener", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
