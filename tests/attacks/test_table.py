"""What an owner of the database can do, and what is noticed: the manual says what is found here, nothing better."""

from __future__ import annotations

from tests.attacks.attacks import ATTACKS
from tests.attacks.table import HEADS, LOST, PAGE, found, marks, table


def test_the_manual_prints_the_table_that_is_found() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for language in HEADS:
        begin, end = marks(language)
        assert page.count(begin) == page.count(end) == 1
        assert table(language) in page, "write it anew: python -m tests.attacks.table"


def test_whoever_kept_five_checkpoints_is_told_of_everything_before_the_last() -> None:
    unnoticed = {attack for attack, told in found().items() if told[2] is None}
    assert len(ATTACKS) >= 20
    assert unnoticed == {"change an event after the last checkpoint, hash anew"}


def test_keeping_more_never_shows_less() -> None:
    for attack, told in found().items():
        weights = [0 if reason is None else 1 if reason == LOST else 2 for reason in told]
        assert weights == sorted(weights), attack
