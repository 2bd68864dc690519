"""Attacks by whoever owns the database, and what a full verification says of each, by which notes were kept elsewhere.

A quarter of an office is recorded once; every attack gets a copy of it, does what it does to the files, and is verified
from three vantage points: nobody kept a checkpoint, somebody kept one of the middle, somebody kept all five.
"""

from __future__ import annotations

import copy
import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from huiying.core.model import Draft, Role
from huiying.verify import Verification
from tests.attacks.forging import Body, body, changed, edited, hashed, without_checkpoints
from tests.attacks.office import Office, Row, noted, opened

ACTED = 5  # the event that the office would rather have otherwise; every kept checkpoint covers it
LATER = 8  # one of the other alert, which all but the first cover
PUT_BACK = 10  # the length that a roll-back goes back to: after the second checkpoint


@dataclass
class Quarter:
    """One office's quarter: its folder, the notes that it issued in order, and the report's figures."""

    office: Office
    notes: list[str] = field(default_factory=list)
    report: bytes = b""

    @property
    def key(self) -> Ed25519PrivateKey:
        """The office's signing key, stolen."""
        written = (self.office.data / "ledger.key").read_text(encoding="ascii")
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(written))

    def copied(self, folder: Path) -> Quarter:
        """Return the same quarter in another folder."""
        shutil.copytree(self.office.folder, folder)
        office = copy.copy(self.office)
        office.folder, office.data, office.file = folder, folder / "data", folder / "data" / "ledger.sqlite"
        return Quarter(office, self.notes, self.report)

    def vantage(self, name: str) -> list[str]:
        """Return the notes that were kept elsewhere."""
        return {"none": [], "one": self.notes[2:3], "five": self.notes}[name]


def recorded(folder: Path) -> Quarter:
    """Record the quarter: two alerts, five checkpoints, a capture, a restoration, a report; two events after all."""
    quarter = Quarter(Office(folder))
    office, notes = quarter.office, quarter.notes
    office.configure()
    office.append(opened("A1"), opened("A2", 2))
    office.append(noted("A1", "第一次电话，无人接听"))
    notes.append(office.issue())
    _restored(office, 2)
    office.days(1)
    office.append(noted("A2", "已派人到现场"))
    office.cite("A1", ACTED)
    notes.append(office.issue())
    office.days(1)
    office.append(noted("A1", "已恢复供水"))
    notes.append(office.issue())
    office.append(noted("A2", "仍在抢修"))
    notes.append(office.issue())
    quarter.report = office.report()
    notes.append(office.issue())
    office.days(1)
    office.append(noted("A1", "居民来电，又停水了"), noted("A2", "道路已恢复"))
    return quarter


def _restored(office: Office, number: int) -> None:
    with office.ledger() as ledger:
        last = ledger.read(after=ledger.head() - 1)[0]
        held: Body = {"last": last.seq, "chain": last.chain.hex(), "known": last.seq, "known_chain": last.chain.hex()}
        lost = {"lost_from": "2026-03-04T02:00:00.000000Z", "lost_until": "2026-03-04T02:05:00.000000Z"}
        payload = {"origin": f"county/{number}", "of": f"county/{number - 1}", **held, **lost}
        ledger.append([Draft("restored", None, "system", Role.SYSTEM, payload=payload)])


@dataclass(frozen=True)
class Attack:
    """One attack: what it does, whether it needs the stolen signing key, and the deed; it returns what is verified."""

    zh: str
    en: str
    key: bool
    act: Callable[[Quarter], dict[str, Any] | None]


def _say(said: Body) -> None:
    said["payload"]["text"] = "第一次电话，已核实"


def _all(quarter: Quarter, change: Callable[[list[Row]], list[Row]]) -> None:
    quarter.office.overwrite(change(quarter.office.rows()))


def _signed(change: Callable[[list[Row]], list[Row]]) -> Callable[[Quarter], None]:
    """Change the rows, then hash and sign everything anew with the stolen key."""
    return lambda quarter: _all(quarter, lambda rows: hashed(change(rows), quarter.key))


def _unsigned(change: Callable[[list[Row]], list[Row]]) -> Callable[[Quarter], None]:
    """Change the rows, drop the recorded checkpoints, which cannot be signed, and hash everything anew."""
    return lambda quarter: _all(quarter, lambda rows: hashed(without_checkpoints(change(rows))))


