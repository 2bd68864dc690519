"""Items to POSTS_FOUND, in an order that a kill at any instant cannot turn into a loss.

intent (first seen) ─► article page ─► captures ─► first_fetched ─► POSTS_FOUND ─► PostState
A kill before the last step makes the item come again under the same id, version and time first seen. Pages that come
quickly one after the other take the steps behind the first together.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

import structlog

from crawlers.aside import Aside
from crawlers.boundary import LONGEST, refuse_address
from crawlers.changes import WAITING
from crawlers.fetch import Fetcher, Missed, header
from crawlers.items import Item
from crawlers.keeping import Keeping
from crawlers.seen_text import seen_hash
from crawlers.twins import said_address
from huiying.core import codec
from huiying.core.addresses import canonical, post_id
from huiying.core.config import Outlet
from huiying.core.consume import Buried
from huiying.core.model import Found, Response, Topic
from huiying.core.ports import Clock
from huiying.core.states import PostState, Store

logger = structlog.get_logger("huiying.crawl")

LONGEST_TITLE = 1000  # characters; a headline has some tens
TRIES = 3  # readings that an article page may fail in before its title goes on alone
TRY_AGAIN = frozenset({408, 425, 429})
TOGETHER = 0.1  # seconds that a page waits for the next one; an outlet's pace is longer, and nothing waits for it
HELD = 4 * 2**20  # bytes of pages that wait


class Fate(StrEnum):
    """What became of an item."""

    STORED = "stored"
    WAITING = "waiting"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an item came from and when it was first seen there."""

    outlet: Outlet
    source: str
    first_seen: datetime
    backlog: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """An item that is new or changed, what is known of its post, and where it came from."""

    item: Item
    state: PostState
    origin: Origin


@dataclass(frozen=True, slots=True)
class _Page:
    """What is known of an item's page; only a usable `answer` has a body."""

    status: int | None
    fetched: datetime
    answer: Response | None = None

    @property
    def body(self) -> bytes:
        return self.answer.body if self.answer else b""


_Taken = list[tuple[Wanted, _Page]]


