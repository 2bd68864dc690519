"""The page where a person chooses how pages look, and their language."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from alerts.web.guard import Posted
from alerts.web.look import CHOICES, chosen
from alerts.web.pages import page
from alerts.web.visits import ServicesOf, Signed
from alerts.wording import LOCALES

router = APIRouter(include_in_schema=False)


@router.get("/settings")
def settings_page(request: Request, visit: Signed) -> Response:
    """Show what can be chosen."""
    return page(request, "settings.html", visit, choices=CHOICES, chosen=chosen(visit.account.look))


@router.post("/settings")
def choose(services: ServicesOf, visit: Signed, fields: Posted) -> Response:
    """Keep what was chosen; a word that is none of the choices counts as the first."""
    look = " ".join(chosen(" ".join(fields.get(kind, "") for kind in CHOICES)).values())
    written = fields.get("language", "")
    language = written if written in LOCALES else visit.account.language
    services.store.accounts.save(replace(visit.account, look=look, language=language))
    return RedirectResponse("/settings", 303)
