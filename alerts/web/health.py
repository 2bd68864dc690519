"""Whether the desk lives and is ready, for supervisors; what is degraded, for the duty page. All without a log-in.

None of it asks a backend, and none waits for one of the threads that pages do: it is answered while all those hang.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from alerts.web.condition import condition_of
from alerts.web.pages import fragment
from alerts.web.visits import DEFAULT_ZONE
from alerts.wording import LOCALES, Wording

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def healthz(request: Request) -> Response:
    """Say whether the process lives: 200, or 503 once its loop has not turned for 60 s."""
    health = condition_of(request).health
    living = health.living()
    return JSONResponse({"living": living, "role": health.role}, 200 if living else 503)


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """Say whether ledger and store have answered within the last 30 s; index and log are named, and need not."""
    report = condition_of(request).health.report()
    return JSONResponse(report, 200 if report["ready"] else 503)


@router.get("/duty/condition")
async def condition(
    request: Request, language: Annotated[str, Query()] = "zh", zone: Annotated[str, Query()] = DEFAULT_ZONE
) -> Response:
    """Return the sentences on what is degraded. Without a log-in: the store that holds log-ins may be what is away."""
    wording = Wording(language if language in LOCALES else "zh", ZoneInfo(zone if zone in _zones() else DEFAULT_ZONE))
    sentences = condition_of(request).sentences(wording)
    return Response(fragment("condition.html", wording, degraded=sentences), media_type="text/html")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
