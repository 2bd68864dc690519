"""The store on SQLAlchemy Core: one engine, one class for each part of `huiying.core.states`."""

from __future__ import annotations

from huiying.backends import sql
from huiying.backends.store_sql.accounts import SqlAccounts
from huiying.backends.store_sql.crawl import SqlCrawlStates
from huiying.backends.store_sql.following import (
    SqlCaptureResults,
    SqlCursors,
    SqlDeliveries,
    SqlSourceAlarms,
    SqlTallies,
)
from huiying.backends.store_sql.projection import SqlProjection
from huiying.backends.store_sql.stories import SqlStories


class SqlStore:
    """See `huiying.core.states.Store`. Any number of processes and threads. On PostgreSQL `desk` names the schema."""

    def __init__(self, url: str, desk: str = "") -> None:
        self._engine = sql.opened(url, desk, "store")
        self.crawl = SqlCrawlStates(self._engine)
        self.stories = SqlStories(self._engine)
        self.accounts = SqlAccounts(self._engine)
        self.deliveries = SqlDeliveries(self._engine)
        self.captured = SqlCaptureResults(self._engine)
        self.alarms = SqlSourceAlarms(self._engine)
        self.tallies = SqlTallies(self._engine)
        self.cursors = SqlCursors(self._engine)
        self.projection = SqlProjection(self._engine)

    def close(self) -> None:
        """Release the connections."""
        self._engine.dispose()
