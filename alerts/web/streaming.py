"""The address of the live feed: server-sent events, id = ledger number, replay after the last one the client has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from alerts.web.feed import Feed
from alerts.web.services import Services
from alerts.web.visits import COOKIE, ServicesOf, Signed, find_visit
from huiying.core.errors import BackendError

router = APIRouter(include_in_schema=False)


@router.get("/feed", response_class=EventSourceResponse)
async def feed(
    request: Request,
    services: ServicesOf,
    visit: Signed,
    after: Annotated[int, Query(ge=0)] = 0,
    last_event_id: Annotated[str | None, Header()] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Stream the events above Last-Event-ID, else above `after`, and those to come, until the session ends."""
    streams: Feed = request.app.state.feed
    begin = int(last_event_id) if last_event_id and last_event_id.isdigit() else after
    secret = request.cookies.get(COOKIE)

    async for event in streams.stream(begin, lambda: still_signed_in(services, secret)):
        yield event


def still_signed_in(services: Services, secret: str | None) -> bool:
    """Say whether the session of this cookie still stands; a store or ledger that is away ends nobody's stream."""
    try:
        return find_visit(services, secret, renew=False) is not None
    except BackendError:
        return True
