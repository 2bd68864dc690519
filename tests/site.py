"""A small web site on loopback that a test programs: what it answers, and what it saw.

with Site() as site:
    site.page("/a.html", "<h1>…</h1>")          body as text or bytes, or a function that returns the body
    site.feed("/feed.xml", entries)              an RSS 2.0 feed
    site.robots("User-agent: *\\nDisallow: /x")
    site.url("/a.html")                          "http://127.0.0.1:41234/a.html"
    site.count("/a.html"), site.most_at_once     what was asked, and how many requests waited for an answer together
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from xml.sax.saxutils import escape

Body = bytes | str
CHUNK = b"x" * 65536


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came: path with query, headers with lower-case names, the instant by `time.monotonic`."""

    path: str
    headers: Mapping[str, str]
    begun: float


@dataclass(slots=True)
class Answer:
    """What stands at one path. `size` streams that many bytes; `promise` declares more than is sent."""

    body: Body | Callable[[], Body] = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    etag: bool = False
    modified: float | None = None
    delay: float = 0
    size: int | None = None
    declared: bool = True
    promise: int = 0

    def bytes(self) -> bytes:
        """Return the body as it is sent."""
        body = self.body() if callable(self.body) else self.body
        return body.encode("utf-8") if isinstance(body, str) else body


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    site: Site

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no error of the site."""


class Site:
    """See the module. Any 127.0.0.x; port 0 takes a free one."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.answers: dict[str, Answer] = {}
        self.requests: list[Seen] = []
        self.most_at_once = 0
        self._now = 0
        self._lock = threading.Lock()
        self._server = _Server((host, port), _Handler)
        self._server.site = self
        self.host, self.port = host, int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, path: str) -> str:
        """Return the address of `path` here."""
        return f"http://{self.host}:{self.port}{path}"

    def set(self, path: str, answer: Answer) -> None:
        """Put `answer` at `path` (with its query, if it has one)."""
        self.answers[path] = answer

    def page(self, path: str, body: Body | Callable[[], Body], charset: str = "utf-8", **more: object) -> None:
        """Put an HTML page at `path`."""
        self.set(path, Answer(body, headers={"Content-Type": f"text/html; charset={charset}"}, **more))  # type: ignore[arg-type]

    def feed(self, path: str, entries: Sequence[Mapping[str, str]], **more: object) -> None:
        """Put an RSS feed at `path`; an entry maps element names (title, link, pubDate, description, guid) to text."""
        self.set(path, Answer(rss(entries), headers={"Content-Type": "application/rss+xml"}, **more))  # type: ignore[arg-type]

    def robots(self, text: str, status: int = 200) -> None:
        """Set robots.txt; without this it is a 404."""
        self.set("/robots.txt", Answer(text, status, {"Content-Type": "text/plain"}))

    def redirect(self, path: str, target: str, status: int = 302) -> None:
        """Redirect `path` to `target`."""
        self.set(path, Answer(b"", status, {"Location": target}))

    def stream(self, path: str, size: int, declared: bool = True) -> None:
        """Answer with `size` bytes, with or without a Content-Length."""
        self.set(path, Answer(size=size, declared=declared, headers={"Content-Type": "text/html"}))

    def truncate(self, path: str, body: Body, promise: int) -> None:
        """Declare `promise` bytes, send `body`, and hang up."""
        self.set(path, Answer(body, promise=promise, headers={"Content-Type": "text/html"}))

    def count(self, path: str) -> int:
        """Return how often `path` was asked for."""
        return sum(seen.path == path for seen in self.requests)

    def paths(self) -> list[str]:
        """Return the paths asked for, in order."""
        return [seen.path for seen in self.requests]

    def _begin(self, seen: Seen) -> None:
        with self._lock:
            self.requests.append(seen)
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)

    def _end(self) -> None:
        with self._lock:
            self._now -= 1


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        site = self.server.site
        headers = {name.lower(): value for name, value in self.headers.items()}
        site._begin(Seen(self.path, headers, time.monotonic()))
        answer = site.answers.get(self.path) or Answer(b"not here", 404)
        time.sleep(answer.delay)
        site._end()  # before the last byte: a client may ask again while this thread has yet to come here
        if answer.size is not None:
            self._stream(answer, answer.size)
        else:
            self._send(answer, headers)

    def _send(self, answer: Answer, asked: Mapping[str, str]) -> None:
        body, headers = answer.bytes(), dict(answer.headers)
        if answer.etag:
            headers["ETag"] = f'"{sha256(body).hexdigest()[:16]}"'
        if answer.modified is not None:
            headers["Last-Modified"] = formatdate(answer.modified, usegmt=True)
        if self._unchanged(headers, asked):
            self._head(304, headers, 0)
            return
        self._head(answer.status, headers, max(len(body), answer.promise))
        self.wfile.write(body)
        self.close_connection = self.close_connection or answer.promise > len(body)

    def _unchanged(self, headers: Mapping[str, str], asked: Mapping[str, str]) -> bool:
        if "if-none-match" in asked:
            return asked["if-none-match"] == headers.get("ETag")
        return "Last-Modified" in headers and asked.get("if-modified-since") == headers["Last-Modified"]

    def _stream(self, answer: Answer, size: int) -> None:
        self._head(answer.status, answer.headers, size if answer.declared else None)
        self.close_connection = True
        for _ in range(size // len(CHUNK)):
            self.wfile.write(CHUNK)

    def _head(self, status: int, headers: Mapping[str, str], length: int | None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


def rss(entries: Sequence[Mapping[str, str]], encoding: str = "utf-8") -> bytes:
    """Return an RSS 2.0 feed of `entries` in `encoding`."""
    items = "".join(
        "<item>" + "".join(f"<{name}>{escape(text)}</{name}>" for name, text in entry.items()) + "</item>"
        for entry in entries
    )
    head = f'<?xml version="1.0" encoding="{encoding}"?>\n<rss version="2.0"><channel><title>feed</title>'
    return f"{head}{items}</channel></rss>".encode(encoding)
