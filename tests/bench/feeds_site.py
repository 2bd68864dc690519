"""The loopback site of the crawl bench: feeds on many addresses, 70 % answer 304, 20 % the same bytes, 10 % new items.

    python -m tests.bench.feeds_site PORT    until it is killed; prints "ready"

GET /feed/N.xml with If-None-Match ─► 304 │ 200    GET /feed/N/M.html ─► the article    GET /round ─► the next round
Feed N stands on host(N). It answers 304 where N % 10 < 7, the same bytes and no validator where it is 7 or 8; where it
is 9 each round brings NEW items on top.
"""

from __future__ import annotations

import asyncio
import sys
from email.utils import formatdate
from functools import lru_cache

HOSTS = 200
ITEMS = 30
NEW = 2
BEGUN = 1_790_000_000  # of the newest item, seconds since 1970
_WORDS = "青河镇供水管网改造工程进入第三阶段，施工单位在确保居民用水的前提下分段作业，预计月底前完成全部管道更换。"


def host(feed: int) -> str:
    """Return the address that feed number `feed` stands on."""
    return f"127.3.{feed % HOSTS // 100}.{feed % 100 + 1}"


def address(feed: int, port: int) -> str:
    """Return where feed number `feed` is."""
    return f"http://{host(feed)}:{port}/feed/{feed}.xml"


def entry(feed: int, number: int, port: int) -> tuple[str, str, str]:
    """Return address, title and text of an item; they are the same in every round."""
    link = f"http://{host(feed)}:{port}/feed/{feed}/{number}.html"
    return link, f"第{feed}号信源第{number}条：青河镇供水管网改造", f"{_WORDS * 6}编号{feed}-{number}。"


def newest(feed: int, round: int) -> int:
    """Return the number of the newest item of `feed` in `round`."""
    return ITEMS + NEW * round if feed % 10 == 9 else ITEMS


@lru_cache(maxsize=4096)
def body(feed: int, newest: int, port: int) -> bytes:
    """Return the feed, 34 kB."""
    parts = [f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>{feed}</title>']
    for number in range(newest, newest - ITEMS, -1):
        link, title, text = entry(feed, number, port)
        date = formatdate(BEGUN + 60 * number, usegmt=True)
        parts.append(
            f"<item><title>{title}</title><link>{link}</link><guid>{link}</guid><pubDate>{date}</pubDate>"
            f"<description>{text}</description></item>"
        )
    return "".join((*parts, "</channel></rss>")).encode()


class Server:
    """Answers on every address; counts what it was asked."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._round = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it is closed."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                writer.write(self._answer(head))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, head: bytes) -> bytes:
        path = head.split(b" ", 2)[1].decode()
        if path == "/round":
            self._round += 1
            return _response("200 OK", b"", "text/plain")
        if not path.startswith("/feed/"):
            return _response("404 Not Found", b"", "text/plain")
        if path.endswith(".html"):
            return _response("200 OK", _article(path), "text/html; charset=utf-8")
        feed = int(path[6:-4])
        if feed % 10 >= 7:
            return _response("200 OK", body(feed, newest(feed, self._round), self._port), "application/rss+xml")
        tag = f'"{feed}"'
        if f"if-none-match: {tag}".encode() in head.lower():
            return f"HTTP/1.1 304 Not Modified\r\nETag: {tag}\r\n\r\n".encode()
        return _response("200 OK", body(feed, ITEMS, self._port), "application/rss+xml", f"ETag: {tag}\r\n")


def _article(path: str) -> bytes:
    return f"<html><head><title>{path}</title></head><body><h1>{path}</h1><p>{_WORDS * 6}</p></body></html>".encode()


def _response(status: str, body: bytes, kind: str, more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{more}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def serve(port: int) -> None:
    """Serve until cancelled."""
    server = Server(port)
    for number in range(HOSTS):
        await asyncio.start_server(server.talk, host(number), port, backlog=512)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
