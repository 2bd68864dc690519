"""One reading of one source, from the conditional request to its saved state.

fetch ─► 304 | same bytes | items ─ judge each ─► dead | unchanged | Posts.take, in document order ─► SourceState
                                  └ settled before ─► dates only
The validators (ETag, Last-Modified, body hash) are saved only when every item is stored: a kill repeats the reading.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

import structlog

from crawlers.boundary import refuse_address
from crawlers.changes import News, judge
from crawlers.fetch import Fetcher, header
from crawlers.items import Item, Unreadable
from crawlers.keeping import Keeping
from crawlers.line import Line
from crawlers.outcomes import (
    EMPTY,
    Failure,
    brought,
    failed,
    failure_of,
    instants,
    is_backlog,
    quiet,
    unblamed,
    unreadable,
    with_dates,
)
from crawlers.parsing import Parser
from crawlers.posts import Fate, Origin, Posts, Wanted
from crawlers.schedule import NETWORK, Trouble, conditional, next_due
from crawlers.settled import Entered, Entries, Known, Settled
from crawlers.sitemaps import Index
from crawlers.unfolding import Unfolding
from crawlers.wishes import wish
from huiying.core.addresses import host
from huiying.core.config import Outlet, Source
from huiying.core.errors import BackendError
from huiying.core.model import Response
from huiying.core.ports import Clock
from huiying.core.states import PostState, Reading, SourceState, Store

logger = structlog.get_logger("huiying.crawl")


@dataclass(frozen=True, slots=True)
class Sought:
    """A source of the configuration with its outlet and its id."""

    id: str
    outlet: Outlet
    source: Source


class Reader:
    """Reads sources one by one. Counts polls, mistrusts validators, watches our own line while the process lives."""

    def __init__(
        self, fetcher: Fetcher, parser: Parser, posts: Posts, store: Store, keeping: Keeping, clock: Clock
    ) -> None:
        self._fetcher = fetcher
        self._posts = posts
        self._store = store
        self._keeping = keeping
        self._clock = clock
        self._polls: Counter[str] = Counter()
        self._distrusted: set[str] = set()
        self._settled = Settled(parser)
        self._unfolding = Unfolding(fetcher, parser, clock)
        self._line = Line()
        self._blamed: dict[str, SourceState] = {}  # before failures that may turn out to be our own line's

    def reconfigured(self) -> None:
        """Look at every item again: another configuration may judge otherwise."""
        self._settled.forget()

    async def read(self, sought: Sought, state: SourceState, sources: Mapping[str, Sought]) -> list[SourceState]:
        """Read `sought` once; return its new state, saved, and those of sources that were blamed for our own line.

        Only a BackendError is raised; nothing is lost by it.
        """
        try:
            new = await self._outcome(sought, state, sources)
        except BackendError:
            raise
        except Exception as cause:  # what breaks one reading must not stop the other sources
            logger.exception("reading_broke", source=sought.id)
            broken = Failure(Trouble.PARSE, f"not_a_feed {type(cause).__name__}")
            new = [failed(state, broken, sought.source, self._clock.now())]
        await self._keeping.sources(new)
        for one in new:
            self._tell(one)
        return new

    async def _outcome(self, sought: Sought, state: SourceState, sources: Mapping[str, Sought]) -> list[SourceState]:
        ask = conditional(self._polls[sought.id], sought.id in self._distrusted)
        self._polls[sought.id] += 1
        validators = (state.etag, state.modified) if ask else (None, None)
        answer = await self._fetcher.fetch(sought.outlet, sought.source.address, *validators)
        now = self._clock.now()
        failure = failure_of(answer, now)
        self._hear(sought, failure)
        if failure:
            return self._failed(sought, state, failure, sources, now)
        assert isinstance(answer, Response)
        return [await self._read(sought, state, sources, answer, now)]

    def _hear(self, sought: Sought, failure: Failure | None) -> None:
        reached = failure is None or failure.trouble not in NETWORK
        self._line = self._line.heard(host(sought.source.address), reached)
        if reached:
            self._blamed.clear()

    def _failed(
        self, sought: Sought, state: SourceState, failure: Failure, sources: Mapping[str, Sought], now: datetime
    ) -> list[SourceState]:
        """Count the failure, or, where it is our own line's, count it and those just before it against nobody."""
        if failure.trouble in NETWORK:
            self._blamed.setdefault(sought.id, state)
            hosts = {host(one.source.address) for one in sources.values()}
            if self._line.down(len(hosts)):
                own, others = self._blamed.pop(sought.id), self._blamed
                self._blamed = {}
                return [unblamed(own, now), *(unblamed(before, now) for before in others.values())]
        return [failed(state, failure, sought.source, now)]

    async def _read(
        self, sought: Sought, state: SourceState, sources: Mapping[str, Sought], answer: Response, now: datetime
    ) -> SourceState:
        zone = sought.outlet.zone
        if answer.status == 304:
            return quiet(state, Reading.NOT_MODIFIED, sought.source, zone, now)
        if sha256(answer.body).hexdigest() == state.body_hash:
            return quiet(state, Reading.SAME_BYTES, sought.source, zone, now)
        kind = header(answer, "content-type")
        task = (sought.source, answer.body, kind, answer.address)
        entered = await self._settled.read(sought.id, task, whole=state.first_read is None)
        entries, whole = await self._entries(sought, entered)
        if isinstance(entries, Failure):
            return failed(state, entries, sought.source, now)
        fates, fresh = await self._take(sought, state, frozenset(sources), entries, now)
        self._settled.settle(sought.id, entered, waiting=fates[Fate.WAITING] > 0)
        known = brought(replace(state, wish=wish(answer.body)), len(entries), fresh, zone, now)
        whole = whole and not fates[Fate.WAITING]
        return self._read_whole(sought, self._with_validators(known, sought.id, answer, whole), entries, fates, now)

    async def _entries(self, sought: Sought, entered: Entered) -> tuple[Entries | Failure, bool]:
        """Return the items, and whether the answer's bytes are all that they depend on."""
        read = entered.read
        if isinstance(read, Unreadable):
            return unreadable(read), True
        if isinstance(read, Index):
            unfolded = await self._unfolding.items(sought.outlet, sought.source, read)
            return unfolded or EMPTY, False
        return read or EMPTY, True

    async def _take(
        self, sought: Sought, state: SourceState, sources: frozenset[str], entries: Entries, now: datetime
    ) -> tuple[Counter[Fate], int]:
        """Bring each item to its end, in document order; return the fates, and how many were never seen before.

        An address that stands twice counts where it stands first.
        """
        fates: Counter[Fate] = Counter()
        first: dict[str, Item | Known] = {}
        for entry in entries:
            first.setdefault(entry.post(), entry)
        wanted = [item for item in first.values() if isinstance(item, Item)]
        states = self._store.crawl.posts([item.post() for item in wanted])
        wanted = [item for item in wanted if not await self._buried(sought, item, states.get(item.post()), fates)]
        new = await self._posts.intend([item for item in wanted if item.post() not in states], sought.id, now)
        states |= new
        at = instants(wanted, sought.outlet.zone, now)
        news = [
            item for item in wanted if judge(states[item.post()], item, sought.id, sources).news is not News.UNCHANGED
        ]
        origins = [_origin(sought, state, states[item.post()], at.get(item.post())) for item in news]
        taken = (Wanted(item, states[item.post()], origin) for item, origin in zip(news, origins, strict=True))
        return fates + await self._posts.take(taken), len(new)

    async def _buried(self, sought: Sought, item: Item, known: PostState | None, fates: Counter[Fate]) -> bool:
        """Bury an item that may not be fetched, once; say whether it may not."""
        reason = refuse_address(sought.outlet, item.address) if item.address else "no_link"
        if reason and (known is None or known.item_hash != reason):
            await self._posts.bury(item, known, sought.id, reason, mark=reason)
            fates[Fate.DEAD] += 1
        return reason is not None

    def _read_whole(
        self, sought: Sought, state: SourceState, entries: Entries, fates: Counter[Fate], now: datetime
    ) -> SourceState:
        at = instants(entries, sought.outlet.zone, now)
        new = with_dates(state, list(at.values()), sought.outlet.zone)
        if state.first_read is None:
            items = [item for item in entries if isinstance(item, Item)]  # all: nothing is settled before the first
            old = {item.post() for item in items if item.address and is_backlog(at.get(item.post()), now)}
            new = replace(new, first_read=now, backlog=len(old))
        reading = Reading.NEW if fates[Fate.STORED] else Reading.NOTHING_NEW
        return replace(
            new,
            reading=reading,
            detail="",
            attempted=now,
            succeeded=now,
            failures=0,
            last_new=now if reading is Reading.NEW else state.last_new,
            due=next_due(sought.source, sought.outlet.zone, new, now),
            every=sought.source.every,
        )

    def _with_validators(self, state: SourceState, id: str, answer: Response, whole: bool) -> SourceState:
        """Keep the validators unless items are waiting; other bytes under the same validator make it worthless."""
        etag, modified = (_short(header(answer, name)) for name in ("etag", "last-modified"))
        if (etag or modified) and state.body_hash and (etag, modified) == (state.etag, state.modified):
            self._distrusted.add(id)
        body_hash = sha256(answer.body).hexdigest() if whole else None
        return replace(state, etag=etag if whole else None, modified=modified if whole else None, body_hash=body_hash)

    def _tell(self, state: SourceState) -> None:
        tell = logger.warning if state.failures else logger.info
        tell("read", source=state.source, reading=str(state.reading), detail=state.detail, failures=state.failures)


def _short(validator: str | None) -> str | None:
    """Return a validator that is fit to be kept and sent back, None in place of one that only burdens."""
    return validator if validator and len(validator) <= 1024 else None


def _origin(sought: Sought, state: SourceState, known: PostState, at: datetime | None) -> Origin:
    """Return the item's origin; what was first seen before the first reading ended belongs to that reading.

    Of a page that is watched for change, each change is news, however long the page has been known.
    """
    first = state.first_read is None or known.first_seen <= state.first_read
    first = first and not (sought.source.kind == "page" and known.version)
    return Origin(sought.outlet, sought.id, known.first_seen, first and is_backlog(at, known.first_seen))