def _plain(change: Callable[[list[Row]], list[Row]]) -> Callable[[Quarter], None]:
    return lambda quarter: _all(quarter, change)


def _edit(rows: list[Row], seq: int = ACTED) -> list[Row]:
    return changed(rows, seq, _say)


def _back_dated(at: str) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: changed(rows, LATER, lambda said: said.update(recorded_at=at))


def _inserted(rows: list[Row]) -> list[Row]:
    early = edited(rows[ACTED - 1], lambda said: said["payload"].update(text="两分钟后已核实"))
    return [*rows[:ACTED], early, *rows[ACTED:]]


def _swapped(rows: list[Row]) -> list[Row]:
    """Give the two notes to the other alert."""
    other = {"A1": "A2", "A2": "A1"}
    for seq in (ACTED, LATER):
        rows = changed(rows, seq, lambda said: said.update(alert=other[said["alert"]]))
    return rows


def _reordered(rows: list[Row]) -> list[Row]:
    first, second = rows[ACTED - 1], rows[LATER - 1]
    times = body(first)["recorded_at"], body(second)["recorded_at"]
    moved = edited(second, lambda said: said.update(recorded_at=times[0]))
    back = edited(first, lambda said: said.update(recorded_at=times[1]))
    return [*rows[: ACTED - 1], moved, *rows[ACTED : LATER - 1], back, *rows[LATER:]]


def _first_event(kind: str) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: changed(rows, 1, lambda said: said["payload"].update(kind=kind))


def _other_key(quarter: Quarter) -> None:
    own = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = own.public_key().public_bytes_raw().hex()
    rows = changed(_edit(quarter.office.rows()), 1, lambda said: said["payload"].update(public_key=public))
    quarter.office.overwrite(hashed(rows, own))


def _rolled_back(quarter: Quarter) -> None:
    """Put back what stood after the second checkpoint, and go on as if nothing had been recorded since."""
    quarter.office.overwrite(quarter.office.rows()[:PUT_BACK])
    for _ in range(9):
        quarter.office.append(noted("A1", "一切正常"))


def _restoration_feigned(quarter: Quarter) -> None:
    """Put back what stood after the second checkpoint, and declare the rest lost."""
    quarter.office.overwrite(quarter.office.rows()[:PUT_BACK])
    _restored(quarter.office, 3)
    quarter.office.append(noted("A1", "一切正常"))


def _begun_anew(quarter: Quarter) -> None:
    rows = quarter.office.rows()
    quarter.office.overwrite(hashed(rows[:4], quarter.key))
    quarter.office.append(*[noted("A1", "一切正常")] * 20)


def _without_restored(rows: list[Row]) -> list[Row]:
    return [row for row in rows if body(row)["type"] != "restored"]


def _report_edited(quarter: Quarter) -> dict[str, Any]:
    return {"reports": [quarter.report.replace(b'"count":2', b'"count":0')]}


def _report_typed(quarter: Quarter) -> dict[str, Any]:
    """Type the figures, and record their hash in the place of the true one."""
    typed = _report_edited(quarter)["reports"][0]
    digest = hashlib.sha256(typed).hexdigest()

    def change(said: Body) -> None:
        if said["type"] == "report_issued":
            said["payload"]["figures"] = digest

    _signed(lambda rows: [edited(row, change) for row in rows])(quarter)
    return {"reports": [typed]}


FORGED = b"a page that says what it should have said"


def _capture_edited(quarter: Quarter) -> None:
    other = Office(quarter.office.folder / "other")
    other.keep(FORGED)
    (forged,) = (other.data / "captures" / "cited").iterdir()
    (cited,) = (quarter.office.data / "captures" / "cited").iterdir()
    shutil.copy2(forged, cited)


def _capture_and_hash_edited(quarter: Quarter) -> None:
    _capture_edited(quarter)

    def change(said: Body) -> None:
        if said["type"] == "captured":
            said["payload"]["sha256"] = hashlib.sha256(FORGED).hexdigest()

    _signed(lambda rows: [edited(row, change) for row in rows])(quarter)


def _forked(quarter: Quarter) -> None:
    """Show others another continuation, with checkpoints of its own; the second file is put away."""
    shutil.rmtree(quarter.office.data / "checkpoints")
    quarter.office.overwrite(quarter.office.rows()[:PUT_BACK])
    for _ in range(5):
        quarter.office.append(noted("A1", "一切正常"))
        quarter.office.issue()


