"""JSON API, alerts: log in, list, read, command, open by hand.

POST /api/v1/session {login, password} ─► cookie and token; the token goes into X-Huiying-Token of every POST and DELETE
POST /api/v1/alerts/A…/commands {type, payload, expected, key} ─► the events recorded
Errors are {"code", "sentence", "fields"} with 400, 401, 403, 404, 409, 422, 429 or 503.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from alerts.commands import Command
from alerts.lifecycle import offers
from alerts.web.answers import PROBLEMS, alert_json, event_json
from alerts.web.entry import enter
from alerts.web.forms import command_type
from alerts.web.guard import called, same_origin
from alerts.web.handling import found_alert
from alerts.web.login import address_of, set_cookie
from alerts.web.problems import NotThere
from alerts.web.visits import COOKIE, ServicesOf, Signed

router = APIRouter(prefix="/api/v1", tags=["alerts"], responses=PROBLEMS)


class Body(BaseModel):
    """A request's body; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid")


class LogIn(Body):
    """Who logs in."""

    login: str = Field(max_length=100)
    password: str = Field(max_length=1000)


class CommandBody(Body):
    """One command; `payload` as its type asks for. `expected` is the number of the alert's last event seen."""

    type: str
    payload: dict[str, Any] = {}
    expected: int | None = Field(default=None, ge=0)
    key: str | None = Field(default=None, min_length=1, max_length=200)
    claimed_at: AwareDatetime | None = None
    on_behalf_of: str | None = Field(default=None, max_length=63)


class OpenByHand(Body):
    """An alert opened by hand on a post of the index; topics and place default to those of the post."""

    post: str = Field(max_length=64)
    why: str = Field(max_length=500)
    level: Literal[1, 2, 3, 4] = 1
    topics: list[str] = []
    place: str | None = None
    key: str | None = Field(default=None, min_length=1, max_length=200)


@router.post("/session", dependencies=[Depends(same_origin)])
def log_in(request: Request, response: Response, services: ServicesOf, body: LogIn) -> dict[str, Any]:
    """Log in: sets the session's cookie and returns the token that every change must bring."""
    entered = enter(services, body.login, body.password, address_of(request))
    set_cookie(request, response, entered.secret)
    account = entered.account
    return {"token": entered.session.token, "role": account.role, "unit": account.unit, "language": account.language}


@router.delete("/session", dependencies=[Depends(called)])
def log_out(response: Response, services: ServicesOf, visit: Signed) -> dict[str, bool]:
    """End this session."""
    services.store.accounts.close_sessions(id=visit.session.id)
    response.delete_cookie(COOKIE)
    return {"ended": True}


@router.get("/alerts")
def alerts(
    services: ServicesOf, visit: Signed, closed: Annotated[bool | None, Query()] = None
) -> dict[str, list[dict[str, Any]]]:
    """Return the alerts in the order opened, all or only the open or closed ones."""
    services.view.catch_up()
    states = services.view.alerts()
    return {"alerts": [alert_json(state) for state in states if closed is None or state.closed == closed]}


@router.get("/alerts/{id}")
def alert(services: ServicesOf, visit: Signed, id: str) -> dict[str, Any]:
    """Return one alert with what this account may press, and what is missing for the rest."""
    state, desk = found_alert(services, id)
    offered = offers(state, visit.actor, services.clock.now(), desk)
    language = visit.wording.language
    may = {offer.type: offer.refused.sentence(language) if offer.refused else None for offer in offered}
    return alert_json(state) | {"commands": may}


@router.get("/alerts/{id}/events")
def events(services: ServicesOf, visit: Signed, id: str) -> dict[str, list[dict[str, Any]]]:
    """Return every event of one alert in order."""
    found_alert(services, id)
    return {"events": [event_json(event) for event in services.view.events(id)]}


@router.post("/alerts/{id}/commands", dependencies=[Depends(called)])
def command(services: ServicesOf, visit: Signed, id: str, body: CommandBody) -> dict[str, Any]:
    """Carry out one command and return the events that it recorded."""
    services.view.catch_up()
    if services.view.alert(id) is None:
        raise NotThere("alert_not_there", alert=id[:40])
    claimed: datetime | None = body.claimed_at
    wanted = Command(command_type(body.type), id, body.payload, claimed, body.on_behalf_of)
    recorded = services.office.execute(visit.actor, wanted, expected=body.expected, key=body.key)
    return {"events": [event_json(event) for event in recorded]}


@router.post("/alerts", dependencies=[Depends(called)], status_code=201)
def open_by_hand(services: ServicesOf, visit: Signed, body: OpenByHand) -> dict[str, Any]:
    """Open an alert by hand on a post of the index."""
    post = services.index.get(body.post)
    if post is None:
        raise NotThere("post_not_there")
    services.view.catch_up()
    recorded = services.office.open_by_hand(
        visit.actor, post, why=body.why, level=body.level, topics=body.topics, place=body.place, key=body.key
    )
    return {"alert": recorded[0].alert, "events": [event_json(event) for event in recorded]}
