"""The page of one alert: what is known, what may be pressed, and every step of the lifecycle.

GET  /alerts/A…            header, deadlines, timeline, forms
POST /alerts/A…/commands   command ─► Office ─► back to the page; refused 422 or overtaken 409: the same page, text kept
POST /alerts               open by hand on a post of the index
"""

from __future__ import annotations

from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from alerts.alert import AlertState
from alerts.amending import amendable
from alerts.criteria import standings
from alerts.lifecycle import offers, suggest_unit
from alerts.matters import possibly_same
from alerts.timeline import Entry, timeline, unit_name
from alerts.vocabulary import CommandType, EndState, Finding, Ground
from alerts.web.candidates import candidates, likeliest
from alerts.web.cards import card, topic_name
from alerts.web.extracts import Piece, extract, marked
from alerts.web.forms import FOR_A_UNIT, WITH_EVIDENCE, command_of, expected_of, forms
from alerts.web.guard import Posted
from alerts.web.pages import fragment, page
from alerts.web.problems import NotThere, status_of
from alerts.web.services import Services
from alerts.web.standing import standing_lines
from alerts.web.steps import step_lines
from alerts.web.uploads import Uploads, keep, pieces
from alerts.web.visits import ServicesOf, Signed, Visit, desk_of
from huiying.core.config import Desk
from huiying.core.errors import BackendError, Conflict, HuiyingError, KeyReused, Refused
from huiying.core.model import Post, Role

logger = structlog.get_logger("huiying.desk")
router = APIRouter(include_in_schema=False)


@router.get("/alerts/{id}")
def alert_page(
    request: Request,
    services: ServicesOf,
    visit: Signed,
    id: str,
    recorded: Annotated[str, Query()] = "",
    same: Annotated[str, Query()] = "",
) -> Response:
    """Show one alert; `recorded` names the form that was just recorded, `same` an earlier alert that is its matter."""
    duplicate = {"type": str(CommandType.PROPOSE_DISMISSAL), "ground": str(Ground.DUPLICATE), "of": same}
    return _page(request, services, visit, id, typed=duplicate if same else None, recorded=recorded)


@router.get("/alerts/{id}/pages")
def found_pages(
    services: ServicesOf,
    visit: Signed,
    id: str,
    outcome: Annotated[bool, Query()] = False,
    address: Annotated[str, Query()] = "",
    address_typed: Annotated[str, Query()] = "",
) -> Response:
    """Return the pages that may be chosen by now; what was chosen or typed stays as it is."""
    state, desk = found_alert(services, id)
    found = candidates(services, desk, state)
    untouched = address in ("", "typed") and not address_typed
    chosen = likeliest(found, state)[outcome] if untouched else address
    html = fragment("pages.html", visit.wording, pages=found, chosen=chosen, written=address_typed)
    return Response(html, media_type="text/html")


@router.post("/alerts/{id}/commands")
def command(
    request: Request, services: ServicesOf, visit: Signed, fields: Posted, uploads: Uploads, id: str
) -> Response:
    """Record one form. What is refused or overtaken comes back with the text that was typed and the files sent."""
    try:
        fields["kept"] = keep(services, uploads, fields.get("kept", ""))
        wanted = command_of(id, fields, visit.wording.zone)
        services.office.execute(visit.actor, wanted, expected=expected_of(fields), key=fields.get("key") or None)
    except (Refused, Conflict, KeyReused) as error:
        return _page(request, services, visit, id, typed=fields, error=error)
    return RedirectResponse(f"/alerts/{id}?recorded={wanted.type}", 303)


@router.post("/alerts")
def open_by_hand(services: ServicesOf, visit: Signed, fields: Posted) -> Response:
    """Open an alert on a post of the index, with the reason why."""
    post = services.index.get(fields.get("post", ""))
    if post is None:
        raise NotThere("post_not_there")
    services.view.catch_up()
    topics = (fields["topic"],) if fields.get("topic") else ()
    events = services.office.open_by_hand(
        visit.actor,
        post,
        why=fields.get("why", ""),
        level=_level(fields.get("level", "1")),
        topics=topics,
        place=fields.get("place") or None,
        key=f"by-hand:{post.id}:{visit.session.id[:16]}",
    )
    return RedirectResponse(f"/alerts/{events[0].alert}", 303)


def _level(written: str) -> int:
    if written not in ("1", "2", "3", "4"):
        raise Refused("fields_wrong", fields="level")
    return int(written)


def found_alert(services: Services, id: str) -> tuple[AlertState, Desk]:
    """Return the alert and the configuration, or raise NotThere."""
    desk = desk_of(services)
    state = services.view.alert(id)
    if state is None or desk is None:
        raise NotThere("alert_not_there", alert=id[:40])
    return state, desk


