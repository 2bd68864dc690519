"""The full verification of a ledger: every stored byte, every checkpoint, cited captures, a report's figures.

entries, one by one ─► its own checkpoints, notes kept elsewhere ─► cited captures ─► reports computed anew
                                                                                            │
Verification ◄──────────────────────────────────────────────────────────────────────────────┘

The first thing that is wrong ends it: a Verification names the number and a reason of the closed list `Reason`. What
cannot be looked at at all is an error instead.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from alerts.figures import figures
from alerts.periods import period as read_period
from alerts.zones import zone_at
from huiying.checkpoint import History, proved, read_note
from huiying.core import codec
from huiying.core.cosignature import CosignerKey, cosigned
from huiying.core.errors import BackendError, Refused, Tampered
from huiying.core.note import Checkpoint, VerifierKey
from huiying.core.ports import Captures, Stored
from huiying.entries import Entries, Reason, Restoration, bad

ReadEntries = Callable[[], Iterable[Stored]]


@dataclass(frozen=True, slots=True)
class Bad:
    """The first thing wrong: the number of the event (0 where it is none), and why."""

    seq: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Cosigned:
    """One kept note of `size` events that the witness `name` cosigned at `at`, seconds since 1970."""

    name: str
    size: int
    at: int


@dataclass(frozen=True, slots=True)
class Verification:
    """What was verified. `held` are the checkpoints that the ledger proves, `lost` those that it declares lost,
    `restored` its declarations; `captures` and `reports` count what was looked at. `key` is that of the last origin."""

    events: int
    chain: str
    kind: str
    key: VerifierKey | None
    held: tuple[Checkpoint, ...] = ()
    lost: tuple[Checkpoint, ...] = ()
    restored: tuple[Restoration, ...] = ()
    cosigned: tuple[Cosigned, ...] = ()
    captures: int = 0
    reports: int = 0
    bad: Bad | None = None

    @property
    def exit_code(self) -> int:
        """Return 0 where all is well, 1 where something was changed; 2 is for what could not be checked."""
        return 0 if self.bad is None else 1


def verify(
    entries: ReadEntries,
    *,
    kept: Sequence[str] = (),
    witnesses: Sequence[CosignerKey] = (),
    captures: Captures | None = None,
    reports: Sequence[bytes] = (),
) -> Verification:
    """Verify everything that `entries` yields from the first event on, each time that it is called.

    `kept` are notes from elsewhere, cosignatures by `witnesses` beneath them are checked; `captures` are looked into
    where they are given; `reports` are figures files, canonical JSON. Refused("ledger_empty"), ("note_unreadable") and
    ("report_unreadable") say that nothing could be checked, as a BackendError does.
    """
    found = Entries()
    done: dict[str, Any] = {}
    first_bad = None
    try:
        for row in entries():
            found.take(row)
        if found.seq == 0:
            raise Refused("ledger_empty")
        done["held"], done["lost"] = _checkpoints(found, kept)
        done["cosigned"] = _cosigned(kept, witnesses)
        done["captures"] = _captures(found, captures)
        for written in reports:
            _report(found, written, entries)
        done["reports"] = len(reports)
    except Tampered as wrong:
        first_bad = Bad(int(str(wrong.fields["seq"])), Reason(str(wrong.fields["reason"])))
    return _told(found, done, first_bad)


def _told(found: Entries, done: Mapping[str, Any], first_bad: Bad | None) -> Verification:
    known = found.history()
    return Verification(
        events=found.seq,
        chain=found.chain.hex(),
        kind=found.kind,
        key=known.key(known.line(known.eras[-1])) if known.eras else None,
        restored=tuple(found.restored),
        bad=first_bad,
        **done,
    )


def _checkpoints(found: Entries, kept: Sequence[str]) -> tuple[tuple[Checkpoint, ...], tuple[Checkpoint, ...]]:
    """Check the notes that the ledger issued, each as of its own event, and those of `kept`."""
    known = found.history()
    for seq, payload in found.issued:
        said = _signed(known, payload["note"], seq)
        if said.origin != known.line([era for era in known.eras if era.begin < seq][-1]):
            bad(seq, Reason.ORIGIN)
        if said.size >= seq:
            bad(seq, Reason.SHORTER)
        if (payload["size"], payload["root"]) != (said.size, said.root.hex()):
            bad(seq, Reason.ROOT)
    for signed in kept:
        _signed(known, signed, 0)
    return proved(known, kept)


def _signed(known: History, signed: str, seq: int) -> Checkpoint:
    """Read a note; where this ledger's key has not signed it that is bad, as is an unreadable one inside the ledger."""
    try:
        return read_note(known, signed)
    except Refused as cause:
        if cause.code == "note_unreadable" and seq == 0:
            raise
        bad(seq, Reason.SIGNATURE)


def _cosigned(kept: Sequence[str], witnesses: Sequence[CosignerKey]) -> tuple[Cosigned, ...]:
    try:
        return tuple(
            Cosigned(key.name, int(signed.split("\n")[1]), at)
            for signed in kept
            for key in witnesses
            if (at := cosigned(signed, key)) is not None
        )
    except Refused:
        bad(0, Reason.SIGNATURE)


def _captures(found: Entries, captures: Captures | None) -> int:
    """Look at the payload of each cited capture; return how many there are, 0 where none can be looked into."""
    if captures is None:
        return 0
    for (reference, sha256), seq in found.cited.items():
        try:
            body = captures.get(reference).body
        except BackendError as gone:
            if gone.code != "capture_missing":
                raise
            bad(seq, Reason.CAPTURE)
        if hashlib.sha256(body).hexdigest() != sha256:
            bad(seq, Reason.CAPTURE)
    return len(found.cited)


def _report(found: Entries, written: bytes, entries: ReadEntries) -> None:
    """Compute a report's figures anew from the events that it counted, and compare every byte.

    Where the ledger says that this report was issued, its hash stands there too.
    """
    body = written.removesuffix(b"\n")
    try:
        said = json.loads(body)
        number, name, cutoff = int(said["events"]), str(said["period"]["name"]), codec.instant(said["cutoff"])
    except (ValueError, TypeError, KeyError) as cause:
        raise Refused("report_unreadable") from cause
    if number > found.seq:
        bad(found.seq, Reason.SHORTER)
    for seq, issued in found.reports:
        same = issued["period"] == name and (issued["events"] == number or issued["cutoff"] == said["cutoff"])
        if same and issued["figures"] != hashlib.sha256(body).hexdigest():
            bad(seq, Reason.REPORT)
    events = [codec.read_event(*row[2:]) for row in takewhile(lambda row: row.seq <= number, entries())]
    try:
        figured = figures(events, read_period(name, zone_at(events, cutoff)), cutoff).to_json()
    except Refused as cause:  # no such period
        raise Refused("report_unreadable") from cause
    if figured != body:
        bad(0, Reason.FIGURES)
