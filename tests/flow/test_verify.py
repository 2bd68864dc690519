"""The full verification: each reason that it knows is found where it belongs, and nothing else is called wrong."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from alerts.figures import figures
from alerts.periods import period
from huiying.backends.ledger_sql import opened_copy
from huiying.core import codec
from huiying.core.errors import BackendError, Refused
from huiying.core.messages import LANGUAGES, catalogue
from huiying.core.model import Draft, Role
from huiying.core.ports import Stored
from huiying.entries import Reason
from huiying.verify import Bad, verify
from tests.alerts.scene import Scene
from tests.attacks.forging import Body, body, changed, edited, hashed, without_checkpoints
from tests.attacks.office import Office, Row, noted, opened


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Ten events: created, configured, A1 opened, noted, checkpoint, captured, A2 opened, report, checkpoint, noted."""
    made = Office(tmp_path / "desk")
    made.configure()
    made.append(opened("A1"), noted("A1"))
    made.issue()
    made.cite("A1", 4)
    made.append(opened("A2", 2))
    made.report()
    made.issue()
    made.append(noted("A2"))
    return made


def found(office: Office, rows: list[Row], *kept: str) -> Bad | None:
    office.overwrite(rows)
    return office.verify(*kept).bad


def test_a_ledger_that_nobody_changed_is_fine(office: Office) -> None:
    result = office.verify()
    with office.ledger() as ledger:
        last = ledger.read()[-1]
    assert result.bad is None
    assert result.exit_code == 0
    assert (result.events, result.chain, result.kind) == (10, last.chain.hex(), "office")
    assert result.key
    assert result.key.name == "county/1"
    assert ([one.size for one in result.held], result.lost, result.captures) == ([4, 8], (), 1)


def test_what_the_commands_record_is_fine(tmp_path: Path) -> None:
    """What the payloads declare and what is recorded must not drift apart: verify would call it changed."""
    scene = Scene(tmp_path)
    scene.confirmed(scene.open())
    rows = [{"key": None, **row._asdict()} for row in scene.ledger.stored()]
    scene.ledger.close()
    keyed = hashed(changed(rows, 1, lambda said: said["payload"].update(public_key="ab" * 32)))
    assert verify(lambda: [Stored(*(row[name] for name in Stored._fields)) for row in keyed]).bad is None


def rehashed(seq: int, change: Callable[[Body], object]) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: hashed(without_checkpoints(changed(rows, seq, change)))


def put(**fields: Any) -> Callable[[Body], object]:
    return lambda said: said.update(fields)


def raw(seq: int, change: Callable[[bytes], bytes]) -> Callable[[list[Row]], list[Row]]:
    """Change the bytes themselves and hash them as they are, without bringing them into form."""

    def act(rows: list[Row]) -> list[Row]:
        chain = codec.GENESIS
        made = []
        for row in rows:
            bytes_ = change(row["raw"]) if row["seq"] == seq else row["raw"]
            leaf = codec.leaf_hash(bytes_)
            chain = codec.chain_hash(chain, leaf)
            made.append(row | {"raw": bytes_, "leaf": leaf, "chain": chain})
        return made

    return act


def only(seq: int, **fields: Any) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [row | fields if row["seq"] == seq else row for row in rows]


