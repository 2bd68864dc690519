"""The newest checkpoint, sent to the witness of huiying.toml until it has signed it.

second folder/witnessed/000000012.note   the note of so many events, with the witness's signature

One that is away is asked again after an hour; a day without an answer stands on the duty page.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import structlog

from huiying.checkpoint import History, history
from huiying.core import note
from huiying.core.cosignature import cosigner_key
from huiying.core.errors import BackendError, Refused
from huiying.core.ports import Clock, Ledger
from huiying.second_file import latest, put
from huiying.witness import send

logger = structlog.get_logger("huiying.witnessing")

AGAIN = timedelta(hours=1)
MISSED = timedelta(days=1)
FOLDER = "witnessed"

Cosigned = Callable[[History, str, int], str]  # (ledger, note, size that the witness may hold) → note with its line


def over_http(url: str, key: str) -> Cosigned:
    """Return what asks the witness at `url`, whose public key is `key`. A key that is none is Refused."""
    public = cosigner_key(key)

    def cosigned(known: History, signed: str, old: int) -> str:
        with httpx.Client(timeout=30, trust_env=False) as client:
            return send(client, url, known, signed, public, old)

    return cosigned


class Witnessing:
    """What one desk has its witness sign. `missed` is told since when none answers, once that is a day."""

    def __init__(
        self, ledger: Ledger, second: Path, clock: Clock, cosigned: Cosigned, missed: Callable[[datetime | None], None]
    ) -> None:
        self._ledger = ledger
        self._second = second
        self._clock = clock
        self._cosigned = cosigned
        self._missed = missed
        self._next = clock.now()
        self._since: datetime | None = None

    def tick(self) -> None:
        """Send the newest note where it is not signed yet. A witness that holds another history makes it Tampered."""
        now = self._clock.now()
        signed = latest(self._second)
        if signed is None or now < self._next or self._file(note.checkpoint(signed).size).exists():
            return
        self._next = now + AGAIN
        try:
            answer = self._cosigned(history(self._ledger), signed, self._largest())
        except (BackendError, Refused) as failed:
            logger.warning("not_witnessed", error=str(failed))
            self._since = self._since or now
            self._missed(self._since if now - self._since >= MISSED else None)
            return
        put(self._file(note.checkpoint(signed).size), answer)
        self._since, self._next = None, now
        self._missed(None)

    def _file(self, size: int) -> Path:
        return self._second / FOLDER / f"{size:09}.note"

    def _largest(self) -> int:
        return max((int(file.stem) for file in (self._second / FOLDER).glob("[0-9]*.note")), default=0)
