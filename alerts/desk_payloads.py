"""What the events of a desk carry: those that concern no single alert. Instants are texts of `codec.instant_text`."""

from __future__ import annotations

from typing import TypedDict

from huiying.core.model import Json


class LedgerCreated(TypedDict):
    kind: str  # "office", "demonstration" or "test"
    origin: str
    public_key: str


class ConfigurationChanged(TypedDict):
    files: dict[str, str]  # the whole text of each recorded file
    differs: dict[str, list[str]]  # by file, the lines "+ …" and "- …" against the configuration before


class HandedOver(TypedDict):
    shift: str
    notes: str
    open: list[str]  # alerts open at that instant


class SearchSaved(TypedDict):
    """A search of the whole desk under a name."""

    name: str
    query: str  # in the language of the search page


class SearchRemoved(TypedDict):
    of: int  # the event that saved it
    name: str


class CoverageRecorded(TypedDict):
    """What was really read on one day of the office's zone."""

    day: str  # "2026-09-14"
    outlets: dict[str, int]  # minutes by outlet, 0 to 1440
    dead: dict[str, int]  # dead letters of that day by reason
    backlog: int  # items that a source held before it was first read


class MovedDeadline(TypedDict):
    alert: str
    step: str  # "acknowledge" or "assign"
    deadline: Json  # the one in force from now on


class MonitorGap(TypedDict):
    """`watch` stood still; derived when it starts again."""

    begin: str  # the last sign of life before
    end: str
    quarter: int  # how many gaps of this quarter have moved a deadline, this one among them
    moved: list[MovedDeadline]


class ClockAnomaly(TypedDict):
    """The machine's clock showed an earlier instant than the ledger's last event."""

    last: str
    clock: str


class Heartbeat(TypedDict):
    started: str  # when this watch started


class Restored(TypedDict):
    """What a restored ledger says of the one before: what it holds of it, and what may be lost."""

    origin: str  # the new one, "name/2"
    of: str  # the one before it
    last: int  # number of the last event that the backup held
    chain: str  # its chain hash, hexadecimal
    known: int  # last number known of the ledger before; events above `last` up to it are lost
    known_chain: str  # its chain hash, as a report or `huiying verify` printed it
    lost_from: str  # when the backup was made: what was recorded from then on may be lost
    lost_until: str  # when it was restored


class Forgotten(TypedDict):
    """What was erased outside the ledger, and why. The commitment to it stays."""

    what: str  # "name"
    subject: str  # a pseudonym
    why: str


class ReportIssued(TypedDict):
    period: str
    cutoff: str
    events: int  # number of the last event counted
    kind: str  # "week", "month", "quarter", "half_year", "year" or "dates"
    figures: str  # SHA-256 of the figures' canonical JSON
    correct: int
    not_correct: int
    excluded: int


class CheckpointIssued(TypedDict):
    size: int  # events covered; this event is not among them
    root: str  # Merkle root of RFC 6962, hexadecimal
    note: str  # the whole signed note of C2SP
    reason: str  # "daily", "hand_over", "report", "by_hand" or "restored"
