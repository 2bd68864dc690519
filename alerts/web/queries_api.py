"""JSON API, what only reads: posts, sources, source alarms, figures, the ledger."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query

from alerts.web.answers import PROBLEMS, event_json, plain
from alerts.web.figures import computed
from alerts.web.searched import Asked, answer, understood
from alerts.web.visits import ServicesOf, Signed, desk_of

router = APIRouter(prefix="/api/v1", responses=PROBLEMS)


@router.get("/posts", tags=["posts"])
def posts(services: ServicesOf, visit: Signed, asked: Annotated[Asked, Query()]) -> dict[str, Any]:
    """Search posts by a query in `words`, as on the page; `next` goes into `after` for the next page.

    A wrong query is answered with its character (`at`, from 1) and `suggestion`, a query that can be read.
    """
    return answer(services, understood(services, desk_of(services), asked))


@router.get("/sources", tags=["sources"])
def sources(services: ServicesOf, visit: Signed) -> dict[str, Any]:
    """Return what crawl knows of each source."""
    return {"sources": [plain(state) for state in services.store.crawl.sources()]}


@router.get("/alarms", tags=["sources"])
def alarms(services: ServicesOf, visit: Signed) -> dict[str, Any]:
    """Return the source alarms that stand now."""
    return {"alarms": [plain(alarm) for alarm in services.store.alarms.all()]}


@router.get("/figures", tags=["figures"])
def figures(services: ServicesOf, visit: Signed, period: Annotated[str, Query()]) -> dict[str, Any]:
    """Return the figures of a period at this instant: the canonical figures file."""
    answer: dict[str, Any] = json.loads(computed(services, period).to_json())
    return answer


@router.get("/ledger", tags=["ledger"])
def ledger(services: ServicesOf, visit: Signed) -> dict[str, int]:
    """Return the number of the ledger's last event."""
    return {"head": services.ledger.head()}


@router.get("/ledger/events", tags=["ledger"])
def events(
    services: ServicesOf,
    visit: Signed,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, Any]:
    """Return events above `after` in order."""
    return {"events": [event_json(event) for event in services.ledger.read(after, limit)]}
