"""The duty page: open alerts, nearest deadline first; what changed since a number; buttons of a card.

page with cursor N ─► GET /duty/changes?after=N ─► cards of the alerts that have events above N, and the new number
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import RedirectResponse, Response

from alerts.alert import AlertState
from alerts.commands import Command
from alerts.vocabulary import CommandType
from alerts.web.cards import card, in_order, waiting
from alerts.web.condition import condition_of
from alerts.web.forms import expected_of
from alerts.web.guard import Posted
from alerts.web.pages import fragment, page
from alerts.web.problems import NotThere
from alerts.web.services import Services
from alerts.web.visits import ServicesOf, Signed, Visit, desk_of
from huiying.core.config import Desk
from huiying.core.errors import Conflict, KeyReused, Refused

router = APIRouter(include_in_schema=False)
_PAGE = 1000
_QUICK = {"acknowledge": CommandType.ACKNOWLEDGE, "assign": CommandType.ASSIGN}


@router.get("/")
def first_page() -> Response:
    """Go to the duty page."""
    return RedirectResponse("/duty", 303)


@router.get("/duty")
def duty_page(
    request: Request, services: ServicesOf, visit: Signed, show: Annotated[str, Query()] = "open"
) -> Response:
    """Show the open alerts, or with show=finished the closed ones, the last closed first."""
    desk = desk_of(services)
    states = [state for state in services.view.alerts() if state.closed == (show == "finished")]
    shown = [card(state, desk, visit, services.clock.now()) for state in states] if desk else []
    ordered = sorted(shown, key=lambda each: -each.state.seq) if show == "finished" else in_order(shown)
    return page(
        request,
        "duty.html",
        visit,
        finished=show == "finished",
        cards=ordered,
        alarms=services.store.alarms.all(),
        configured=desk is not None,
        degraded=condition_of(request).sentences(visit.wording),
    )


@router.get("/duty/alarms")
def alarms(services: ServicesOf, visit: Signed) -> Response:
    """Return the source alarms that stand now."""
    return Response(fragment("alarms.html", visit.wording, alarms=services.store.alarms.all()), media_type="text/html")


@router.get("/duty/changes")
def changes(services: ServicesOf, visit: Signed, after: Annotated[int, Query(ge=0)]) -> dict[str, Any]:
    """Return the cards of the alerts with events above `after`, how many wait, and the number reached."""
    desk = desk_of(services)
    head = services.view.catch_up()
    cards = [
        {"alert": state.id, "html": _card_html(services, desk, visit, state)}
        for state in changed_alerts(services, after, head)
        if desk
    ]
    return {"head": head, "waiting": sum(waiting(state) for state in services.view.alerts()), "cards": cards}


def changed_alerts(services: Services, after: int, head: int) -> list[AlertState]:
    """Return the alerts with events above `after` and up to `head`."""
    ids: dict[str, None] = {}
    while after < head and (events := services.ledger.read(after, _PAGE)):
        ids |= {event.alert: None for event in events if event.alert}
        after = events[-1].seq
    return [state for id in ids if (state := services.view.alert(id))]


@router.post("/duty/{alert}/{action}")
def press(
    services: ServicesOf,
    visit: Signed,
    fields: Posted,
    alert: str,
    action: str,
    hx_request: Annotated[str | None, Header()] = None,
) -> Response:
    """Acknowledge, or assign to the suggested unit, from the card; answer with the card as it now is."""
    if action not in _QUICK:
        raise NotThere("page_not_there")
    payload = {"unit": fields.get("unit", "")} if action == "assign" else {}
    command = Command(_QUICK[action], alert, payload)
    expected, sentence = expected_of(fields), ""
    try:
        services.office.execute(visit.actor, command, expected=expected, key=fields.get("key") or None)
    except (Refused, Conflict, KeyReused) as error:
        sentence = error.sentence(visit.wording.language)
    if not hx_request:
        return RedirectResponse("/duty", 303)
    desk = desk_of(services)
    state = services.view.alert(alert)
    if state is None or desk is None:
        raise NotThere("alert_not_there", alert=alert[:40])
    return Response(_card_html(services, desk, visit, state, sentence), media_type="text/html")


def _card_html(services: Services, desk: Desk | None, visit: Visit, state: AlertState, sentence: str = "") -> str:
    assert desk is not None
    shown = card(state, desk, visit, services.clock.now())
    return fragment("card.html", visit.wording, card=shown, token=visit.session.token, sentence=sentence)
