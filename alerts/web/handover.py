"""The hand-over of a shift: what is open, what the next shift must know, and the hand-overs before.

GET /handover ─► open alerts, form ─► POST /handover ─► handed_over ─► watch signs a checkpoint
"""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from alerts.web.cards import card, in_order
from alerts.web.guard import Posted
from alerts.web.pages import page
from alerts.web.problems import status_of
from alerts.web.services import Services
from alerts.web.visits import ServicesOf, Signed, Visit, desk_of
from huiying.core.errors import HuiyingError, KeyReused, Refused

router = APIRouter(include_in_schema=False)
_SHOWN = 20
SHIFT = timedelta(hours=12)  # what falls due within it is the next shift's


@router.get("/handover")
def handover_page(request: Request, services: ServicesOf, visit: Signed) -> Response:
    """Show what is open, the form for duty staff, and the newest hand-overs."""
    return _page(request, services, visit, {})


@router.post("/handover")
def hand_over(request: Request, services: ServicesOf, visit: Signed, fields: Posted) -> Response:
    """Record the hand-over. What is refused comes back with the text that was typed."""
    try:
        shift, notes = fields.get("shift", ""), fields.get("notes", "")
        services.office.hand_over(visit.actor, shift, notes, key=fields.get("key") or None)
    except (Refused, KeyReused) as error:
        return _page(request, services, visit, fields, error)
    return RedirectResponse("/handover", 303)


def _page(
    request: Request, services: Services, visit: Visit, typed: dict[str, str], error: HuiyingError | None = None
) -> Response:
    desk = desk_of(services)
    now = services.clock.now()
    open_ones = [card(state, desk, visit, now) for state in services.view.alerts() if not state.closed] if desk else []
    return page(
        request,
        "handover.html",
        visit,
        status_of(error) if error else 200,
        cards=in_order(open_ones),
        soon=now + SHIFT,
        past=services.view.handed_over()[-_SHOWN:][::-1],
        names=services.store.accounts.names(),
        typed=typed,
        sentence=error.sentence(visit.wording.language) if error else "",
    )