def _page(
    request: Request,
    services: Services,
    visit: Visit,
    id: str,
    typed: dict[str, str] | None = None,
    error: HuiyingError | None = None,
    recorded: str = "",
) -> Response:
    state, desk = found_alert(services, id)
    now, typed = services.clock.now(), typed or {}
    entries = timeline(services.view.events(id), desk, services.store.accounts.names(), visit.wording)
    offered = forms(
        offers(state, visit.actor, now, desk), state, visit.account.role, visit.wording, typed.get("type", "")
    )
    return page(
        request,
        "alert.html",
        visit,
        status_of(error) if error else 200,
        state=state,
        card=card(state, desk, visit, now),
        unit=unit_name(desk, state.unit),
        steps=step_lines(state, now, visit.wording),
        standings=standing_lines(state, standings(state, now), now, desk, visit.wording),
        muted=state.muted_until(now),
        entries=entries,
        posts=posts_of(services, desk, state),
        possibly=_possibly(services, desk, state, visit),
        forms=offered,
        choices=_choices(services, desk, state, visit),
        typed=typed,
        kept=pieces(typed.get("kept", "")),
        sentence=error.sentence(visit.wording.language) if error else "",
        theirs=_theirs(entries, error),
        recorded=recorded,
    )


def _theirs(entries: list[Entry], error: HuiyingError | None) -> list[Entry]:
    """Return what others recorded after the number that the overtaken form had seen."""
    if not isinstance(error, Conflict):
        return []
    seen = error.fields.get("expected", 0)
    return [entry for entry in entries if isinstance(seen, int) and entry.seq > seen]


def _possibly(services: Services, desk: Desk, state: AlertState, visit: Visit) -> list[dict[str, Any]]:
    """Return the alerts that may be of the same matter; `earlier` ones can be what this one is a duplicate of."""
    return [
        {
            "alert": one.alert,
            "topics": [topic_name(desk, topic, visit.wording.language) for topic in one.topics],
            "earlier": one.apart.total_seconds() < 0,
        }
        for one in possibly_same(state, services.view.alerts())
    ]


def posts_of(services: Services, desk: Desk, state: AlertState) -> list[dict[str, Any]]:
    """Return the posts of the story: title and extract with the words that matched marked, outlet, instants."""
    made = []
    held = indexed(services, [ref.id for ref in state.posts])
    for ref in state.posts:
        post = held.get(ref.id)
        outlet = desk.outlet(ref.outlet)
        words = (*matched_words(desk, state), *hit_words(post, state))
        text: tuple[Piece, ...] = extract(post.text, services.highlight(post.text, words)) if post else ()
        title = marked(ref.title, services.highlight(ref.title, words))
        made.append({"ref": ref, "outlet": outlet.name if outlet else ref.outlet, "title": title, "text": text})
    return made


def indexed(services: Services, ids: list[str]) -> dict[str, Post]:
    """Return the posts that the index holds. An index that is away holds up nobody who answers an alert."""
    held = {}
    try:
        for id in ids:
            if post := services.index.get(id):
                held[id] = post
    except BackendError as failure:
        logger.warning("index_away", error=str(failure))
    return held


def matched_words(desk: Desk, state: AlertState) -> tuple[str, ...]:
    """Return the words that are worth marking: those of the alert's topics, and the names of its places."""
    forms = [form for topic in desk.topics if topic.id in state.topics for _, form in topic.forms()]
    topics = [word for form in forms for word in (*form.any, *form.all)]
    return (*topics, *(place.name for place in state.places))


def hit_words(post: Post | None, state: AlertState) -> tuple[str, ...]:
    """Return the words by which the pipeline gave `post` the alert's topics."""
    hits = [hit for hit in post.topics if hit.topic in state.topics] if post else []
    return tuple(word for hit in hits for word, *_ in hit.words)


def _choices(services: Services, desk: Desk, state: AlertState, visit: Visit) -> dict[str, Any]:
    """Return what the forms offer to choose from."""
    found = candidates(services, desk, state)
    reply, outcome = likeliest(found, state)
    return {
        "units": [(unit.id, unit.name) for unit in desk.units],
        "suggested": suggest_unit(state, desk),
        "findings": list(Finding),
        "end_states": list(EndState),
        "grounds": list(Ground),
        "pages": found,
        "topics": [topic_name(desk, topic, visit.wording.language) for topic in state.topics],
        "likely": reply,
        "likely_outcome": outcome,
        "others": [other for other in services.view.alerts() if other.opened_seq < state.opened_seq],
        "with_evidence": WITH_EVIDENCE,
        "amendable": amendable(state),
        "suspected": [services.view.alert(one.other) for one in state.recurrences if one.open_at(services.clock.now())],
        "for_a_unit": FOR_A_UNIT if visit.account.role is Role.DUTY else frozenset(),
    }
