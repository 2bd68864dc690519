"""What the roles log: one JSON line an event, no secret, no traceback of a client, the same trouble once a minute."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from huiying.core.errors import BackendError
from huiying.logs import OnceAMinute, log_to_stderr, masked
from huiying.roles import Trouble


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def fail(password: str) -> None:
    raise RuntimeError(f"no use for {len(password)} characters")


def test_a_traceback_shows_no_local_variable(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr()
    try:
        fail("SECRET-WORD")
    except RuntimeError:
        structlog.get_logger("huiying.test").exception("broke")
    written = capsys.readouterr().err
    assert "SECRET-WORD" not in written
    assert json.loads(written)["exception"][0]["exc_type"] == "RuntimeError"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_client_library_writes_no_traceback_and_no_password(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr()
    try:
        fail("SECRET-WORD")
    except RuntimeError:
        logging.getLogger("kafka.conn").error("no answer from sasl://user:SECRET-WORD@h1:9092", exc_info=True)
    [line] = lines(capsys)
    assert line["event"] == "no answer from sasl://***@h1:9092"
    assert (line["logger"], line["level"], line["exception"]) == ("kafka.conn", "error", "RuntimeError")
    assert "traceback" not in line


def test_another_library_s_traceback_is_kept_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr()
    try:
        fail("x")
    except RuntimeError:
        logging.getLogger("apscheduler.executors").exception("a job failed")
    [line] = lines(capsys)
    assert "no use for 1 characters" in str(line["traceback"])


@pytest.mark.parametrize(
    "told",
    [
        "https://elastic:SECRET@h1:9200/_bulk",
        "sasl_plain_password='SECRET'",
        "{'password': 'SECRET', 'x': 1}",
        "api_key=SECRET, host=h1",
        'password: "SE CRET"',
        "Authorization: ApiKey SECRET",
    ],
)
def test_what_is_named_like_a_secret_is_masked(told: str) -> None:
    assert "CRET" not in masked(told)
    assert masked(told) != told


def test_a_client_s_complaint_passes_once_a_minute() -> None:
    now = [0.0]
    passes = OnceAMinute(lambda: now[0]).filter
    record = logging.LogRecord("kafka.conn", logging.WARNING, "", 0, "refused by %s", ("h1",), None)
    told = []
    for now[0] in (0.0, 1.0, 59.0, 61.0):
        told.append(passes(record))
    assert told == [True, False, False, True]


def test_the_same_trouble_of_a_fast_loop_is_written_once_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr()
    for _ in range(5):
        structlog.get_logger("huiying.desk").warning("feed_ledger_unreadable", detail="x")
        structlog.get_logger("huiying.desk").warning("other", detail="x")
    assert [line["event"] for line in lines(capsys)].count("feed_ledger_unreadable") == 1


def test_a_failing_backend_is_written_when_it_begins_once_a_minute_and_when_it_is_over(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log_to_stderr()
    now = [0.0]
    trouble = Trouble("watch", lambda: now[0])
    for now[0] in range(0, 122, 2):
        trouble.met(BackendError("ledger_failed", detail="postgresql://u:SECRET@h/x"))
    trouble.met(BackendError("log_failed", detail="-"))
    trouble.over()
    trouble.over()
    written = lines(capsys)
    assert [line["event"] for line in written] == ["backend failed"] * 4 + ["backend answers again"]
    assert [line.get("times") for line in written] == [1, 31, 61, 62, 62]
    assert "SECRET" not in json.dumps(written)
