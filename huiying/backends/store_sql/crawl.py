"""Crawl state: sources, posts, first fetches of page versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from operator import itemgetter
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, and_, select

from huiying.backends import sql
from huiying.backends.store_sql.rows import insert_new, replace_all
from huiying.backends.store_sql.tables import PAGES, POSTS, SOURCES
from huiying.core.codec import instant, instant_text
from huiying.core.states import PostState, SourceState

_SOURCE = TypeAdapter(SourceState)
_IN = 500  # SQLite's limit of variables in one statement is 999 in older builds


class SqlCrawlStates:
    """See `huiying.core.states.CrawlStates`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def source(self, source: str) -> SourceState | None:
        """Return the state of `source`, if it was ever read."""
        with sql.reading(self._engine, "store") as connection:
            state = connection.execute(select(SOURCES.c.state).where(SOURCES.c.source == source)).scalar()
        return None if state is None else _SOURCE.validate_json(state)

    def sources(self) -> list[SourceState]:
        """Return the states of all sources, by id."""
        with sql.reading(self._engine, "store") as connection:
            states = connection.execute(select(SOURCES.c.state).order_by(SOURCES.c.source)).scalars()
            return [_SOURCE.validate_json(state) for state in states]

    def save_source(self, state: SourceState) -> None:
        """Keep `state` in place of the one before."""
        self.save_sources([state])

    def save_sources(self, states: Sequence[SourceState]) -> None:
        """Keep each of `states` in place of the one before, by id: two writers then wait, and never for each other."""
        rows = [{"source": state.source, "state": _SOURCE.dump_json(state).decode()} for state in states]
        with sql.writing(self._engine, "store") as connection:
            replace_all(connection, SOURCES, ["source"], sorted(rows, key=itemgetter("source")))

    def posts(self, ids: Sequence[str]) -> dict[str, PostState]:
        """Return the states of those posts of `ids` that are known."""
        found = {}
        with sql.reading(self._engine, "store") as connection:
            for begin in range(0, len(ids), _IN):
                wanted = select(POSTS).where(POSTS.c.post.in_(ids[begin : begin + _IN]))
                for row in connection.execute(wanted):
                    known = dict(row._mapping)
                    known |= {"first_seen": instant(row.first_seen), "fetched": instant(row.fetched)}
                    found[row.post] = PostState(**known)
        return found

    def save_post(self, state: PostState) -> None:
        """Keep `state` in place of the one before."""
        self.save_posts([state])

    def save_posts(self, states: Sequence[PostState]) -> None:
        """Keep each of `states` in place of the one before, by id as the sources."""
        with sql.writing(self._engine, "store") as connection:
            replace_all(connection, POSTS, ["post"], sorted(map(_row, states), key=itemgetter("post")))

    def first_fetched(self, address: str, sha256: str, at: datetime) -> datetime:
        """Remember these bytes at `address`; return the earliest instant remembered for them."""
        return self.all_first_fetched([(address, sha256, at)])[0]

    def all_first_fetched(self, pages: Sequence[tuple[str, str, datetime]]) -> list[datetime]:
        """Remember the bytes of each page, by address as the sources; return the earliest instants."""
        with sql.writing(self._engine, "store") as connection:
            for address, sha256, at in sorted(pages, key=itemgetter(0, 1)):
                row = {"address": address, "sha256": sha256, "first_fetched": instant_text(at)}
                insert_new(connection, PAGES, row)
            return [_first(connection, address, sha256) for address, sha256, _ in pages]


def _row(state: PostState) -> dict[str, Any]:
    return asdict(state) | {"first_seen": instant_text(state.first_seen), "fetched": instant_text(state.fetched)}


def _first(connection: Connection, address: str, sha256: str) -> datetime:
    same = and_(PAGES.c.address == address, PAGES.c.sha256 == sha256)
    return instant(connection.execute(select(PAGES.c.first_fetched).where(same)).scalar_one())