class Posts:
    """Takes items one by one; remembers only how often a page has failed."""

    def __init__(self, desk: str, fetcher: Fetcher, log: Aside, store: Store, keeping: Keeping, clock: Clock) -> None:
        self._desk = desk
        self._fetcher = fetcher
        self._log = log
        self._store = store
        self._keeping = keeping
        self._clock = clock
        self._tries: dict[str, int] = {}

    async def intend(self, items: Iterable[Item], source: str, now: datetime) -> dict[str, PostState]:
        """Remember that `items`, never seen before, were first seen `now`; return their states by post."""
        posts = [item.post() for item in items]
        states = [PostState(post, source, 0, WAITING, "", now, now) for post in posts]
        await self._keeping.posts(states)
        return dict(zip(posts, states, strict=True))

    async def take(self, items: Iterable[Wanted]) -> Counter[Fate]:
        """Fetch the article of each new or changed item and append it, unless its page may come at a later reading."""
        fates: Counter[Fate] = Counter()
        taken: _Taken = []
        for wanted in items:
            answer = await self._fetched(wanted, taken)
            fates[await self._fate(wanted, answer, taken)] += 1
        await self._append(taken)
        return fates

    async def _fetched(self, wanted: Wanted, taken: _Taken) -> Response | Missed:
        """Return the page; where it keeps the ones before it waiting, these are appended meanwhile."""
        fetching = asyncio.ensure_future(self._fetcher.fetch(wanted.origin.outlet, wanted.item.address))
        try:
            if taken:
                full = sum(len(page.body) for _, page in taken) > HELD
                done, _ = await asyncio.wait([fetching], timeout=0 if full else TOGETHER)
                if full or not done:
                    await self._append(taken)
                    taken.clear()
            return await fetching
        finally:
            fetching.cancel()

    async def _fate(self, wanted: Wanted, answer: Response | Missed, taken: _Taken) -> Fate:
        """Decide on an item by its page; one that is to be stored is put behind those `taken`."""
        item, state, origin = wanted.item, wanted.state, wanted.origin
        if isinstance(answer, Missed) and answer.code in ("elsewhere", "too_large"):
            reason = "redirected_elsewhere" if answer.code == "elsewhere" else answer.code
            await self.bury(item, state, origin.source, reason, mark=item.hash() if state.version else reason)
            return Fate.DEAD
        if self._worth_waiting(answer):
            self._tries[state.post] = self._tries.get(state.post, 0) + 1
            if self._tries[state.post] < TRIES:
                return Fate.WAITING
        if self._is_twin(wanted, answer, taken):
            await self.bury(item, state, origin.source, "twin", mark="twin")
            return Fate.DEAD
        taken.append((wanted, self._page(answer)))
        return Fate.STORED

    async def bury(self, item: Item, state: PostState | None, source: str, reason: str, mark: str) -> None:
        """Append `item` to DEAD with its reason; `mark` stands for its words, so that it is buried only once.

        DEAD comes before the state: a kill between them repeats the identical record, and never loses it.
        """
        now = self._clock.now()
        post = item.post()
        buried = Buried(str(Topic.POSTS_FOUND), "", post, reason, f"{source} {item.address}".strip()[:LONGEST])
        await self._log(lambda log: log.append(Topic.DEAD, [(post, codec.encode(buried))]))
        kept = state or PostState(post, source, 0, WAITING, "", now, now)
        await self._keeping.posts([replace(kept, item_hash=mark, fetched=now)])
        self._tries.pop(post, None)
        logger.info("dead", reason=reason, source=source, address=item.address)

    def _worth_waiting(self, answer: Response | Missed) -> bool:
        if isinstance(answer, Missed):
            return answer.temporary
        return answer.status >= 500 or answer.status in TRY_AGAIN

    def _is_twin(self, wanted: Wanted, answer: Response | Missed, taken: _Taken) -> bool:
        """Say whether a new item's page names as its own the address of a post that we have, of the same words."""
        item, state = wanted.item, wanted.state
        if state.version or isinstance(answer, Missed) or not 200 <= answer.status < 300:
            return False
        said = said_address(answer.body, header(answer, "content-type"), answer.address)
        if said is None or post_id(said) == state.post or refuse_address(wanted.origin.outlet, said) is not None:
            return False
        twin = post_id(said)
        if before := next((one.item for one, _ in taken if one.state.post == twin), None):
            return before.hash() == item.hash()
        known = self._store.crawl.posts([twin]).get(twin)
        return known is not None and known.version > 0 and known.item_hash == item.hash()

    def _page(self, answer: Response | Missed) -> _Page:
        """Return what is known of the page; without a usable body only the status is."""
        if isinstance(answer, Missed):
            return _Page(None, self._clock.now())
        usable = 200 <= answer.status < 300 and answer.body
        return _Page(answer.status, answer.fetched, answer if usable else None)

    async def _append(self, taken: _Taken) -> None:
        """Keep the pages, append the items in their order, and only then their states."""
        if not taken:
            return
        answered = [(one, page.answer) for one, page in taken if page.answer]
        captures = iter(await self._keeping.captures([answer for _, answer in answered]))
        first = iter(await self._keeping.pages([_version(*one) for one in answered]))
        found = []
        for one, page in taken:
            kept = (next(captures), next(first)) if page.answer else (None, page.fetched)
            found.append(self._found(one, page, *kept))
        records = [(one.post, codec.encode(one)) for one in found]
        await self._log(lambda log: log.append(Topic.POSTS_FOUND, records))
        await self._keeping.posts([_state(*one) for one in zip(taken, found, strict=True)])
        for appended in found:
            self._tries.pop(appended.post, None)

    def _found(self, wanted: Wanted, page: _Page, capture: str | None, first_fetched: datetime) -> Found:
        item, state, origin = wanted.item, wanted.state, wanted.origin
        return Found(
            desk=self._desk,
            post=state.post,
            version=state.version + 1,
            outlet=origin.outlet.id,
            source=origin.source,
            address=item.address,
            title=item.title[:LONGEST_TITLE],
            summary=item.summary,
            date=item.date,
            date_field=item.date_field,
            status=page.status,
            content_type=header(page.answer, "content-type") if page.answer else None,
            body=page.body,
            first_seen=origin.first_seen,
            fetched=page.fetched if state.version else first_fetched,
            backlog=origin.backlog,
            capture=capture,
        )


def _version(wanted: Wanted, answer: Response) -> tuple[str, str, datetime]:
    """Return what the first fetch of this version of a page is remembered by, and this fetch."""
    seen = seen_hash(answer.body, header(answer, "content-type"))
    return canonical(wanted.item.address), seen, answer.fetched


def _state(taken: tuple[Wanted, _Page], found: Found) -> PostState:
    wanted, page = taken
    digest = sha256(page.body).hexdigest() if page.body else ""
    return PostState(
        found.post, found.source, found.version, wanted.item.hash(), digest, found.first_seen, found.fetched
    )
