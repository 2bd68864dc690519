"""Saved searches: the desk's list on the search page, saving one under a name, removing one.

POST /search/saved            name and query ─► personal names? readable? ─► search_saved
POST /search/saved/SEQ/remove ─► search_removed
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from alerts.searches import LONGEST_NAME
from alerts.web.guard import Posted
from alerts.web.pages import page
from alerts.web.problems import status_of
from alerts.web.searched import Asked, understood
from alerts.web.services import Services
from alerts.web.visits import ServicesOf, Signed, Visit, desk_of
from huiying.core.errors import HuiyingError, KeyReused, Refused
from huiying.core.model import Role

router = APIRouter(include_in_schema=False)
_WORD = re.compile(r"[^\W_]+(?:[·•][^\W_]+)*")
_QUOTED = re.compile(r"[^\"“”「」]+")  # and what stands between two quotes


@dataclass(frozen=True, slots=True)
class Shown:
    """A saved search as the page lists it."""

    seq: int
    name: str
    link: str
    query: str
    who: str


def saved_beside(services: Services, visit: Visit, text: str) -> dict[str, Any]:
    """Return what the search page shows of saved searches beside the query `text`."""
    services.view.catch_up()
    names = services.store.accounts.names()
    return {
        "searches": [
            Shown(one.seq, one.name, _link(one.query), one.query, names.get(one.actor, one.actor))
            for one in services.view.searches()
        ],
        "to_save": text,
        "may_save": visit.account.role in (Role.DUTY, Role.SUPERVISOR),
        "longest_name": LONGEST_NAME,
    }


@router.get("/search/saved")
def saved_page(request: Request, services: ServicesOf, visit: Signed) -> Response:
    """List the saved searches."""
    return _page(request, services, visit, {})


@router.post("/search/saved")
def save(request: Request, services: ServicesOf, visit: Signed, fields: Posted) -> Response:
    """Save the query; what is refused comes back with what was typed."""
    name, query = fields.get("name", ""), fields.get("words", "")
    try:
        _on_nobody(services, (name, query))
        if query.strip():
            understood(services, desk_of(services), Asked(words=query))
        event = services.office.save_search(visit.actor, name, query, key=fields.get("key") or None)
    except (Refused, KeyReused) as error:
        return _page(request, services, visit, fields, error)
    return RedirectResponse(_link(event.payload["query"]), 303)


@router.post("/search/saved/{seq}/remove")
def remove(request: Request, services: ServicesOf, visit: Signed, fields: Posted, seq: int) -> Response:
    """Remove a saved search: it stays in the ledger, and in the reports of the time when it stood."""
    try:
        services.office.remove_search(visit.actor, seq, key=fields.get("key") or None)
    except (Refused, KeyReused) as error:
        return _page(request, services, visit, {}, error)
    return RedirectResponse("/search/saved", 303)


def _link(query: str) -> str:
    return "/search?" + urlencode({"words": query})


def _on_nobody(services: Services, texts: Iterable[str]) -> None:
    """Raise Refused where a text, what it puts in quotes, or a word of it is a personal name: nobody is followed."""
    words = [word for text in texts for word in (*_QUOTED.findall(text), *_WORD.findall(text)) if word.strip()]
    if found := services.personal(words):
        raise Refused("search_on_person", word=min(found, key=len))


def _page(
    request: Request, services: Services, visit: Visit, typed: Mapping[str, str], error: HuiyingError | None = None
) -> Response:
    sentence = error.sentence(visit.wording.language) if error else ""
    frame = saved_beside(services, visit, typed.get("words", ""))
    status = status_of(error) if error else 200
    return page(request, "saved.html", visit, status, sentence=sentence, name=typed.get("name", ""), **frame)
