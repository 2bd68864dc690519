"""Render a page: the template, the words of the account's language, and what the bar of every page shows."""

from __future__ import annotations

import hashlib
import json
import secrets
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from alerts.web.cards import waiting
from alerts.web.look import chosen
from alerts.web.services import Services
from alerts.web.visits import Visit, services_of, zone_of
from alerts.wording import Wording
from huiying.core.codec import instant_text

HERE = Path(__file__).parent
STATIC = HERE / "static"
# What the scripts say themselves; all other text is rendered here.
SCRIPT_WORDS = (
    "days", "hours", "minutes", "left", "late", "lamp_alive", "lamp_broken", "lamp_opening",
    "pill", "sound_on", "sound_off", "not_recorded",
)  # fmt: skip

MENU = tuple((f"/{name}", name) for name in ("duty", "handover", "search", "outlets", "rules", "figures", "reports"))


@cache
def environment() -> Environment:
    """Return the templates' environment: escaping always, an unknown name is an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["static"] = static
    made.globals["new_key"] = lambda: secrets.token_urlsafe(12)
    made.filters["iso"] = instant_text
    return made


@cache
def static(name: str) -> str:
    """Return the address of a static file with its checksum, so that a new version is fetched at once."""
    return f"/static/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


def fragment(name: str, wording: Wording, /, **context: Any) -> str:
    """Return a rendered template that is no whole page."""
    return environment().get_template(name).render(t=wording.text, w=wording, **context)


def page(request: Request, name: str, visit: Visit, status: int = 200, /, **context: Any) -> HTMLResponse:
    """Answer a signed-in person with the whole page `name`."""
    services = services_of(request)
    head = services.view.catch_up()
    count = sum(waiting(state) for state in services.view.alerts())
    return _answer(request, name, visit.wording, status, services, **bar(visit, head, count), **context)


def bar(visit: Visit, cursor: int | None, count: int) -> dict[str, Any]:
    """Return what the bar of every page shows a signed-in person; without a `cursor` the page follows no feed."""
    return {
        "visit": visit,
        "token": visit.session.token,
        "cursor": cursor,
        "waiting": count,
        "browser_session": visit.session.id[:12],
        "script_words": json.dumps({word: visit.wording.text(f"script.{word}") for word in SCRIPT_WORDS}),
        "menu": MENU,
        "look": chosen(visit.account.look),
    }


def open_page(request: Request, name: str, wording: Wording, status: int = 200, /, **context: Any) -> HTMLResponse:
    """Answer somebody who is not signed in with the whole page `name`."""
    services = services_of(request)
    services.view.catch_up()
    return _answer(request, name, wording, status, services, visit=None, look=chosen(""), **context)


def _answer(
    request: Request, name: str, wording: Wording, status: int, services: Services, /, **context: Any
) -> HTMLResponse:
    rendered = fragment(
        name,
        wording,
        machine=services.machine,
        kind=services.view.kind(),
        now=services.clock.now(),
        path=request.url.path,
        **context,
    )
    return HTMLResponse(rendered, status)


def visitor_wording(request: Request, services: Services) -> Wording:
    """Return the wording for somebody not signed in: the one asked for, else the desk's language."""
    asked = request.query_params.get("language", "")
    return Wording(asked if asked in ("zh", "en") else services.machine.language, zone_of(services))
