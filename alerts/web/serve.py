"""Run the application with uvicorn until told to stop; open streams are ended first, so they never hold it."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable

import uvicorn

from alerts.web.app import build
from alerts.web.services import Services
from huiying.core.errors import HuiyingError

GRACE = 1  # seconds that open connections get


def open_socket(host: str, port: int) -> socket.socket:
    """Listen at `host` and `port` (0: any free one). A port in use is HuiyingError("port_in_use")."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as cause:
        code = "port_in_use" if cause.errno == errno.EADDRINUSE else "address_not_usable"
        raise HuiyingError(code, host=host, port=port, detail=cause.strerror or "") from cause
    # asyncio sets it only on sockets that name their protocol; without it many an answer waits 40 ms for an ACK.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def run(
    services: Services,
    host: str,
    port: int,
    stopping: Callable[[], bool],
    ready: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve until `stopping` is true or a signal comes; `ready` gets the address once it answers."""
    with open_socket(host, port) as listening:
        asyncio.run(_serve(services, listening, stopping, ready))


async def _serve(
    services: Services, listening: socket.socket, stopping: Callable[[], bool], ready: Callable[[str], None]
) -> None:
    app = build(services)
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=GRACE, lifespan="on")
    server = uvicorn.Server(config)
    watching = asyncio.create_task(_stop_when(server, app.state.feed.close, stopping, listening, ready))
    try:
        await server.serve(sockets=[listening])
    finally:
        watching.cancel()


async def _stop_when(
    server: uvicorn.Server,
    end_streams: Callable[[], None],
    stopping: Callable[[], bool],
    listening: socket.socket,
    ready: Callable[[str], None],
) -> None:
    told = False
    while not (stopping() or server.should_exit):
        if server.started and not told:
            host, port = listening.getsockname()[:2]
            ready(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
            told = True
        await asyncio.sleep(0.1)
    end_streams()
    server.should_exit = True
