"""Serving: a port in use is a sentence, open streams never hold the stop, replay over real HTTP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from alerts.web.serve import open_socket, run
from alerts.web.visits import COOKIE, open_session
from huiying.core.errors import HuiyingError
from tests.alerts.web.invented import Invented


@contextmanager
def serving(desk: Invented) -> Iterator[str]:
    """Serve in a thread until left; yield the address."""
    stop, ready = threading.Event(), threading.Event()
    address: list[str] = []

    def told(where: str) -> None:
        address.append(where)
        ready.set()

    thread = threading.Thread(target=run, args=(desk.services, "127.0.0.1", 0, stop.is_set, told))
    thread.start()
    try:
        assert ready.wait(10)
        yield address[0]
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def test_a_port_in_use_is_a_sentence(desk: Invented) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(HuiyingError, match="port_in_use") as refused:
            run(desk.services, "127.0.0.1", port, lambda: True)
    assert str(port) in refused.value.sentence()


def test_an_address_that_is_not_this_machine_s_is_a_sentence(desk: Invented) -> None:
    with pytest.raises(HuiyingError, match="address_not_usable") as refused:
        run(desk.services, "192.0.2.1", 0, lambda: True)
    assert "192.0.2.1" in refused.value.sentence()


def numbers(address: str, cookie: str, count: int, **asked: object) -> list[int]:
    got: list[int] = []
    with httpx.stream("GET", f"{address}/feed", cookies={COOKIE: cookie}, timeout=10, **asked) as answer:  # type: ignore[arg-type]
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("id:"):
                got.append(int(line[3:]))
            if len(got) == count:
                return got
    return got


def test_replay_by_last_event_id_which_beats_the_query(desk: Invented) -> None:
    desk.alert()
    secret, _ = open_session(desk.services, "duty")
    with serving(desk) as address:
        assert numbers(address, secret, 3) == [1, 2, 3]
        assert numbers(address, secret, 2, params={"after": 1}) == [2, 3]
        assert numbers(address, secret, 1, params={"after": 1}, headers={"Last-Event-ID": "2"}) == [3]


def test_open_streams_are_ended_whole_and_do_not_hold_the_stop(desk: Invented) -> None:
    secret, _ = open_session(desk.services, "duty")
    with httpx.Client(cookies={COOKIE: secret}, timeout=10) as client:
        with serving(desk) as address:
            streams = [client.send(client.build_request("GET", f"{address}/feed"), stream=True) for _ in range(3)]
        for stream in streams:
            assert "heartbeat" in stream.read().decode()


def test_small_answers_wait_for_no_acknowledgement() -> None:
    with open_socket("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        taken, _ = listening.accept()
        with taken:
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
