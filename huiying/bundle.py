"""The ledger in one file for an auditor: every event as its stored bytes, and every capture that an event cites.

huiying-bundle 1 DESK
event BASE64            one line an event, in order
capture SHA-256 BASE64  the payload of each cited capture and file, once
end SHA-256             over all bytes before this line

`deploy/verify_bundle.py` reads it without any of our code. The same ledger gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import BinaryIO

from huiying.core.errors import BackendError, Refused
from huiying.core.ports import Captures, Ledger
from huiying.entries import CITING, cited

_PAGE = 5000


class _Summed:
    """A file that sums up what is written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.sum = hashlib.sha256()

    def line(self, text: str) -> None:
        written = text.encode() + b"\n"
        self.sum.update(written)
        self._file.write(written)


def export(ledger: Ledger, captures: Captures, desk: str, file: Path) -> tuple[int, int]:
    """Write the bundle to `file`; return how many events and captures it holds.

    The ledger is verified first (Tampered). A `file` that exists is Refused, and so is a cited capture that is not
    held any more: then nothing is left behind.
    """
    if file.exists():
        raise Refused("bundle_exists", file=str(file))
    last = ledger.verify()
    beside = file.with_name(f"{file.name}.part")
    try:
        with beside.open("wb") as opened:
            out = _Summed(opened)
            out.line(f"huiying-bundle 1 {desk}")
            held = _events(ledger, last, out)
            for sha256, references in held.items():
                payloads = [_payload(captures, reference, sha256) for reference in references]
                out.line(f"capture {sha256} {base64.b64encode(payloads[0]).decode()}")
            out.line(f"end {out.sum.hexdigest()}")
        beside.rename(file)
    finally:
        beside.unlink(missing_ok=True)
    return last, len(held)


def _events(ledger: Ledger, last: int, out: _Summed) -> dict[str, list[str]]:
    """Write events 1 to `last`; return the hashes of payloads that they name, each with the captures that hold it."""
    held: dict[str, list[str]] = {}
    seq = 0
    while seq < last:
        for event in ledger.read(after=seq, limit=min(_PAGE, last - seq)):
            out.line(f"event {base64.b64encode(event.raw).decode()}")
            for reference, sha256 in cited(event.payload) if event.type in CITING else ():
                held.setdefault(sha256, []).append(reference)
            seq = event.seq
    return held


def _payload(captures: Captures, reference: str, sha256: str) -> bytes:
    try:
        body = captures.get(reference).body
    except BackendError as cause:
        raise Refused("capture_not_held", capture=reference) from cause
    if hashlib.sha256(body).hexdigest() != sha256:
        raise Refused("capture_changed", capture=reference)
    return body
