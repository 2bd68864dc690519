"""The rules: what each caught, how much of that was a false match, and for supervisors the file itself.

text ─► try: what it would have opened in the last 30 days ─► save: file and ledger, the command's own way

What was not tried is not saved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from alerts.alert import AlertState
from alerts.trying import DAYS, MOST, Tried, try_rules
from alerts.vocabulary import Ground
from alerts.web.cards import topic_name
from alerts.web.guard import Posted
from alerts.web.pages import page
from alerts.web.places import codes_of, known_places, place_name
from alerts.web.problems import status_of
from alerts.web.services import Services
from alerts.web.visits import ServicesOf, Signed, Visit, desk_of
from huiying.core.config import AlertRule, Desk
from huiying.core.errors import ConfigError, HuiyingError, Refused
from huiying.core.model import Role

router = APIRouter(include_in_schema=False)
SHOWN = 10


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule with the names of its topics and places, the alerts that it matched, and those of them dismissed."""

    rule: AlertRule
    topics: tuple[str, ...]
    places: tuple[str, ...]
    caught: tuple[AlertState, ...]
    false: int


@router.get("/rules")
def rules_page(
    request: Request,
    services: ServicesOf,
    visit: Signed,
    topic: Annotated[str, Query()] = "",
    place: Annotated[str, Query()] = "",
    words: Annotated[str, Query()] = "",
    saved: Annotated[int, Query()] = 0,
) -> Response:
    """Show the recorded rules and the editor; a search's topic, place and words are put below the text as a rule."""
    held = services.rules.text() if services.rules and _may(visit) else ""
    codes = codes_of(services, desk_of(services), place) if place else ()
    added = _block(topic, codes, words.split()) if held and topic else ""
    return _page(request, services, visit, held + added, was=_digest(held), saved=saved)


@router.post("/rules")
def change(request: Request, services: ServicesOf, visit: Signed, fields: Posted) -> Response:
    """Try the text, or save one that was tried; what is wrong comes back with the text as it was typed."""
    text = fields.get("text", "").replace("\r\n", "\n") + "\n"
    tried: list[Tried] = []
    try:
        if not _may(visit):
            raise Refused("needs_supervisor")
        if services.rules is None:
            raise Refused("rules_not_here")
        made = services.rules.read(text)
        if fields.get("do") == "save":
            if fields.get("tried") != _digest(text):
                raise Refused("rules_not_tried")
            event = services.rules.save(text, fields.get("was", ""), visit.account)
            return RedirectResponse(f"/rules?saved={event.seq if event else 0}", 303)
        tried = try_rules(services.index, made, services.clock.now())
    except (ConfigError, Refused) as error:
        return _page(request, services, visit, text, error=error, was=fields.get("was", ""))
    return _page(request, services, visit, text, tried=tried, was=fields.get("was", ""))


def _may(visit: Visit) -> bool:
    return visit.account.role is Role.SUPERVISOR


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _block(topic: str, places: Sequence[str], words: Sequence[str]) -> str:
    """Return a rule in TOML; what a search holds is quoted as TOML's basic strings are."""

    def listed(values: Sequence[str]) -> str:
        """Return a TOML array of strings."""
        quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
        return "[" + ", ".join(f'"{value}"' for value in quoted) + "]"

    lines = ["", "[[rules]]", 'id = "new-rule"', 'name = "new"', f"topics = {listed([topic])}"]
    lines += [f"places = {listed(places)}", "level = 1", *([f"words = {listed(words)}"] if words else [])]
    return "\n".join(lines) + "\n"


def _page(
    request: Request,
    services: Services,
    visit: Visit,
    text: str,
    tried: list[Tried] | None = None,
    error: HuiyingError | None = None,
    was: str = "",
    saved: int = 0,
) -> Response:
    desk = desk_of(services)
    states = services.view.alerts()
    return page(
        request,
        "rules.html",
        visit,
        status_of(error) if error else 200,
        lines=[_line(services, desk, rule, states, visit) for rule in (desk.rules if desk else ())],
        may_edit=_may(visit) and services.rules is not None,
        text=text,
        was=was,
        digest=_digest(text) if tried is not None else "",
        tried=[_shown(one, states) for one in tried or ()],
        limits={"days": DAYS, "most": MOST, "shown": SHOWN},
        sentence=error.sentence(visit.wording.language) if error else "",
        saved=saved,
    )


def _line(services: Services, desk: Desk | None, rule: AlertRule, states: list[AlertState], visit: Visit) -> RuleLine:
    assert desk is not None
    caught = tuple(state for state in states if rule.id == state.rule or rule.id in state.rules)
    false = sum(bool(state.dismissal and state.dismissal.ground is Ground.FALSE_MATCH) for state in caught)
    known = known_places(services, desk)
    return RuleLine(
        rule=rule,
        topics=tuple(topic_name(desk, topic, visit.wording.language) for topic in rule.topics),
        places=tuple(place_name(services, known, code) for code in rule.places),
        caught=caught,
        false=false,
    )


def _shown(tried: Tried, states: list[AlertState]) -> dict[str, Any]:
    """Return one tried rule with how many of its stories have an alert, and how many of those were false matches."""
    by_story = {state.story: state for state in states}
    opened = [by_story[post.story] for post in tried.stories if post.story in by_story]
    return {
        "tried": tried,
        "opened": len(opened),
        "false": sum(bool(one.dismissal and one.dismissal.ground is Ground.FALSE_MATCH) for one in opened),
        "alerts": {state.story: state.id for state in opened},
    }
