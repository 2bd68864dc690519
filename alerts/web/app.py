"""Build the desk's web application from its services: pages, live feed, JSON API, static files. No globals.

request ─► headers ─► session ─► (origin, token) ─► handler in a thread ─► ports ─► page or JSON
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from alerts.web import alerts_api, captures, duty, figures, handling, login, outlets, queries_api, search, streaming
from alerts.web.accounts import prepare
from alerts.web.feed import Feed
from alerts.web.guard import SafeHeaders
from alerts.web.pages import STATIC
from alerts.web.problems import register
from alerts.web.services import Services
from huiying import __version__

PAGES = (login, duty, handling, captures, search, outlets, figures, streaming)
API = (alerts_api, queries_api)


def build(services: Services) -> FastAPI:
    """Return the application. Its lifespan runs the feed's one background task."""
    feed = Feed(services.ledger, services.clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        """Watch the ledger while the application runs, and end every stream after."""
        watching = asyncio.create_task(feed.watch())
        try:
            yield
        finally:
            feed.close()
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    app = FastAPI(
        title="Huiying 回应",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        lifespan=lifespan,
    )
    app.state.services, app.state.feed = services, feed
    prepare()
    register(app)
    app.add_middleware(SafeHeaders)
    for part in (*PAGES, *API):
        app.include_router(part.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app
