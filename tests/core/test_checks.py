"""When a source may be read before it is due because a person asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from huiying.backends.store_sql import SqlStore
from huiying.core.checks import ask, asked, refusal, wanted
from huiying.core.states import Reading, SourceState

NOW = datetime(2026, 1, 27, 4, 0, tzinfo=UTC)
STATE = SourceState("a/1", "a", NOW + timedelta(hours=1), Reading.NOTHING_NEW, attempted=NOW - timedelta(minutes=5))


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (None, None),
        (STATE, None),
        (replace(STATE, reading=Reading.UNREACHABLE, detail="http 500"), None),
        (replace(STATE, reading=Reading.UNREACHABLE, detail="http 429"), "check_later"),
        (replace(STATE, reading=Reading.UNREACHABLE, detail="http 503"), "check_later"),
        (replace(STATE, reading=Reading.UNREACHABLE, detail="http 429", due=NOW), None),
        (replace(STATE, reading=Reading.REFUSED, detail="robots"), "check_refused"),
        (replace(STATE, attempted=NOW - timedelta(seconds=59)), "check_soon"),
    ],
)
def test_the_sites_wish_goes_before_the_desks(state: SourceState | None, code: str | None) -> None:
    assert refusal(state, NOW) == code


def test_a_source_is_wanted_until_it_was_read(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'store.sqlite'}")
    cursors = store.cursors
    assert not wanted(cursors, STATE, NOW)
    ask(cursors, "a/1", NOW)
    ask(cursors, "b/1", NOW)
    assert asked(cursors) == 2
    assert wanted(cursors, STATE, NOW)
    assert not wanted(cursors, replace(STATE, reading=Reading.REFUSED), NOW)
    read = replace(STATE, attempted=NOW + timedelta(seconds=1))
    assert not wanted(cursors, read, NOW + timedelta(hours=1))
    store.close()
