"""What was found when the ledger was verified last, in one small file of the data folder.

watch, at start and nightly ─► verified.json ─► next start: the tail only; reports: refused while a doubt stands
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from huiying.core.codec import instant, instant_text
from huiying.core.errors import Tampered

FILE = "verified.json"
PROJECTION, ALTERED = "projection", "projection_altered"  # the reason of a doubt that the store alone is in, its error


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why the ledger cannot be relied on: number of the first bad event, a reason, since when it is known."""

    seq: int
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Verified:
    """How far the ledger was found right: its event `seq` with this `chain` (hexadecimal). `whole` is when all of it
    was last recomputed (the ledger's clock, UTC), not the tail alone; `doubt` is what stands against it."""

    seq: int
    chain: str
    whole: datetime
    doubt: Doubt | None = None


def read_verified(data: Path) -> Verified | None:
    """Return what was found last; None before the first time or where the file cannot be read: all is verified then."""
    try:
        said = json.loads((data / FILE).read_text(encoding="ascii"))
        doubt = said["doubt"]
        stands = Doubt(int(doubt["seq"]), str(doubt["reason"]), instant(doubt["since"])) if doubt else None
        return Verified(int(said["seq"]), str(said["chain"]), instant(said["whole"]), stands)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_verified(data: Path, found: Verified) -> None:
    """Keep `found`."""
    doubt = found.doubt and {
        "seq": found.doubt.seq,
        "reason": found.doubt.reason,
        "since": instant_text(found.doubt.since),
    }
    said = {"seq": found.seq, "chain": found.chain, "whole": instant_text(found.whole), "doubt": doubt}
    beside = data / f"{FILE}.new"
    beside.write_text(json.dumps(said), encoding="ascii")
    os.replace(beside, data / FILE)


def doubted(data: Path) -> bool:
    """Say whether a doubt stands: then no role begins with the store's projection."""
    found = read_verified(data)
    return found is not None and found.doubt is not None


def refuse_doubted(data: Path) -> None:
    """Raise Tampered while a doubt stands: no figure of such a desk is to be printed on paper."""
    found = read_verified(data)
    if found and found.doubt:
        code = ALTERED if found.doubt.reason == PROJECTION else "tampered"
        raise Tampered(code, seq=found.doubt.seq, reason=found.doubt.reason)
