"""The reports: which were issued and what they say today, issue another, take one as a file.

GET /reports ─► POST /reports ─► report_issued, checkpoint ─► GET /reports/SEQ.pdf
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from alerts.events import EventType
from alerts.judged import judge_states
from alerts.periods import period
from alerts.reports.paper import FORMS
from alerts.restated import Restated, restate
from alerts.web.figures import picks
from alerts.web.guard import Posted
from alerts.web.pages import page
from alerts.web.problems import NotThere, status_of
from alerts.web.services import Services
from alerts.web.visits import ServicesOf, Signed, Visit
from alerts.zones import zone_at
from huiying.core.errors import HuiyingError, Refused
from huiying.core.model import Event, Role

router = APIRouter(include_in_schema=False)
_SHOWN = 60
ISSUERS = (Role.DUTY, Role.SUPERVISOR)


@dataclass(frozen=True, slots=True)
class Row:
    """One issued report: what it printed, and its period as the ledger has it now."""

    event: Event
    now: Restated

    @property
    def changed(self) -> bool:
        """Say whether the paper would say something else today."""
        printed = tuple(self.event.payload[name] for name in ("correct", "not_correct", "excluded"))
        return printed != (self.now.correct, self.now.not_correct, self.now.excluded)


@router.get("/reports")
def reports_page(request: Request, services: ServicesOf, visit: Signed, issued: int | None = None) -> Response:
    """Show the newest reports and, to those who may issue one, the form."""
    return _page(request, services, visit, issued=issued)


@router.post("/reports")
def issue(request: Request, services: ServicesOf, visit: Signed, fields: Posted) -> Response:
    """Issue the report of a period as of now."""
    name = fields.get("period", "")
    try:
        if visit.account.role not in ISSUERS:
            raise Refused("needs_issuer")
        if services.papers is None:
            raise Refused("reports_not_here")
        key = fields.get("key")
        seq = services.papers.issue(name, f"{visit.account.pseudonym}:report:{key}" if key else None)
    except HuiyingError as error:
        return _page(request, services, visit, name=name, error=error)
    return RedirectResponse(f"/reports?issued={seq}", 303)


@router.get("/reports/{seq}.{form}")
def paper(services: ServicesOf, visit: Signed, seq: int, form: str) -> Response:
    """Return an issued report as a file in the language of the account."""
    if services.papers is None or form not in FORMS:
        raise NotThere("page_not_there")
    made = services.papers.paper(seq, form, visit.wording.language)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(made.name)}"}
    return Response(made.body, media_type=made.media_type, headers=headers)


def _page(
    request: Request,
    services: Services,
    visit: Visit,
    name: str = "",
    issued: int | None = None,
    error: HuiyingError | None = None,
) -> Response:
    today = services.clock.now().astimezone(visit.wording.zone).date()
    return page(
        request,
        "reports.html",
        visit,
        status_of(error) if error else 200,
        rows=_rows(services),
        name=name,
        picks=picks(today),
        forms=FORMS,
        may_issue=visit.account.role in ISSUERS and services.papers is not None,
        issued=issued,
        sentence=error.sentence(visit.wording.language) if error else "",
    )


def _rows(services: Services) -> list[Row]:
    """Return the newest reports first, each beside its period as it is judged now."""
    services.view.catch_up()
    now, folded = services.clock.now(), services.view.folded()
    events = [event for event in folded.whole if event.type == EventType.REPORT_ISSUED][: -_SHOWN - 1 : -1]
    if not events:
        return []
    judged = judge_states(folded.states, min(now, folded.last or now))
    zone = zone_at(folded.whole, now)
    names = {event.payload["period"] for event in events}
    restated = {name: restate(judged, folded.whole, period(name, zone)) for name in names}
    return [Row(event, restated[event.payload["period"]]) for event in events]
