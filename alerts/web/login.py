"""The log-in page, logging out, and the switch of language."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from alerts.web.entry import TooManyFailures, WrongPassword, enter
from alerts.web.guard import LOGIN_COOKIE, Posted, PostedLogin, login_token
from alerts.web.pages import open_page, visitor_wording
from alerts.web.problems import status_of
from alerts.web.visits import COOKIE, ServicesOf, Signed
from huiying.core.errors import HuiyingError

router = APIRouter(include_in_schema=False)


@router.get("/login")
def login_page(request: Request, services: ServicesOf, next: Annotated[str, Query()] = "/") -> Response:
    """Show the form, with a token tied to a cookie of its own."""
    return _form(request, services, next, "", None)


@router.post("/login")
def log_in(request: Request, services: ServicesOf, fields: PostedLogin) -> Response:
    """Check login and password, and go where the person wanted to go."""
    login, after = fields.get("login", ""), fields.get("next", "/")
    try:
        entered = enter(services, login, fields.get("password", ""), address_of(request))
    except (WrongPassword, TooManyFailures) as error:
        return _form(request, services, after, login, error)
    answer = RedirectResponse(_inside(after), 303)
    set_cookie(request, answer, entered.secret)
    answer.delete_cookie(LOGIN_COOKIE, path="/login")
    return answer


@router.post("/logout")
def log_out(services: ServicesOf, visit: Signed, fields: Posted) -> Response:
    """End this session."""
    services.store.accounts.close_sessions(id=visit.session.id)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE)
    return answer


@router.post("/language")
def switch_language(services: ServicesOf, visit: Signed, fields: Posted) -> Response:
    """Change the account's language and come back to the page."""
    chosen = "en" if fields.get("language") == "en" else "zh"
    services.store.accounts.save(replace(visit.account, language=chosen))
    return RedirectResponse(_inside(fields.get("next", "/")), 303)


def address_of(request: Request) -> str:
    """Return the address that asks, for counting failures."""
    return request.client.host if request.client else "-"


def set_cookie(request: Request, answer: Response, secret: str) -> None:
    """Give the browser its session, out of reach of scripts and other sites."""
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, secret, httponly=True, samesite="strict", secure=secure)


def _inside(address: str) -> str:
    """Return `address` where it is a path of this site, else the first page."""
    return address if address.startswith("/") and not address.startswith(("//", "/\\")) else "/"


def _form(request: Request, services: ServicesOf, after: str, login: str, error: HuiyingError | None) -> Response:
    wording = visitor_wording(request, services)
    secret = request.cookies.get(LOGIN_COOKIE) or secrets.token_urlsafe(16)
    sentence = error.sentence(wording.language) if error else ""
    status = status_of(error) if error else 200
    answer = open_page(
        request, "login.html", wording, status, token=login_token(secret), next=after, login=login, sentence=sentence
    )
    answer.set_cookie(LOGIN_COOKIE, secret, max_age=3600, httponly=True, samesite="strict", path="/login")
    return answer
