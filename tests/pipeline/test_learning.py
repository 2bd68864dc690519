"""What is learnt of outlets over the real store: it outlives the process, and a source that gives no text is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from huiying.backends.store_sql import SqlStore
from huiying.core.lost import lost_sources
from pipeline.containers import PROOFS
from pipeline.learning import Learning

TODAY = date(2026, 6, 10)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    opened = SqlStore(f"sqlite:///{tmp_path / 'store.sqlite'}", "desk")
    yield opened
    opened.close()


def taught(store: SqlStore, day: date = TODAY) -> Learning:
    learning = Learning(store.tallies, day)
    for _ in range(PROOFS):
        learning.read("paper", "paper/1", "div#zoom")
    learning.keep(day)
    return learning


def test_what_was_learnt_is_known_to_the_next_process_for_a_month(store: SqlStore) -> None:
    assert taught(store).container("paper") == "div#zoom"
    assert Learning(store.tallies, TODAY + timedelta(days=29)).container("paper") == "div#zoom"
    assert Learning(store.tallies, TODAY + timedelta(days=30)).container("paper") is None
    assert Learning(store.tallies, TODAY).container("other") is None


def test_three_pages_in_a_row_without_text_are_a_loss_until_text_comes(store: SqlStore) -> None:
    learning = taught(store)
    for container in ("", "", "div#zoom", "", "", None):
        learning.read("paper", "paper/1", container)
    learning.keep(TODAY)
    assert lost_sources(store.tallies, TODAY) == frozenset()
    learning.read("paper", "paper/1", "")
    learning.keep(TODAY)
    assert lost_sources(store.tallies, TODAY) == {"paper/1"}
    # The next process knows, and so does watch on the next day.
    again = Learning(store.tallies, TODAY + timedelta(days=1))
    assert lost_sources(store.tallies, TODAY + timedelta(days=1)) == {"paper/1"}
    again.read("paper", "paper/1", "div.new")
    again.keep(TODAY + timedelta(days=1))
    assert lost_sources(store.tallies, TODAY + timedelta(days=1)) == frozenset()


def test_an_outlet_of_which_nothing_was_learnt_loses_nothing(store: SqlStore) -> None:
    learning = Learning(store.tallies, TODAY)
    for _ in range(9):
        learning.read("paper", "paper/1", "")
    learning.keep(TODAY)
    assert lost_sources(store.tallies, TODAY) == frozenset()
