"""A report's way: figures ─► `report_issued` with their hash ─► checkpoint that covers it ─► proofs ─► paper.

The figures come before the checkpoint, so that the paper can print a checkpoint under which they already stand. The
proofs say that the history signed now extends the one that earlier papers printed: two sheets of paper show it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from alerts.events import EventType
from alerts.figures import Figures, figures
from alerts.periods import kind
from alerts.periods import period as read_period
from alerts.view import read_all
from alerts.zones import zone_at
from huiying.checkpoint import KEY_FILE, History, history
from huiying.checkpoint import issue as sign
from huiying.core import merkle
from huiying.core.codec import instant, instant_text
from huiying.core.doubt import refuse_doubted
from huiying.core.errors import Refused, Tampered
from huiying.core.model import Draft, Event, Role
from huiying.core.ports import Clock, Ledger


@dataclass(frozen=True, slots=True)
class Proof:
    """That the `size` events signed now begin with the `before` that report number `report` signed (RFC 9162, 2.1.4).

    `kind` and `period` are those of the earlier report; `hashes` are the nodes of the consistency proof.
    """

    report: int
    kind: str
    period: str
    before: int
    size: int
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Issued:
    """One report as the ledger has it: number of its event, what it counted, the note that covers it, its proofs.

    `cutoff` is UTC, `events` the number of the last event counted, `sha256` that of the figures' canonical JSON. The
    proofs are those from the report before it, of any kind and of the same kind; one where both are the same.
    """

    seq: int
    period: str
    kind: str
    cutoff: datetime
    events: int
    sha256: str
    note: str
    proofs: tuple[Proof, ...]


def issue(ledger: Ledger, data: Path, second: Path, clock: Clock, name: str, key: str | None = None) -> int:
    """Issue the report of the period called `name` as of now; return the number of its event.

    With a `key` that was used before it is the report of then. While a doubt stands against the ledger, or where it
    does not agree with its checkpoints, it is Tampered; a name that is no period, and a machine without the ledger's
    private key, are Refused before anything is recorded.
    """
    refuse_doubted(data)
    if key and (before := ledger.by_key(key)):
        return _covered(ledger, data, second, before[0].seq)
    if not (data / KEY_FILE).exists():
        raise Refused("ledger_key_missing", file=str(data / KEY_FILE))
    made = computed(read_all(ledger), name, clock.now())
    payload = {
        "period": made.period.name,
        "cutoff": instant_text(made.cutoff),
        "events": made.events,
        "kind": kind(made.period.name),
        "figures": hashlib.sha256(made.to_json()).hexdigest(),
        "correct": made.correct.count,
        "not_correct": made.not_correct.count,
        "excluded": sum(count.count for count in made.excluded.values()),
    }
    draft = Draft(EventType.REPORT_ISSUED, None, "system", Role.SYSTEM, payload=payload)
    return _covered(ledger, data, second, ledger.append([draft], key=key)[0].seq)


def issued(ledger: Ledger, seq: int) -> Issued:
    """Return the report that event `seq` issued. Refused("no_report") where there is none, or no checkpoint yet."""
    known = history(ledger)
    reports = [event for event in read_all(ledger) if event.type == EventType.REPORT_ISSUED and event.seq <= seq]
    if not reports or reports[-1].seq != seq:
        raise Refused("no_report", seq=seq)
    *earlier, event = reports
    size, signed = _checkpoint(known, seq)
    said = event.payload
    return Issued(
        seq=seq,
        period=said["period"],
        kind=said["kind"],
        cutoff=instant(said["cutoff"]),
        events=said["events"],
        sha256=said["figures"],
        note=signed,
        proofs=tuple(_proof(known, one, size) for one in _before(earlier, said["kind"])),
    )


def counted(events: Sequence[Event], report: Issued) -> Figures:
    """Return the figures of `report` computed anew from `events`, all of its ledger.

    Where they are not those that were issued, byte for byte, the ledger or the program is another: Tampered.
    """
    made = computed([event for event in events if event.seq <= report.events], report.period, report.cutoff)
    if hashlib.sha256(made.to_json()).hexdigest() != report.sha256:
        raise Tampered("tampered", seq=report.seq, reason="report")
    return made


def computed(events: Sequence[Event], name: str, cutoff: datetime) -> Figures:
    """Return the figures of the period called `name` from `events`, all of a ledger, at `cutoff`."""
    return figures(events, read_period(name, zone_at(events, cutoff)), cutoff)


def _covered(ledger: Ledger, data: Path, second: Path, seq: int) -> int:
    """Sign a checkpoint that covers the report `seq`, once, whatever a kill came between."""
    sign(ledger, data, "report", second, key=f"checkpoint:report:{seq}")
    return seq


def _checkpoint(known: History, seq: int) -> tuple[int, str]:
    """Return size and note of the first checkpoint that covers event `seq`."""
    for at, signed in known.issued:
        size = int(signed.split("\n")[1])
        if at > seq and size >= seq:
            return size, signed
    raise Refused("no_report", seq=seq)


def _before(earlier: Sequence[Event], kind: str) -> list[Event]:
    """Return the report before, of any kind, and the one before of this kind where that is another."""
    same = [event for event in earlier if event.payload["kind"] == kind]
    return list({event.seq: event for event in (*earlier[-1:], *same[-1:])}.values())


def _proof(known: History, event: Event, size: int) -> Proof:
    before, _ = _checkpoint(known, event.seq)
    path = tuple(merkle.consistency(known.leaves[:size], before))
    return Proof(event.seq, event.payload["kind"], event.payload["period"], before, size, path)
