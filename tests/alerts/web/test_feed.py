"""The live feed: numbers, replay, heartbeats, the end of a session; and what the pages ask for after a hint."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.sse import ServerSentEvent

from alerts.web import feed as feed_module
from alerts.web.feed import Feed
from alerts.web.streaming import still_signed_in
from alerts.web.visits import open_session
from huiying.backends.ledger_sql import SqlLedger
from huiying.core.errors import BackendError
from huiying.core.model import Event
from tests.alerts.web.conftest import Person
from tests.alerts.web.invented import Invented
from tests.clock import SettableClock
from tests.servers import Cluster, Database

pytest_plugins = ("tests.servers",)


def followed(
    desk: Invented, after: int, count: int, during: Callable[[Feed], None] = lambda feed: None, alive: bool = True
) -> list[ServerSentEvent]:
    """Return the first `count` answers of a stream; `during` runs once the first has come."""

    async def main() -> list[ServerSentEvent]:
        feed = Feed(desk.services.ledger, desk.services.clock)
        watching = asyncio.create_task(feed.watch())
        got: list[ServerSentEvent] = []
        try:
            async with asyncio.timeout(10):
                async for answer in feed.stream(after, lambda: alive):
                    got.append(answer)
                    if len(got) == 1:
                        during(feed)
                    if len(got) == count:
                        break
        finally:
            watching.cancel()
        return got

    return asyncio.run(main())


def ids(answers: list[ServerSentEvent]) -> list[int]:
    return [int(answer.id) for answer in answers if answer.id]


def test_a_stream_begins_with_a_heartbeat(desk: Invented) -> None:
    [first] = followed(desk, 0, 1)
    assert first.event == "heartbeat"
    assert first.retry == 1000


def test_events_are_replayed_from_the_number_on(desk: Invented) -> None:
    alert = desk.alert()
    head = desk.services.ledger.head()
    assert ids(followed(desk, 0, head + 1)) == list(range(1, head + 1))
    [_, last] = followed(desk, head - 1, 2)
    assert (last.id, last.data) == (str(head), {"seq": head, "type": "opened", "alert": alert})


def test_events_come_while_the_stream_is_open_none_missed_none_twice(desk: Invented) -> None:
    head = desk.services.ledger.head()

    def during(_: Feed) -> None:
        alert = desk.alert()
        for number in range(20):
            desk.press("duty", alert, "note", text=str(number))

    assert ids(followed(desk, head, 22, during)) == list(range(head + 1, head + 22))


def test_an_idle_stream_has_heartbeats_and_ends_with_the_session(
    desk: Invented, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "HEARTBEAT", 0.05)
    head = desk.services.ledger.head()
    answers = followed(desk, head, 4)
    assert [answer.event for answer in answers] == ["heartbeat"] * 4
    assert answers[-1].data["head"] == head
    assert len(followed(desk, head, 4, alive=False)) == 1


def test_what_was_told_is_not_told_again(desk: Invented, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "HEARTBEAT", 0.05)
    answers = followed(desk, desk.services.ledger.head() - 1, 4)
    assert [answer.event for answer in answers] == ["heartbeat", "event", "heartbeat", "heartbeat"]


def test_a_closed_feed_ends_its_streams(desk: Invented) -> None:
    assert len(followed(desk, desk.services.ledger.head(), 100, lambda feed: feed.close())) == 1


def test_a_ledger_that_cannot_be_read_for_a_while_ends_no_stream(
    desk: Invented, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "HEARTBEAT", 0.3)
    read, failures = desk.services.ledger.read, iter([True] * 2)

    def failing(*args: int) -> object:
        if next(failures, False):
            raise BackendError("ledger_failed")
        return read(*args)

    monkeypatch.setattr(desk.services.ledger, "read", failing)
    answers = followed(desk, 0, 4)
    assert ids(answers) == [1, 2][: len(ids(answers))]
    assert 1 in ids(answers)


def test_a_store_that_is_away_ends_no_stream_and_a_session_that_ended_does(
    desk: Invented, monkeypatch: pytest.MonkeyPatch, clock: SettableClock
) -> None:
    secret, _ = open_session(desk.services, "duty")
    with monkeypatch.context() as broken:
        broken.setattr(desk.services.store.accounts, "session", away)
        assert still_signed_in(desk.services, secret)
    clock.forward(hours=13)
    assert not still_signed_in(desk.services, secret)


def away(*_: object) -> None:
    raise BackendError("store_failed", detail="-")


def test_changes_bring_each_alert_once_and_the_new_number(desk: Invented, person: Callable[[str], Person]) -> None:
    head = desk.services.ledger.head()
    first, second = desk.alert("a1"), desk.alert("a2", "青石镇又停水")
    desk.press("duty", first, "acknowledge")
    duty = person("duty")
    answer = json.loads(duty.page(f"/duty/changes?after={head}"))
    assert [card["alert"] for card in answer["cards"]] == [first, second]
    assert (answer["head"], answer["waiting"]) == (desk.services.ledger.head(), 1)
    assert json.loads(duty.page(f"/duty/changes?after={answer['head']}"))["cards"] == []


def test_a_finished_alert_says_so_in_its_card(desk: Invented, person: Callable[[str], Person]) -> None:
    alert = desk.alert()
    head = desk.services.ledger.head()
    desk.press("duty", alert, "propose_dismissal", ground="false_match", why="说的是演练")
    desk.press("supervisor", alert, "dismiss")
    [card] = json.loads(person("duty").page(f"/duty/changes?after={head}"))["cards"]
    assert 'data-finished="1"' in card["html"]


WRITER = """
import sys, time
from huiying.backends.ledger_sql import SqlLedger
from huiying.core.errors import BackendError
from huiying.core.model import Draft, Role
from tests.clock import SettableClock
ledger = SqlLedger(sys.argv[1], sys.argv[2], SettableClock())
for number in range(60):
    time.sleep(0.1)
    draft = Draft("noted", "A1", "p-1", Role.DUTY, payload={"sent": str(time.monotonic())})
    while True:
        try:
            ledger.append([draft], key=str(number))
            break
        except BackendError:
            time.sleep(0.05)
