"""Crawl state: sources, posts, first fetches of page versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import Engine, and_, select

from huiying.backends import sql
from huiying.backends.store_sql.rows import insert_new, replace
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
        written = _SOURCE.dump_json(state).decode()
        with sql.writing(self._engine, "store") as connection:
            replace(connection, SOURCES, {"source": state.source}, {"state": written})

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
        values = asdict(state)
        values |= {"first_seen": instant_text(state.first_seen), "fetched": instant_text(state.fetched)}
        with sql.writing(self._engine, "store") as connection:
            replace(connection, POSTS, {"post": values.pop("post")}, values)

    def first_fetched(self, address: str, sha256: str, at: datetime) -> datetime:
        """Remember these bytes at `address`; return the earliest instant remembered for them."""
        same = and_(PAGES.c.address == address, PAGES.c.sha256 == sha256)
        row = {"address": address, "sha256": sha256, "first_fetched": instant_text(at)}
        with sql.writing(self._engine, "store") as connection:
            insert_new(connection, PAGES, row)
            return instant(connection.execute(select(PAGES.c.first_fetched).where(same)).scalar_one())