def _note_forged(quarter: Quarter) -> dict[str, Any]:
    """Roll back, and put a note into the second file that says what it should have said."""
    _rolled_back(quarter)
    return {"kept": [quarter.notes[4].replace("\n", "\n1", 1)]}


ATTACKS = (
    Attack("改一条记录的内容", "change an event", False, _plain(_edit)),
    Attack(
        "改内容，重算其后的哈希链", "change an event, hash the chain anew", False, _plain(lambda r: hashed(_edit(r)))
    ),
    Attack(
        "改内容、重算，删去台账中的检查点",
        "change, hash anew, drop the checkpoints recorded inside",
        False,
        _unsigned(_edit),
    ),
    Attack(
        "改内容、重算，用偷来的私钥重签全部检查点", "change, hash anew, sign all checkpoints anew", True, _signed(_edit)
    ),
    Attack(
        "改最后一个检查点之后的记录，重算",
        "change an event after the last checkpoint, hash anew",
        False,
        _plain(lambda r: hashed(_edit(r, 18))),
    ),
    Attack("删去末尾", "cut off the end", False, _plain(lambda rows: rows[:13])),
    Attack("删去中间一条", "delete one from the middle", False, _plain(lambda rows: rows[:ACTED] + rows[ACTED + 1 :])),
    Attack(
        "删去中间一条，重新编号、重签",
        "delete one from the middle, number and sign anew",
        True,
        _signed(lambda rows: rows[: ACTED - 1] + rows[ACTED:]),
    ),
    Attack("插入一条，重新编号、重签", "insert one, number and sign anew", True, _signed(_inserted)),
    Attack("调换两条的次序，重签", "swap the order of two, sign anew", True, _signed(_reordered)),
    Attack("把两条预警的记录互换，重签", "swap the events of two alerts, sign anew", True, _signed(_swapped)),
    Attack(
        "倒填记录时间，早于前一条，重签",
        "back-date an event before the one before it, sign anew",
        True,
        _signed(_back_dated("2026-03-04T00:00:00.000000Z")),
    ),
    Attack(
        "倒填记录时间，在前后两条之间，重签",
        "back-date an event between its neighbours, sign anew",
        True,
        _signed(_back_dated("2026-03-04T02:10:00.000000Z")),
    ),
    Attack(
        "只改索引列中的预警编号",
        "change the alert in the column only",
        False,
        _plain(lambda rows: [row | {"alert": "A2"} if row["seq"] == ACTED else row for row in rows]),
    ),
    Attack("换一把私钥，改内容，全部重签", "replace the key, change an event, sign anew", True, _other_key),
    Attack("悄悄退回旧备份，继续记录", "roll back to an old backup silently and go on", False, _rolled_back),
    Attack("退回旧备份，谎称恢复备份", "roll back and call it a restoration", False, _restoration_feigned),
    Attack("另起一本台账，同一把私钥", "begin the ledger anew with the same key", False, _begun_anew),
    Attack(
        "把正式台账改称演示", "call the office's ledger a demonstration", True, _signed(_first_event("demonstration"))
    ),
    Attack("删去恢复备份的记录，重签", "drop the record of a restoration, sign anew", True, _signed(_without_restored)),
    Attack("改报告的 JSON", "edit the report's JSON", False, _report_edited),
    Attack(
        "改报告的 JSON，并改台账中的哈希，重签",
        "edit the report's JSON and its hash in the ledger, sign anew",
        True,
        _report_typed,
    ),
    Attack("换掉被引用的存证", "replace a cited capture", False, _capture_edited),
    Attack(
        "换掉存证，并改台账中的哈希，重签",
        "replace a capture and its hash in the ledger, sign anew",
        True,
        _capture_and_hash_edited,
    ),
    Attack("从中间分叉，给不同的人看不同的后续", "fork: show others another continuation", True, _forked),
    Attack("退回旧备份，并伪造第二份文件", "roll back, and forge the second file", False, _note_forged),
)
VANTAGES = ("none", "one", "five")


def results(quarter: Quarter, attack: Attack, folder: Path) -> tuple[Verification, ...]:
    """Attack a copy of `quarter` in `folder` and verify it from each vantage point."""
    attacked = quarter.copied(folder)
    given = dict(attack.act(attacked) or {})
    forged = given.pop("kept", ())
    return tuple(attacked.office.verify(*forged, *quarter.vantage(name), **given) for name in VANTAGES)
