"""Build the desk's web application from its services: pages, live feed, JSON API, static files. No globals.

request ─► headers ─► session ─► (origin, token) ─► handler in a thread ─► ports ─► page or JSON
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from alerts.web import (
    alerts_api,
    captures,
    changes,
    duty,
    export,
    figures,
    handling,
    handover,
    health,
    login,
    outlets,
    presence,
    queries_api,
    reports,
    rules,
    saved,
    search,
    settings,
    streaming,
    wallboard,
)
from alerts.web.accounts import prepare
from alerts.web.condition import Condition
from alerts.web.feed import Feed
from alerts.web.guard import SafeHeaders
from alerts.web.pages import STATIC
from alerts.web.presence import Presence
from alerts.web.problems import register
from alerts.web.services import Services
from huiying import __version__

PAGES = (
    health,
    login,
    settings,
    duty,
    handling,
    presence,
    handover,
    captures,
    changes,
    saved,
    search,
    export,
    outlets,
    rules,
    figures,
    reports,
    wallboard,
    streaming,
)
API = (alerts_api, queries_api)


def build(services: Services) -> FastAPI:
    """Return the application. Its lifespan runs the feed's and the condition's background tasks."""
    feed = Feed(services.ledger, services.clock)
    condition = Condition(services)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        """Watch ledger and backends while the application runs, and end every stream after."""
        watching = asyncio.create_task(feed.watch())
        turning = asyncio.create_task(condition.turn())
        try:
            yield
        finally:
            feed.close()
            for task in (watching, turning):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    app = FastAPI(
        title="Huiying 回应",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        lifespan=lifespan,
    )
    app.state.services, app.state.feed, app.state.condition = services, feed, condition
    app.state.presence = Presence()
    prepare()
    register(app)
    app.add_middleware(SafeHeaders)
    for part in (*PAGES, *API):
        app.include_router(part.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app
