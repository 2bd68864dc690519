"""The figures page: a period's rate and what stands beside it; every number opens its alerts.

period ─► the ledger's events ─► alerts.figures ─► page
                                              └─► GET /figures/alerts?of=KEY: the alerts behind one number
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from alerts.figures import Count, Figures, Group, figures, figures_of
from alerts.periods import holding, period
from alerts.timeline import unit_name
from alerts.view import read_all
from alerts.web.cards import topic_name
from alerts.web.pages import page
from alerts.web.places import known_places, place_name
from alerts.web.problems import NotThere
from alerts.web.services import Services
from alerts.web.standing import standing_lines
from alerts.web.visits import ServicesOf, Signed, Visit, desk_of
from alerts.wording import Wording
from alerts.zones import zone_at
from huiying.core.codec import instant
from huiying.core.config import Desk
from huiying.core.errors import Refused

router = APIRouter(include_in_schema=False)


def computed(services: Services, name: str) -> Figures:
    """Compute the figures of the period called `name` at this instant. A name that is none is Refused."""
    services.view.catch_up()
    now, folded = services.clock.now(), services.view.folded()
    span = period(name, zone_at(folded.whole, now))
    if folded.last and folded.last > now:  # the clock stands behind the ledger: what is later does not count
        return figures(read_all(services.ledger), span, now)
    return figures_of(folded, span, now, lambda: read_all(services.ledger))


@router.get("/figures")
def figures_page(
    request: Request, services: ServicesOf, visit: Signed, period: Annotated[str, Query()] = ""
) -> Response:
    """Show the figures of a period, this quarter's where none is asked for."""
    today = services.clock.now().astimezone(visit.wording.zone).date()
    name = period or holding(today)["quarter"]
    frame = {"name": name, "picks": picks(today), "link": _link(name)}
    try:
        made = computed(services, name)
    except Refused as refusal:
        sentence = refusal.sentence(visit.wording.language)
        return page(request, "figures.html", visit, 422, sentence=sentence, figures=None, **frame)
    desk = desk_of(services)
    groups = _groups(services, desk, made, visit.wording)
    outlets = {outlet.id: outlet.name for outlet in desk.outlets} if desk else {}
    shown = {"figures": made, "groups": groups, "outlets": outlets, "instant": instant}
    return page(request, "figures.html", visit, sentence="", **shown, **frame)


@router.get("/figures/alerts")
def alerts_page(
    request: Request,
    services: ServicesOf,
    visit: Signed,
    period: Annotated[str, Query()],
    of: Annotated[str, Query()],
) -> Response:
    """Show the alerts behind one number, each with its six criteria."""
    made = computed(services, period)
    count = counts(made).get(of)
    if count is None:
        raise NotThere("page_not_there")
    rows = [_row(services, visit, made, id) for id in count.alerts]
    return page(request, "figures_alerts.html", visit, name=period, of=of, rows=rows)


def _row(services: Services, visit: Visit, made: Figures, id: str) -> dict[str, Any]:
    desk, judged = desk_of(services), made.alerts[id]
    state = services.view.alert(id)
    assert state is not None  # the ledger that was computed from is the one that the view has folded
    return {
        "id": id,
        "title": state.title,
        "judged": judged,
        "unit": unit_name(desk, judged.unit) if desk else judged.unit or "",
        "lines": standing_lines(state, judged.standings, services.clock.now(), desk, visit.wording),
    }


def counts(made: Figures) -> dict[str, Count]:
    """Return every number of the page by the key that its link carries."""
    named = {
        "correct": made.correct,
        "not_correct": made.not_correct,
        "observed": made.observed,
        "unresolved": made.unresolved,
        "in_progress": made.in_progress,
        "in_progress_failed": made.in_progress_failed,
        "by_hand": made.by_hand,
        "reopened": made.reopened,
        "recurring": made.recurring,
        "done_late": made.late,
        "vanished": made.vanished,
        "amended": made.amended,
        "joined": made.joined,
        "at_least": made.at_least,
    }
    if made.briefing:
        named |= {"briefing": made.briefing.part, "briefing_whole": made.briefing.whole}
    named |= {f"excluded.{ground}": count for ground, count in made.excluded.items()}
    named |= {f"end_state.{state}": count for state, count in made.end_states.items()}
    named |= {f"failed.{criterion}": count for criterion, count in made.failed.items()}
    for criterion, rate in made.three_fast.items():
        if rate:
            named |= {f"fast.{criterion}": rate.part, f"fast_whole.{criterion}": rate.whole}
    for kind, groups in _kinds(made):
        for group in groups:
            named |= {f"{kind}.{group.key}": group.rate.part, f"{kind}_whole.{group.key}": group.rate.whole}
    if made.rate:
        named["due"] = made.rate.whole
    return named


def _kinds(made: Figures) -> tuple[tuple[str, tuple[Group, ...]], ...]:
    return (("unit", made.by_unit), ("place", made.by_place), ("topic", made.by_topic), ("level", made.by_level))


def _groups(services: Services, desk: Desk | None, made: Figures, wording: Wording) -> list[dict[str, Any]]:
    """Return the breakdowns with the names of their groups."""
    places = known_places(services, desk)

    def name(kind: str, key: str | None) -> str:
        """Return what people call the group."""
        if key is None:
            return wording.text("figures.duty_desk")
        if kind == "place":
            return place_name(services, places, key)
        if kind == "level":
            return wording.text(f"level.{key}")
        if desk is None:
            return key
        return unit_name(desk, key) if kind == "unit" else topic_name(desk, key, wording.language)

    return [
        {"kind": kind, "rows": [(name(kind, group.key), group) for group in groups]} for kind, groups in _kinds(made)
    ]


def _link(name: str) -> Any:
    def link(of: str) -> str:
        """Return the address of the alerts behind the number `of`."""
        return "/figures/alerts?" + urlencode({"period": name, "of": of})

    return link


def picks(today: date) -> list[tuple[str, str, str]]:
    """Return (kind, this one, the one before) for the picker."""
    month = today.replace(day=1)
    before = {
        "week": today - timedelta(days=7),
        "month": month - timedelta(days=1),
        "quarter": month.replace(month=(month.month - 1) // 3 * 3 + 1) - timedelta(days=1),
        "half_year": month.replace(month=1 if month.month < 7 else 7) - timedelta(days=1),
        "year": date(today.year - 1, 12, 31),
    }
    return [(kind, name, holding(before[kind])[kind]) for kind, name in holding(today).items()]
