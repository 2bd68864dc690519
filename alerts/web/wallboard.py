"""The wallboard: open alerts in big type for a screen on the wall, at an address that shows and does nothing else.

POST /wallboard ─► a secret address, kept as a session of nobody ─► GET /wall/SECRET ─► asks for its board every 10 s

The secret opens no other page: the session's login is no account's, so that nobody is signed in by it.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from alerts.alert import AlertState
from alerts.web.cards import SHAPES, topic_name, waiting
from alerts.web.condition import condition_of
from alerts.web.guard import Posted
from alerts.web.pages import fragment, page, static, visitor_wording
from alerts.web.problems import NotThere
from alerts.web.services import Services
from alerts.web.steps import next_line
from alerts.web.visits import ServicesOf, Signed, Visit, desk_of, session_id
from alerts.wording import Wording
from huiying.core.config import Desk
from huiying.core.errors import Refused
from huiying.core.model import Role
from huiying.core.states import Session

router = APIRouter(include_in_schema=False)
logger = structlog.get_logger("huiying.desk")
LASTS = timedelta(days=366)
MAKERS = (Role.SUPERVISOR, Role.ADMINISTRATOR)
SHOWN = 12


@router.get("/wallboard")
def wallboard_page(request: Request, visit: Signed) -> Response:
    """Say what a wallboard shows, and let those who may make its address."""
    return _page(request, visit, "")


@router.post("/wallboard")
def make(request: Request, services: ServicesOf, visit: Signed, fields: Posted) -> Response:
    """Make an address, and show it this once: it is kept as a hash."""
    _may(visit)
    secret = secrets.token_urlsafe(24)
    session = Session(_id(secret), _of(visit), "", services.clock.now() + LASTS)
    services.store.accounts.open_session(session)
    logger.info("wallboard_made", by=visit.account.pseudonym)
    return _page(request, visit, f"{request.base_url}wall/{secret}")


@router.post("/wallboard/revoke")
def revoke(services: ServicesOf, visit: Signed, fields: Posted) -> Response:
    """End every address that this account made."""
    _may(visit)
    services.store.accounts.close_sessions(login=_of(visit))
    logger.info("wallboard_revoked", by=visit.account.pseudonym)
    return RedirectResponse("/wallboard", 303)


@router.get("/wall/{secret}")
def wall(request: Request, services: ServicesOf, secret: str) -> Response:
    """Show the wall's page to whoever has its address."""
    return HTMLResponse(fragment("wall.html", visitor_wording(request, services), **_shown(request, services, secret)))


@router.get("/wall/{secret}/board")
def board(request: Request, services: ServicesOf, secret: str) -> Response:
    """Return the board alone, for the page that is shown already."""
    shown = _shown(request, services, secret)
    return HTMLResponse(fragment("wall_board.html", visitor_wording(request, services), **shown))


def _page(request: Request, visit: Visit, address: str) -> Response:
    return page(request, "wallboard.html", visit, address=address, may_make=visit.account.role in MAKERS)


def _may(visit: Visit) -> None:
    if visit.account.role not in MAKERS:
        raise Refused("needs_wallboard_maker")


def _of(visit: Visit) -> str:
    return f"wallboard/{visit.account.login}"


def _id(secret: str) -> str:
    return session_id(f"wallboard:{secret}")


def _shown(request: Request, services: Services, secret: str) -> dict[str, Any]:
    """Return everything on the wall, or raise NotThere for an address that nobody made, or that has ended."""
    now, wording = services.clock.now(), visitor_wording(request, services)
    if services.store.accounts.session(_id(secret), now) is None:
        raise NotThere("wallboard_not_there")
    services.view.catch_up()
    desk = desk_of(services)
    open_ones = [state for state in services.view.alerts() if not state.closed]
    lines = [(state, next_line(state, now, wording)) for state in open_ones]
    ordered = sorted(lines, key=lambda pair: (pair[1].until if pair[1] else pair[0].due, -pair[0].level))
    return {
        "machine": services.machine,
        "kind": services.view.kind(),
        "now": now,
        "version": static("wall.js") + static("desk.css"),
        "waiting": sum(waiting(state) for state in open_ones),
        "open": len(open_ones),
        "late": sum(bool(line and line.late) for _, line in lines),
        "alarms": len(services.store.alarms.all()),
        "degraded": condition_of(request).sentences(wording),
        "rows": [_row(state, desk, wording) | {"line": line} for state, line in ordered[:SHOWN]],
        "more": max(0, len(open_ones) - SHOWN),
    }


def _row(state: AlertState, desk: Desk | None, wording: Wording) -> dict[str, Any]:
    unit = desk.unit(state.unit or "") if desk else None
    return {
        "state": state,
        "shape": SHAPES[int(state.level)],
        "topics": [topic_name(desk, topic, wording.language) for topic in state.topics] if desk else [],
        "unit": unit.name if unit else "",
    }
