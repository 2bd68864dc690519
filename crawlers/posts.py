"""One item to POSTS_FOUND, in an order that a kill at any instant cannot turn into a loss.

intent (first seen) ─► article page ─► captures ─► first_fetched ─► POSTS_FOUND ─► PostState
A kill before the last step makes the item come again under the same id, version and time first seen.
"""

from __future__ import annotations

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
from crawlers.seen_text import seen_hash
from crawlers.twins import said_address
from huiying.core import codec
from huiying.core.addresses import canonical, post_id
from huiying.core.config import Outlet
from huiying.core.consume import Buried
from huiying.core.model import Found, Response, Topic
from huiying.core.ports import Captures, Clock
from huiying.core.states import PostState, Store

logger = structlog.get_logger("huiying.crawl")

LONGEST_TITLE = 1000  # characters; a headline has some tens
TRIES = 3  # readings that an article page may fail in before its title goes on alone
TRY_AGAIN = frozenset({408, 425, 429})


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
class _Page:
    status: int | None
    content_type: str | None
    body: bytes
    fetched: datetime
    capture: str | None = None


class Posts:
    """Takes items one by one; remembers only how often a page has failed."""

    def __init__(self, desk: str, fetcher: Fetcher, log: Aside, store: Store, captures: Captures, clock: Clock) -> None:
        self._desk = desk
        self._fetcher = fetcher
        self._log = log
        self._store = store
        self._captures = captures
        self._clock = clock
        self._tries: dict[str, int] = {}

    def intend(self, items: Iterable[Item], source: str, now: datetime) -> dict[str, PostState]:
        """Remember that `items`, never seen before, were first seen `now`; return their states by post."""
        states = {}
        for item in items:
            states[item.post()] = PostState(item.post(), source, 0, WAITING, "", now, now)
            self._store.crawl.save_post(states[item.post()])
        return states

    async def take(self, item: Item, state: PostState, origin: Origin) -> Fate:
        """Fetch the article of a new or changed item and append it, unless its page may come at a later reading."""
        answer = await self._fetcher.fetch(origin.outlet, item.address)
        if isinstance(answer, Missed) and answer.code in ("elsewhere", "too_large"):
            reason = "redirected_elsewhere" if answer.code == "elsewhere" else answer.code
            await self.bury(item, state, origin.source, reason, mark=item.hash() if state.version else reason)
            return Fate.DEAD
        if self._worth_waiting(answer):
            self._tries[state.post] = self._tries.get(state.post, 0) + 1
            if self._tries[state.post] < TRIES:
                return Fate.WAITING
        if self._is_twin(item, state, origin, answer):
            await self.bury(item, state, origin.source, "twin", mark="twin")
            return Fate.DEAD
        await self._append(item, state, origin, self._page(answer))
        self._tries.pop(state.post, None)
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
        self._store.crawl.save_post(replace(kept, item_hash=mark, fetched=now))
        self._tries.pop(post, None)
        logger.info("dead", reason=reason, source=source, address=item.address)

    def _worth_waiting(self, answer: Response | Missed) -> bool:
        if isinstance(answer, Missed):
            return answer.temporary
        return answer.status >= 500 or answer.status in TRY_AGAIN

    def _is_twin(self, item: Item, state: PostState, origin: Origin, answer: Response | Missed) -> bool:
        """Say whether a new item's page names as its own the address of a post that we have, of the same words."""
        if state.version or isinstance(answer, Missed) or not 200 <= answer.status < 300:
            return False
        said = said_address(answer.body, header(answer, "content-type"), answer.address)
        if said is None or post_id(said) == state.post or refuse_address(origin.outlet, said) is not None:
            return False
        known = self._store.crawl.posts([post_id(said)]).get(post_id(said))
        return known is not None and known.version > 0 and known.item_hash == item.hash()

    def _page(self, answer: Response | Missed) -> _Page:
        """Keep the response among the captures; without a usable body only the status is known."""
        if isinstance(answer, Missed):
            return _Page(None, None, b"", self._clock.now())
        if not (200 <= answer.status < 300 and answer.body):
            return _Page(answer.status, None, b"", answer.fetched)
        capture = self._captures.put(answer)
        return _Page(answer.status, header(answer, "content-type"), answer.body, answer.fetched, capture)

    async def _append(self, item: Item, state: PostState, origin: Origin, page: _Page) -> None:
        digest = sha256(page.body).hexdigest() if page.body else ""
        fetched = page.fetched
        if digest:
            seen = seen_hash(page.body, page.content_type)
            first = self._store.crawl.first_fetched(canonical(item.address), seen, fetched)
            fetched = fetched if state.version else first
        found = Found(
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
            content_type=page.content_type,
            body=page.body,
            first_seen=origin.first_seen,
            fetched=fetched,
            backlog=origin.backlog,
            capture=page.capture,
        )
        await self._log(lambda log: log.append(Topic.POSTS_FOUND, [(state.post, codec.encode(found))]))
        self._store.crawl.save_post(
            PostState(state.post, origin.source, found.version, item.hash(), digest, origin.first_seen, fetched)
        )
