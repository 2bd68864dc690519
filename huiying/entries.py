"""One reading of a ledger's entries: each is whole, follows the one before, and is an event in the one allowed form.

stored entry ─► number, leaf, chain ─► canonical form ─► desk, time, type, keys, alert ─► what later checks need

The first thing that is wrong is Tampered, with a reason of the closed list `Reason`. Each entry is parsed once.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NoReturn, NotRequired, get_origin, get_type_hints

from alerts.events import PAYLOADS, EventType
from huiying.checkpoint import Era, History
from huiying.core import codec
from huiying.core.errors import Tampered
from huiying.core.model import Role
from huiying.core.ports import Stored


class Reason(StrEnum):
    """Everything that a verification can find wrong; the catalogues hold a sentence for each."""

    MISSING = "missing"
    LEAF = "leaf"
    CHAIN = "chain"
    FORM = "form"
    COLUMNS = "columns"
    DESK = "desk"
    TIME = "time"
    TYPE = "type"
    PAYLOAD = "payload"
    FIRST = "first"
    OPENED = "opened"
    RESTORED = "restored"
    SIGNATURE = "signature"
    ORIGIN = "origin"
    SHORTER = "shorter"
    ROOT = "root"
    CAPTURE = "capture"
    REPORT = "report"
    FIGURES = "figures"


@dataclass(frozen=True, slots=True)
class Restoration:
    """What a `restored` declares: of the history `of` it holds the events up to `last`; `known` is the last that was
    known, and what was recorded between the instants (UTC, as written) may be lost."""

    origin: str
    of: str
    last: int
    known: int
    lost_from: str
    lost_until: str


@dataclass(slots=True)
class Entries:
    """What the entries taken so far come to. `cited` is the number of the event that cites (reference, SHA-256)."""

    seq: int = 0
    chain: bytes = codec.GENESIS
    before: bytes = codec.GENESIS
    desk: str = ""
    at: str = ""
    kind: str = ""
    public: bytes = b""
    leaves: list[bytes] = field(default_factory=list)
    opened: set[str] = field(default_factory=set)
    eras: list[Era] = field(default_factory=list)
    restored: list[Restoration] = field(default_factory=list)
    issued: list[tuple[int, Mapping[str, Any]]] = field(default_factory=list)
    reports: list[tuple[int, Mapping[str, Any]]] = field(default_factory=list)
    cited: dict[tuple[str, str], int] = field(default_factory=dict)
    _shapes: dict[tuple[str, tuple[str, ...]], bool] = field(default_factory=dict)

    def take(self, row: Stored) -> None:
        """Check the next entry against those before it. What is wrong is Tampered with a Reason."""
        seq, alert, raw, leaf, chain = row
        if seq != self.seq + 1:
            bad(self.seq + 1, Reason.MISSING)
        if _sha256(b"\x00" + raw).digest() != leaf:
            bad(seq, Reason.LEAF)
        self.before, self.chain = self.chain, _sha256(self.chain + leaf).digest()
        if self.chain != chain:
            bad(seq, Reason.CHAIN)
        self.leaves.append(leaf)
        self.seq = seq
        body = _body(seq, raw)
        if type(body["seq"]) is not int or (body["seq"], body["alert"]) != (seq, alert):
            bad(seq, Reason.COLUMNS)
        self._look(seq, body)

    def _look(self, seq: int, body: Mapping[str, Any]) -> None:
        self.desk = self.desk or body["desk"]
        if body["desk"] != self.desk:
            bad(seq, Reason.DESK)
        if body["recorded_at"] != self.at:
            self._pass_time(seq, body["recorded_at"])
        type_, payload = body["type"], body["payload"]
        self._know(seq, type_, payload)
        if (type_ == EventType.LEDGER_CREATED) != (seq == 1):
            bad(seq, Reason.FIRST)
        if (alert := body["alert"]) is not None:
            if (type_ == EventType.OPENED) == (alert in self.opened):
                bad(seq, Reason.OPENED)
            self.opened.add(alert)
        if collect := _COLLECTED.get(type_):
            try:
                collect(self, seq, payload)
            except (ValueError, TypeError, KeyError, AttributeError):
                bad(seq, Reason.PAYLOAD)

    def _pass_time(self, seq: int, at: str) -> None:
        if at < self.at or not _is_instant(at):
            bad(seq, Reason.TIME)
        self.at = at

    def _know(self, seq: int, type_: str, payload: Mapping[str, Any]) -> None:
        shape = type_, tuple(payload)
        if shape not in self._shapes:
            if type_ not in _KEYS:
                bad(seq, Reason.TYPE)
            needed, allowed = _KEYS[type_]
            self._shapes[shape] = needed <= set(payload) <= allowed
        if not self._shapes[shape]:
            bad(seq, Reason.PAYLOAD)

    def history(self) -> History:
        """Return what checkpoints need."""
        issued = tuple((seq, payload["note"]) for seq, payload in self.issued)
        return History(tuple(self.leaves), self.kind, self.public, tuple(self.eras), issued)


def bad(seq: int, reason: Reason) -> NoReturn:
    """Raise Tampered: the first bad event, 0 where it is none, and why."""
    raise Tampered("tampered", seq=seq, reason=str(reason))


def _refuse(number: str) -> NoReturn:
    raise ValueError(f"no number of an event: {number}")


def _body(seq: int, raw: bytes) -> dict[str, Any]:
    """Return the event in `raw` where that is the one canonical form of an event; a fraction is none."""
    try:
        body: dict[str, Any] = _decoded(raw[1:].decode())
        fine = raw[:1] == codec.EVENT_VERSION and type(body) is dict and tuple(body) == _EVENT
        fine = fine and _encoded(body).encode() == raw[1:] and all(type(body[key]) is str for key in _TEXTS)
        fine = fine and all(body[key] is None or type(body[key]) is str for key in ("alert", "claimed_at", "unit"))
        fine = fine and type(body["payload"]) is dict and body["role"] in _ROLES
        fine = fine and (body["claimed_at"] is None or _is_instant(body["claimed_at"]))
    except (ValueError, RecursionError):
        fine = False
    if not fine:
        bad(seq, Reason.FORM)
    return body


def _is_instant(written: str) -> bool:
    try:
        return bool(_INSTANT.fullmatch(written) and datetime.fromisoformat(written))
    except ValueError:
        return False


def _created(found: Entries, seq: int, payload: Mapping[str, Any]) -> None:
    found.kind, found.public = payload["kind"], bytes.fromhex(payload["public_key"])
    if found.kind not in _KINDS or len(found.public) != 32 or type(payload["origin"]) is not str:
        bad(seq, Reason.PAYLOAD)
    found.eras.append(Era(payload["origin"], 0, 0))


def _restored(found: Entries, seq: int, payload: Mapping[str, Any]) -> None:
    before, origins = (payload["of"], payload["last"], payload["chain"]), {era.origin for era in found.eras}
    if before != (found.eras[-1].origin, seq - 1, found.before.hex()) or payload["origin"] in origins:
        bad(seq, Reason.RESTORED)
    found.eras.append(Era(payload["origin"], seq - 1, seq - 1))
    said = {name: payload[name] for name in Restoration.__dataclass_fields__}
    found.restored.append(Restoration(**said))


def _issued(found: Entries, seq: int, payload: Mapping[str, Any]) -> None:
    if type(payload["note"]) is not str:
        bad(seq, Reason.SIGNATURE)
    found.issued.append((seq, payload))


def _report(found: Entries, seq: int, payload: Mapping[str, Any]) -> None:
    found.reports.append((seq, payload))


def _cite(found: Entries, seq: int, payload: Mapping[str, Any]) -> None:
    for piece in cited(payload):
        found.cited.setdefault(piece, seq)


def cited(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what an event of a type in `CITING` cites by its hash: (reference of the capture, SHA-256 of its payload).

    These are the capture itself, none where a page was gone, the pages of posts, and files given as evidence.
    """
    named = [payload, *payload.get("posts", ()), *([payload["post"]] if type(payload.get("post")) is dict else ())]
    pieces = [(one.get("capture"), one.get("sha256")) for one in named]
    pieces += [(piece["value"], piece["sha256"]) for piece in payload.get("evidence", ()) if piece["kind"] == "file"]
    return [(reference, sha256) for reference, sha256 in pieces if reference is not None and sha256 is not None]


