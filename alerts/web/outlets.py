"""The outlets page: what crawl knows of each source, in words, the alarms that stand, and "check now"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from alerts.living import READ
from alerts.web.guard import Posted
from alerts.web.pages import page
from alerts.web.problems import NotThere
from alerts.web.services import Services
from alerts.web.visits import ServicesOf, Signed, Visit, desk_of, zone_of
from huiying.core.checks import ask, refusal
from huiying.core.config import Outlet, Source
from huiying.core.errors import Refused
from huiying.core.model import Role
from huiying.core.states import SourceAlarm, SourceState

logger = structlog.get_logger("huiying.desk")
router = APIRouter(include_in_schema=False)
MAY_CHECK = (Role.DUTY, Role.SUPERVISOR)


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One source: as configured, as crawled (None: not read yet), and its alarms."""

    id: str
    source: Source
    state: SourceState | None
    alarms: tuple[SourceAlarm, ...]


@dataclass(frozen=True, slots=True)
class OutletLine:
    """One outlet with its sources and the name of its unit."""

    outlet: Outlet
    unit: str
    minutes: int  # that it was really read today, in the office's zone
    sources: tuple[SourceLine, ...]


@router.get("/outlets")
def outlets_page(
    request: Request, services: ServicesOf, visit: Signed, asked: Annotated[str, Query()] = ""
) -> Response:
    """Show every configured outlet; those with an alarm first. `asked` is the source that is to be read now."""
    return _page(request, services, visit, asked=asked)


@router.post("/outlets/check")
def check_now(request: Request, services: ServicesOf, visit: Signed, fields: Posted) -> Response:
    """Ask crawl to read a source now, unless its site wishes otherwise or it was read a moment ago."""
    if visit.account.role not in MAY_CHECK:
        raise Refused("needs_duty_or_supervisor")
    now, wanted = services.clock.now(), fields.get("source", "")
    known = {source.id: source.state for line in lines(services) for source in line.sources}
    if wanted not in known:
        raise NotThere("page_not_there")
    if code := refusal(known[wanted], now):
        sentence = Refused(code).sentence(visit.wording.language)
        return _page(request, services, visit, 422, sentence)
    ask(services.store.cursors, wanted, now)
    logger.info("check_asked", source=wanted, who=visit.actor.pseudonym)
    return RedirectResponse(f"/outlets?{urlencode({'asked': wanted})}", 303)


def _page(
    request: Request, services: Services, visit: Visit, status: int = 200, sentence: str = "", asked: str = ""
) -> Response:
    may = visit.account.role in MAY_CHECK
    shown = lines(services)
    return page(request, "outlets.html", visit, status, outlets=shown, sentence=sentence, asked=asked, may_check=may)


def lines(services: Services) -> list[OutletLine]:
    """Return the configured outlets in order, those with an alarm first."""
    desk = desk_of(services)
    states = {state.source: state for state in services.store.crawl.sources()}
    alarms = services.store.alarms.all()
    read = services.store.tallies.of(services.clock.now().astimezone(zone_of(services)).date(), READ)
    made = []
    for outlet in desk.outlets if desk else ():
        sources = tuple(
            SourceLine(id, source, states.get(id), tuple(alarm for alarm in alarms if alarm.source == id))
            for id, source in outlet.source_ids()
        )
        unit = desk.unit(outlet.unit) if desk and outlet.unit else None
        made.append(OutletLine(outlet, unit.name if unit else "", read.get(outlet.id, 0), sources))
    return sorted(made, key=lambda line: not any(source.alarms for source in line.sources))