ledger.close()
"""


def streamed(database: Database, count: int, disturb: Callable[[int], None]) -> list[tuple[int, float]]:
    """Return (number, seconds since its writer, another process, sent it) of `count` events of one stream."""
    ledger = SqlLedger(database.url, database.desk, SettableClock())
    got: list[tuple[int, float]] = []

    async def main() -> None:
        feed = Feed(ledger, SettableClock())
        watching = asyncio.create_task(feed.watch())
        try:
            async with asyncio.timeout(60):
                async for answer in feed.stream(0, lambda: True):
                    if answer.id:
                        [event] = await asyncio.to_thread(read_again, ledger, int(answer.id))
                        got.append((event.seq, time.monotonic() - float(event.payload["sent"])))
                        await asyncio.to_thread(disturb, event.seq)
                    if len(got) == count:
                        return
        finally:
            watching.cancel()

    command = [sys.executable, "-c", WRITER, database.url, database.desk]
    with subprocess.Popen(command, cwd=Path(__file__).parents[3]) as writer:
        asyncio.run(main())
        assert writer.wait(20) == 0
    assert ledger.head() == count
    ledger.close()
    return got


def read_again(ledger: SqlLedger, seq: int) -> list[Event]:
    while True:
        try:
            return ledger.read(after=seq - 1, limit=1)
        except BackendError:
            time.sleep(0.05)


def test_what_another_process_records_reaches_the_stream_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "HEARTBEAT", 300.0)  # at which a stream looks for itself
    got = streamed(database, 60, lambda seq: None)
    assert [seq for seq, _ in got] == list(range(1, 61))
    delays = sorted(delay for _, delay in got)
    print(f"{database.dialect}: median {delays[30] * 1000:.0f} ms, most {delays[-1] * 1000:.0f} ms")


def test_a_server_that_restarts_and_ends_sessions_costs_the_stream_no_event(
    own_schema: Database, cluster: Cluster
) -> None:
    def disturb(seq: int) -> None:
        if seq in (10, 40):
            cluster.stop("immediate")
            cluster.start()
        if seq in (20, 25, 30):
            with own_schema.session() as connection:
                connection.exec_driver_sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE usename = current_user AND pid <> pg_backend_pid()"
                )

    assert [seq for seq, _ in streamed(own_schema, 60, disturb)] == list(range(1, 61))
