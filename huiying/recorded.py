"""What the roles run: the newest configuration in the ledger, never the files, and the tagger made of it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from alerts.events import EventType
from huiying.core.config import Desk
from huiying.core.config_text import read_desk
from huiying.core.errors import Refused
from huiying.core.model import Event
from huiying.core.ports import Ledger

if TYPE_CHECKING:
    from pipeline.reading import Tagger

_PAGE = 1000


class Recorded:
    """The newest configuration in the ledger, followed by number; roles run this, never the files."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._seen = 0
        self._newest: Event | None = None
        self._desk: tuple[int, Desk] | None = None

    def __call__(self) -> tuple[int, Desk]:
        """Return (event number, configuration). None recorded is Refused with the command that records one."""
        texts = self.texts()
        if self._newest is None:
            raise Refused("no_configuration")
        if self._desk is None or self._desk[0] != self._newest.seq:
            self._desk = self._newest.seq, read_desk(texts)
        return self._desk

    def texts(self) -> Mapping[str, str]:
        """Return the recorded files' texts by name, none before the first record."""
        while events := self._ledger.read(after=self._seen, limit=_PAGE, whole=True):
            for event in events:
                if event.type == EventType.CONFIGURATION_CHANGED:
                    self._newest = event
            self._seen = events[-1].seq
        return {} if self._newest is None else self._newest.payload["files"]


class NewestTagger:
    """The tagger of the newest recorded configuration, made anew when another one is recorded. For any thread."""

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded
        self._lock = threading.Lock()
        self._made: tuple[int, Tagger] | None = None

    def __call__(self) -> Tagger:
        """Return the tagger."""
        with self._lock:
            number, desk = self._recorded()
            if self._made is None or self._made[0] != number:
                from pipeline.reading import Tagger

                self._made = number, Tagger(desk)
            return self._made[1]