DAMAGES: dict[str, tuple[Callable[[list[Row]], list[Row]], int, Reason]] = {
    "other bytes": (lambda rows: changed(rows, 4, put(actor="P-x")), 4, Reason.LEAF),
    "another leaf": (only(4, leaf=bytes(32)), 4, Reason.LEAF),
    "another chain": (only(4, chain=bytes(32)), 4, Reason.CHAIN),
    "left out": (lambda rows: rows[:3] + rows[4:], 4, Reason.MISSING),
    "nothing at all at its beginning": (lambda rows: rows[1:], 1, Reason.MISSING),
    "another alert beside the bytes": (only(4, alert="A2"), 4, Reason.COLUMNS),
    "another number in the bytes": (raw(4, lambda raw: raw.replace(b'"seq":4', b'"seq":5')), 4, Reason.COLUMNS),
    "a number that is none": (raw(1, lambda raw: raw.replace(b'"seq":1', b'"seq":true')), 1, Reason.COLUMNS),
    "blanks": (raw(4, lambda raw: raw.replace(b'"seq":', b'"seq": ')), 4, Reason.FORM),
    "a key twice": (raw(4, lambda raw: raw.replace(b'"seq":4', b'"seq":4,"seq":4')), 4, Reason.FORM),
    "keys in another order": (
        raw(4, lambda raw: raw.replace(b'"seq":4,"type":"noted"', b'"type":"noted","seq":4')),
        4,
        Reason.FORM,
    ),
    "another format": (raw(4, lambda raw: b"\x02" + raw[1:]), 4, Reason.FORM),
    "no JSON": (raw(4, lambda raw: raw[:-1]), 4, Reason.FORM),
    "not a number": (raw(4, lambda raw: raw.replace(b'"seq":4', b'"seq":NaN')), 4, Reason.FORM),
    "a fraction": (raw(4, lambda raw: raw.replace(b'{"text":"', b'{"of":1.5,"text":"')), 4, Reason.FORM),
    "an exponent": (raw(4, lambda raw: raw.replace(b'{"text":"', b'{"of":[1e+22],"text":"')), 4, Reason.FORM),
    "an unknown role": (rehashed(4, put(role="king")), 4, Reason.FORM),
    "a list for a type": (rehashed(4, put(type=["noted"])), 4, Reason.FORM),
    "a text for a payload": (rehashed(4, put(payload="x")), 4, Reason.FORM),
    "another desk": (rehashed(4, put(desk="other")), 4, Reason.DESK),
    "earlier than the one before": (rehashed(4, put(recorded_at="2025-01-01T00:00:00.000000Z")), 4, Reason.TIME),
    "no instant": (rehashed(4, put(recorded_at="2027")), 4, Reason.TIME),
    "an unknown type": (rehashed(4, put(type="praised")), 4, Reason.TYPE),
    "a key too many": (rehashed(4, lambda said: said["payload"].update(rate="100 %")), 4, Reason.PAYLOAD),
    "a key too few": (rehashed(4, lambda said: said["payload"].pop("text")), 4, Reason.PAYLOAD),
    "another first event": (rehashed(1, put(type="noted", payload={"text": "x"})), 1, Reason.FIRST),
    "a second first event": (lambda rows: hashed(rows[:1] * 2), 2, Reason.FIRST),
    "no public key": (rehashed(1, lambda said: said["payload"].update(public_key="00")), 1, Reason.PAYLOAD),
    "a kind that is none": (rehashed(1, lambda said: said["payload"].update(kind="real")), 1, Reason.PAYLOAD),
    "a checkpoint of another origin": (
        lambda rows: hashed(changed(rows, 1, lambda said: said["payload"].update(origin="county/2"))),
        5,
        Reason.ORIGIN,
    ),
    "an alert that nobody opened": (rehashed(4, put(alert="A9")), 4, Reason.OPENED),
    "an alert opened twice": (lambda rows: hashed([*rows[:4], rows[2]]), 5, Reason.OPENED),
    "a checkpoint of other events": (lambda rows: hashed(changed(rows, 4, put(actor="P-x"))), 4, Reason.ROOT),
    "a signature cut short": (
        lambda rows: hashed(changed(rows, 5, lambda said: said["payload"].update(note="county/1\n4\nx\n"))),
        5,
        Reason.SIGNATURE,
    ),
    "a root beside the note": (
        lambda rows: hashed(changed(rows, 5, lambda said: said["payload"].update(root="00" * 32))),
        5,
        Reason.ROOT,
    ),
    "a checkpoint of what is to come": (
        lambda rows: hashed([*rows[:4], rows[8]]),
        5,
        Reason.SHORTER,
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damage_has_its_number_and_its_reason(office: Office, damage: str) -> None:
    act, seq, reason = DAMAGES[damage]
    assert found(office, act(office.rows())) == Bad(seq, reason)
    assert office.verify().exit_code == 1


def test_every_reason_is_tried() -> None:
    """The others have tests of their own below, or a restoration, a kept note, a capture or a report."""
    tried = {reason for _, _, reason in DAMAGES.values()}
    assert set(Reason) - tried == {Reason.RESTORED, Reason.CAPTURE, Reason.REPORT, Reason.FIGURES}


def test_a_number_in_a_text_is_no_fraction(office: Office) -> None:
    office.append(noted("A2", text='降了 1.5 米,2.5 米;":3.5,[4.5e7 "'))
    assert office.verify().bad is None


def test_what_a_kept_note_shows(office: Office, tmp_path: Path) -> None:
    with office.ledger() as ledger:
        notes = [event.payload["note"] for event in ledger.read() if event.type == "checkpoint_issued"]
    assert office.verify(*notes).exit_code == 0
    rows = office.rows()
    assert found(office, rows[:6], notes[1]) == Bad(6, Reason.SHORTER)
    assert found(office, hashed(without_checkpoints(rows)), notes[0]) is None
    assert found(office, hashed(without_checkpoints(rows)), notes[1]) == Bad(8, Reason.ROOT)
    office.overwrite(rows)
    other = Office(tmp_path / "other").issue()
    assert office.verify(other).bad == Bad(0, Reason.SIGNATURE)
    with pytest.raises(Refused, match="note_unreadable"):
        office.verify("nothing")


def restored(office: Office, **fields: Any) -> None:
    with office.ledger() as ledger:
        last = ledger.read(after=ledger.head() - 1)[0]
        payload = {
            "origin": "county/2",
            "of": "county/1",
            "last": last.seq,
            "chain": last.chain.hex(),
            "known": last.seq,
            "known_chain": last.chain.hex(),
            "lost_from": codec.instant_text(office.clock.now()),
            "lost_until": codec.instant_text(office.clock.now()),
        }
        ledger.append([Draft("restored", None, "system", Role.SYSTEM, payload=payload | fields)])


def test_a_restoration_declares_what_is_lost(office: Office) -> None:
    rows = office.rows()
    office.append(noted("A1"))
    kept = office.issue()
    office.overwrite(rows)
    restored(office)
    office.append(noted("A1"))
    newer = office.issue()
    result = office.verify(kept, newer)
    assert result.bad is None
    assert [one.size for one in result.lost] == [11]
    assert [(one.origin, one.of, one.last, one.known) for one in result.restored] == [("county/2", "county/1", 10, 10)]


@pytest.mark.parametrize("wrong", [{"of": "county/0"}, {"last": 3}, {"chain": "00" * 32}])
def test_a_restoration_that_does_not_fit_is_found(office: Office, wrong: dict[str, Any]) -> None:
    restored(office, **wrong)
    assert office.verify().bad == Bad(11, Reason.RESTORED)


def test_a_checkpoint_of_the_origin_before_is_found(office: Office) -> None:
    rows = office.rows()
    restored(office)
    late = office.rows()[-1]
    then = edited(rows[8], put(recorded_at=body(late)["recorded_at"]))
    assert found(office, hashed([*rows, late, then])) == Bad(12, Reason.ORIGIN)


def test_a_cited_capture_that_is_gone_or_was_changed_is_found(office: Office) -> None:
    cited = office.data / "captures" / "cited"
    (file,) = cited.iterdir()
    (seen,) = (office.data / "captures" / "seen").rglob("*.gz")
    whole = file.read_bytes()
    other = Office(office.folder / "other")
    other.append(opened("A1"))
    other.cite("A1", 2, b"another page")
    (file.write_bytes((next((other.data / "captures" / "cited").iterdir())).read_bytes()))
    assert office.verify().bad == Bad(6, Reason.CAPTURE)
    file.unlink()
    seen.unlink()
    assert office.verify().bad == Bad(6, Reason.CAPTURE)
    file.write_bytes(whole)
    assert office.verify().bad is None


def test_a_file_given_as_evidence_is_looked_at_too(office: Office) -> None:
    office.attach("A1", b"%PDF a letter")
    result = office.verify()
    assert (result.bad, result.captures) == (None, 2)
    for file in (office.data / "captures").rglob("*000002*.gz"):
        file.unlink()
    assert office.verify().bad == Bad(11, Reason.CAPTURE)


def test_a_report_is_computed_anew(office: Office) -> None:
    (figures,) = office.reports
    office.append(noted("A1", "later events change nothing"))
    for written in (figures, figures + b"\n"):
        result = office.verify(reports=[written])
        assert (result.bad, result.reports) == (None, 1)
    typed = figures.replace(b'"excluded_flagged":false', b'"excluded_flagged":true')
    assert typed != figures
    assert office.verify(reports=[typed]).bad == Bad(8, Reason.REPORT)
    assert office.verify(reports=[figures.replace(b'"events":7', b'"events":70')]).bad == Bad(11, Reason.SHORTER)
    digest = hashlib.sha256(typed).hexdigest()
    rows = changed(office.rows(), 8, lambda said: said["payload"].update(figures=digest))
    office.overwrite(hashed(without_checkpoints(rows)))
    assert office.verify(reports=[typed]).bad == Bad(0, Reason.FIGURES)


def test_figures_that_no_event_records_are_computed_anew_too(office: Office) -> None:
    """`huiying figures --json` records nothing."""
    with office.ledger() as ledger:
        counted = ledger.read(limit=4)
    computed = figures(counted, period("2026-03", "Asia/Shanghai"), counted[-1].recorded_at).to_json()
    assert office.verify(reports=[computed]).bad is None
    typed = computed.replace(b'"excluded_flagged":false', b'"excluded_flagged":true')
    assert office.verify(reports=[typed]).bad == Bad(0, Reason.FIGURES)


@pytest.mark.parametrize("written", [b"", b"[]", b"%PDF", b'{"events":1}', b'{"cutoff":"x","events":1,"period":{}}'])
def test_what_is_no_report_cannot_be_checked(office: Office, written: bytes) -> None:
    with pytest.raises(Refused, match="report_unreadable"):
        office.verify(reports=[written])


def test_what_version_0_1_0_recorded_is_fine(office: Office) -> None:
    later = ("attempt", "absent_before", "status", "final_address", "configuration")
    rows = changed(office.rows(), 6, lambda said: [said["payload"].pop(key) for key in later])
    beat = edited(rows[9], lambda said: said.update(alert=None, type="heartbeat", payload={}))
    assert found(office, hashed(without_checkpoints([*rows[:9], beat]))) is None


def test_a_copy_of_the_file_is_verified_without_a_desk(office: Office, tmp_path: Path) -> None:
    with closing(sqlite3.connect(office.file)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    folder = tmp_path / "audit"
    folder.mkdir()
    copy = folder / "ledger.sqlite"
    shutil.copy2(office.file, copy)
    copy.chmod(stat.S_IRUSR)
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with opened_copy(copy) as stored:
            rows = list(stored())
        assert verify(lambda: rows).events == 10
        assert [file.name for file in folder.iterdir()] == ["ledger.sqlite"]
    finally:
        folder.chmod(stat.S_IRWXU)


def test_what_cannot_be_checked_is_an_error_and_no_finding(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="ledger_empty"):
        verify(lambda: iter(()))
    for text in (None, "no database"):
        file = tmp_path / f"{text}.sqlite"
        if text:
            file.write_text(text * 100, encoding="ascii")
        with pytest.raises(BackendError), opened_copy(file) as stored:
            verify(stored)


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HUIYING_LANGUAGE": "en"}
    command = [sys.executable, "-m", "huiying", "verify", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)


def test_the_command_says_what_holds_with_code_0(office: Office, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_bytes(office.reports[0])
    restored(office)
    ran = run(office.folder, "--report", report)
    assert ran.returncode == 0, ran.stderr
    for said in (
        "11 events verified",
        "Public key: county/2+",
        "county/2 was restored from a backup: it holds the first 10 events of county/1",
        "1 cited captures are those",
        "1 reports computed anew",
    ):
        assert said in ran.stdout


def test_the_command_names_the_first_bad_event_with_code_1(office: Office, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite"
    office.overwrite(changed(office.rows(), 4, put(actor="P-x")))
    with closing(sqlite3.connect(office.file)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy2(office.file, copy)
    for given in ((office.folder,), ("--ledger", copy)):
        ran = run(*given)
        assert ran.returncode == 1
        assert "Event 4 of the ledger does not match its hash (leaf)" in ran.stderr
        assert "The stored bytes are not those that were hashed" in ran.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("nowhere",),
        ("--ledger", "nowhere"),
        ("--checkpoint", "nowhere"),
        ("--checkpoint", "bytes"),
        ("--report", "bytes"),
        ("--witness-key", "x"),
    ],
)
def test_the_command_says_what_could_not_be_checked_with_code_2(
    office: Office, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    place = {"nowhere": tmp_path / "nowhere", "bytes": tmp_path / "bytes"}
    given = [place.get(word, word) for word in words]
    ran = run(*([office.folder] if words[0].startswith("--") else []), *given)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert len(ran.stderr.strip().splitlines()) == 1
    assert "Traceback" not in ran.stderr


def test_every_reason_has_its_sentence() -> None:
    for language in LANGUAGES:
        said = {key.partition(".")[2] for key in catalogue(language) if key.startswith("reason.")}
        assert said == set(Reason)