def _keys_of(type_: EventType, kind: type) -> tuple[frozenset[str], frozenset[str]]:
    """Return the keys that a payload must have and those that it may have.

    `__required_keys__` counts what is NotRequired in where annotations are texts, as `from __future__` makes them.
    """
    hints = get_type_hints(kind, include_extras=True)
    needed = {key for key, hint in hints.items() if get_origin(hint) is not NotRequired}
    return frozenset(needed - _LATER.get(type_, frozenset())), frozenset(hints)


_EVENT = ("actor", "alert", "claimed_at", "desk", "payload", "recorded_at", "role", "seq", "type", "unit")
_TEXTS = ("actor", "desk", "recorded_at", "role", "type")
_ROLES = frozenset(str(role) for role in Role)
_KINDS = ("office", "demonstration", "test")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
# Keys that version 0.1.0 did not write yet: its events stand in the ledgers that it began.
_LATER = {
    EventType.CAPTURED: frozenset({"attempt", "absent_before", "status", "final_address", "configuration"}),
    EventType.HEARTBEAT: frozenset({"started"}),
}
_KEYS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    str(type_): _keys_of(type_, kind) for type_, kind in PAYLOADS.items()
}
CITING = frozenset(
    {
        *(EventType.OPENED, EventType.POST_ATTACHED, EventType.POST_CHANGED, EventType.POST_GONE),
        *(EventType.CAPTURED, EventType.RECHECKED, EventType.VERIFIED, EventType.RESOLVED, EventType.BRIEFING_HELD),
    }
)
_COLLECTED: Mapping[str, Callable[[Entries, int, Mapping[str, Any]], None]] = {
    EventType.LEDGER_CREATED: _created,
    EventType.RESTORED: _restored,
    EventType.CHECKPOINT_ISSUED: _issued,
    EventType.REPORT_ISSUED: _report,
    **dict.fromkeys(CITING, _cite),
}
_sha256 = hashlib.sha256
_decoded = json.JSONDecoder(parse_float=_refuse, parse_constant=_refuse).decode
_encoded = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False
).encode
