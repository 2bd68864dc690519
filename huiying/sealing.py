"""What keeps the ledger provable without anybody's doing: verification at start and nightly, checkpoints.

start ─────────► the tail since the last verification ─┐
first tick of a day ─► everything ─► checkpoint "daily" ├─► doubt, or none ─► the desk's banner, the reports
                       the projection, folded anew      │
handed_over ───► checkpoint "hand_over" ───────────────┤
newest checkpoint ─► the witness ──────────────────────┘

It runs beside watch's loop, in the process whose turn it is, since a long ledger takes a while.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from alerts.events import EventType
from alerts.projected import altered
from huiying.checkpoint import agreed, history, issue
from huiying.core import note
from huiying.core.doubt import ALTERED, PROJECTION, Doubt, Verified, read_verified, write_verified
from huiying.core.errors import BackendError, HuiyingError, Tampered
from huiying.core.model import Event
from huiying.core.ports import Clock, Ledger
from huiying.core.states import Projection
from huiying.second_file import latest

logger = structlog.get_logger("huiying.sealing")

_PAGE = 1000


class Sealing:
    """The keeping of one ledger. `second` is the second file's folder; `doubted` is told since when a doubt stands;
    `witnessed` sends the newest checkpoint to a witness; `projection` is the store's, which pages begin with."""

    def __init__(
        self,
        ledger: Ledger,
        data: Path,
        second: Path,
        clock: Clock,
        zone: Callable[[], str],
        doubted: Callable[[datetime | None], None],
        witnessed: Callable[[], None] = lambda: None,
        projection: Projection | None = None,
    ) -> None:
        self._ledger = ledger
        self._data = data
        self._second = second
        self._clock = clock
        self._zone = zone
        self._doubted = doubted
        self._witnessed = witnessed
        self._projection = projection
        self._day: date | None = None
        self._seen = 0
        self._unsealed = 0  # number of the newest hand-over without a checkpoint after it

    def tick(self) -> int:
        """Do what is due; return 0, since there is never a next record waiting."""
        today = self._clock.now().astimezone(ZoneInfo(self._zone())).date()
        if self._day is None:
            before = read_verified(self._data)
            self._seen = before.seq if before else self._ledger.head()
            self._guarded(self._tail)
            if before and before.whole.astimezone(ZoneInfo(self._zone())).date() == today:
                self._day = today
        if today != self._day:
            self._guarded(self._whole)
            self._guarded(lambda: self._issue("daily", f"checkpoint:daily:{today}"))
            self._day = today
        self._hand_overs()
        self._guarded(self._witnessed)
        return 0

    def _tail(self) -> None:
        """Recompute what was appended since the last verification, once its own last event is as it was."""
        known = read_verified(self._data)
        signed = latest(self._second)
        head = self._ledger.head()
        # The note may cover more than was verified last: a ledger put back to before it may have grown past it since.
        if signed and note.checkpoint(signed).size > (min(known.seq, head) if known else 0):
            self._whole()
            return
        if known is None or not known.seq:
            return
        last = self._ledger.read(after=known.seq - 1, limit=1)
        if not last:
            raise Tampered("tampered", seq=head, reason="shorter")
        if last[0].chain.hex() != known.chain:
            raise Tampered("tampered", seq=known.seq, reason="rewritten")
        self._remember(self._ledger.verify(after=known.seq), known.whole)

    def _whole(self) -> None:
        """Recompute everything, and every checkpoint that the ledger issued and that the second folder keeps."""
        now = self._clock.now()
        last = self._ledger.verify()
        agreed(history(self._ledger), self._second)
        self._folded_right()
        self._remember(last, now)

    def _folded_right(self) -> None:
        """Hold the store's projection against the events: the duty page and the figures page begin with it."""
        saved = self._projection.load() if self._projection else None
        seq = altered(*saved, self._event, self._events()) if saved else None
        if seq is not None:
            raise Tampered(ALTERED, seq=seq, reason=PROJECTION)

    def _event(self, number: int) -> Event | None:
        return next((event for event in self._ledger.read(after=number - 1, limit=1) if event.seq == number), None)

    def _events(self) -> Iterator[Event]:
        seq = 0
        while page := self._ledger.read(after=seq, limit=_PAGE):
            yield from page
            seq = page[-1].seq

    def _remember(self, last: int, whole: datetime) -> None:
        chain = self._ledger.read(after=last - 1, limit=1)[0].chain.hex() if last else ""
        write_verified(self._data, Verified(last, chain, whole))

    def _guarded(self, act: Callable[[], None]) -> None:
        """Do `act`; what it finds wrong with the ledger stands as a doubt until a whole verification finds nothing."""
        try:
            act()
        except BackendError:
            raise
        except Tampered as found:
            self._doubt(found)
        except (HuiyingError, OSError) as failed:
            logger.error("not_sealed", error=str(failed))
        known = read_verified(self._data)
        self._doubted(known.doubt.since if known and known.doubt else None)

    def _doubt(self, found: Tampered) -> None:
        logger.error("ledger_doubted", error=str(found))
        known = read_verified(self._data) or Verified(0, "", self._clock.now())
        since = known.doubt.since if known.doubt else self._clock.now()
        doubt = Doubt(int(str(found.fields["seq"])), str(found.fields["reason"]), since)
        write_verified(self._data, replace(known, doubt=doubt))

    def _issue(self, reason: str, key: str) -> None:
        known = read_verified(self._data)
        if known is None or known.doubt is None:
            issue(self._ledger, self._data, reason, second=self._second, key=key)

    def _hand_overs(self) -> None:
        while events := self._ledger.read(after=self._seen, limit=_PAGE):
            self._seen = events[-1].seq
            over = [event.seq for event in events if event.type == EventType.HANDED_OVER]
            self._unsealed = max([self._unsealed, *over])
        if self._unsealed:
            self._guarded(lambda: self._issue("hand_over", f"checkpoint:hand_over:{self._unsealed}"))
            self._unsealed = 0
