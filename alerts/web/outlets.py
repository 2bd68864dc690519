"""The outlets page: what crawl knows of each source, in words, and the alarms that stand."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response

from alerts.living import READ
from alerts.web.pages import page
from alerts.web.services import Services
from alerts.web.visits import ServicesOf, Signed, desk_of, zone_of
from huiying.core.config import Outlet, Source
from huiying.core.states import SourceAlarm, SourceState

router = APIRouter(include_in_schema=False)


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
def outlets_page(request: Request, services: ServicesOf, visit: Signed) -> Response:
    """Show every configured outlet; those with an alarm first."""
    return page(request, "outlets.html", visit, outlets=lines(services))


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
