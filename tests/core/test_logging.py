"""What the roles log: one JSON line an event, and never what stands in a frame's local variables."""

from __future__ import annotations

import json

import pytest
import structlog

from huiying.roles import log_to_stderr


def fail(password: str) -> None:
    raise RuntimeError(f"no use for {len(password)} characters")


def test_a_traceback_shows_no_local_variable(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr()
    try:
        fail("SECRET-WORD")
    except RuntimeError:
        structlog.get_logger("huiying.test").exception("broke")
    finally:
        structlog.reset_defaults()
    written = capsys.readouterr().err
    assert "SECRET-WORD" not in written
    assert json.loads(written)["exception"][0]["exc_type"] == "RuntimeError"
