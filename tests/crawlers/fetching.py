"""Single addresses through the real engine, and a server on loopback that sends whatever bytes a test gives it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from crawlers.engine import Engine
from crawlers.fetch import Fetcher, Missed
from huiying.core.config import Outlet
from huiying.core.model import Response
from tests.clock import SettableClock
from tests.crawlers.reactor import submit

HOST = "127.0.0.2"


def fetch(by: Outlet, *addresses: str, loopback: str = HOST, within: float = 60) -> list[Response | Missed]:
    """Fetch `addresses` one after another, with loopback open to the host `loopback` only."""
    clock = SettableClock()

    async def main() -> list[Response | Missed]:
        engine = Engine("duty@example.cn", clock)
        engine.resolver.loopback = frozenset({loopback})
        await engine.start()
        try:
            fetcher = Fetcher(engine, clock, engine.resolver.refused)
            return [await fetcher.fetch(by, address) for address in addresses]
        finally:
            await engine.stop()

    return submit(main).result(within)


@contextmanager
def raw_server(send: Callable[[str], Iterable[bytes]], host: str = HOST) -> Iterator[str]:
    """Answer each connection's first request with the bytes of `send(path)`, then hang up; yield the server's root."""
    listening = socket.create_server((host, 0))
    ended = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            asked = connection.recv(65536).decode("latin-1").split(" ")
            for part in send(asked[1]):
                if ended.is_set():
                    return
                connection.sendall(part)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield f"http://{host}:{listening.getsockname()[1]}"
    finally:
        ended.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        accepting.join()
