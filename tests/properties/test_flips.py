"""Any single byte flipped is caught: of a stored event, of a report's JSON, of a cited capture. The bundle's has a test
of its own beside its verifier."""

from __future__ import annotations

import gzip
import os
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from huiying.backends.captures_folder import FolderCaptures
from huiying.core.errors import Refused
from huiying.core.ports import Stored
from huiying.entries import Reason
from huiying.verify import Verification, verify
from tests.attacks.office import PAGE, Office, noted, opened

FLIPS = 10_000 if os.environ.get("HUIYING_PROFILE") == "long" else 300
HASHED = ("raw", "leaf", "chain")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    made = Office(tmp_path_factory.mktemp("flips") / "desk")
    made.configure()
    made.append(opened("A1"), noted("A1"))
    made.cite("A1", 4)
    made.attach("A1", b"%PDF a letter")
    made.issue()
    made.report()
    made.append(noted("A1"))
    assert made.verify(reports=made.reports).exit_code == 0
    return made


def flips(whole: bytes, drawn: random.Random) -> Iterator[bytes]:
    """Yield `whole` with one byte other than it was."""
    for _ in range(FLIPS):
        at = drawn.randrange(len(whole))
        yield whole[:at] + bytes([whole[at] ^ drawn.randrange(1, 256)]) + whole[at + 1 :]


@pytest.mark.parametrize("column", HASHED)
def test_a_byte_of_a_stored_event_is_caught(office: Office, column: str) -> None:
    with office.ledger() as ledger:
        rows = list(ledger.stored())
    drawn = random.Random(20260310)
    for _ in range(FLIPS):
        at = drawn.randrange(len(rows))
        changed = rows[at]._replace(**{column: next(flips(getattr(rows[at], column), drawn))})
        found = verify(lambda: rows_with(rows, at, changed)).bad  # noqa: B023
        assert found
        assert found.seq == at + 1
        assert found.reason is (Reason.CHAIN if column == "chain" else Reason.LEAF)


def rows_with(rows: list[Stored], at: int, changed: Stored) -> list[Stored]:
    return [*rows[:at], changed, *rows[at + 1 :]]


def test_a_byte_of_a_report_is_caught(office: Office) -> None:
    with office.ledger() as ledger:
        rows = list(ledger.stored())
    for written in flips(office.reports[0], random.Random(20260311)):
        assert caught(lambda: verify(lambda: rows, reports=[written])), written  # noqa: B023


def test_a_byte_of_a_cited_capture_is_caught(office: Office) -> None:
    """Of the payload that is kept, whatever else of the file is as it was."""
    file = holding(office.data / "captures" / "cited")
    whole, compressed = gzip.decompress(file.read_bytes()), file.read_bytes()
    begin = whole.index(PAGE)
    with office.ledger() as ledger, closing(FolderCaptures(office.data / "captures")) as captures:
        rows = list(ledger.stored())
        for payload in flips(PAGE, random.Random(20260312)):
            file.write_bytes(gzip.compress(whole[:begin] + payload + whole[begin + len(PAGE) :], 1))
            found = verify(lambda: rows, captures=captures).bad
            assert found
            assert (found.seq, found.reason) == (5, Reason.CAPTURE)
    file.write_bytes(compressed)


def test_a_byte_of_a_captures_file_is_caught_or_changes_no_payload(office: Office) -> None:
    file = holding(office.data / "captures" / "cited")
    compressed = file.read_bytes()
    same = 0
    with office.ledger() as ledger, closing(FolderCaptures(office.data / "captures")) as captures:
        rows = list(ledger.stored())
        reference = next(iter(captures.references()))
        for written in flips(compressed, random.Random(20260313)):
            file.write_bytes(written)
            if not caught(lambda: verify(lambda: rows, captures=captures)):
                assert captures.get(reference).body == PAGE
                same += 1
    file.write_bytes(compressed)
    assert same < FLIPS / 10


def holding(cited: Path) -> Path:
    """Return the file of the page, which is the first that was kept."""
    return min(cited.iterdir())


def caught(check: Callable[[], Verification]) -> bool:
    """Say whether `check` finds something wrong, or cannot read what it is given: exit codes 1 and 2."""
    try:
        return check().exit_code == 1
    except Refused as refused:
        return refused.code == "report_unreadable"
