"""Errors to answers: one status and one sentence, as a page for people and as JSON for programs; never a traceback.

not signed in 401 · forged or not allowed 403 · not there 404 · somebody was first 409 · refused 422 · too often 429 ·
a backend failed 503, and the page comes back by itself
"""

from __future__ import annotations

from urllib.parse import quote
from zoneinfo import ZoneInfo

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from alerts.web.entry import TooManyFailures, WrongPassword
from alerts.web.guard import HEADERS, Forged
from alerts.web.look import chosen
from alerts.web.pages import bar, fragment
from alerts.web.visits import COOKIE, DEFAULT_ZONE, NotSignedIn, Visit, find_visit, services_of
from alerts.wording import Wording
from huiying.core.errors import BackendError, ConfigError, Conflict, Field, HuiyingError, KeyReused, Refused

logger = structlog.get_logger("huiying.desk")


class NotThere(HuiyingError):
    """No alert, post or page of this address."""


STATUS: tuple[tuple[type[HuiyingError], int], ...] = (
    (NotSignedIn, 401),
    (WrongPassword, 401),
    (Forged, 403),
    (NotThere, 404),
    (ConfigError, 422),
    (Conflict, 409),
    (KeyReused, 409),
    (TooManyFailures, 429),
    (BackendError, 503),
)
# Refusals that no further typing could turn: the role or the person is not allowed to.
_NOT_ALLOWED = frozenset(
    {
        *("administrator_writes_nothing", "administrator_opens_none", "reads_only", "other_unit"),
        *("own_resolution", "own_proposal", "on_behalf_not_here"),
    }
)


def status_of(error: HuiyingError) -> int:
    """Return the HTTP status for an error."""
    if isinstance(error, Refused):
        if error.code == "alert_unknown":
            return 404
        return 403 if error.code in _NOT_ALLOWED or error.code.startswith("needs_") else 422
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def register(app: FastAPI) -> None:
    """Give `app` its handlers."""
    app.add_exception_handler(HuiyingError, _known)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _unknown)


def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, HuiyingError)
    if isinstance(error, BackendError):
        logger.error("backend_failed", error=str(error), path=_logged(request))
    if isinstance(error, NotSignedIn) and not _wants_json(request):
        return _to_login(request)
    return _answer(request, status_of(error), error)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "page_not_there", 405: "method_not_allowed"}.get(error.status_code, "bad_request")
    return _answer(request, error.status_code, HuiyingError(code))


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fields = tuple(sorted({".".join(str(part) for part in wrong["loc"][1:]) for wrong in error.errors()}))
    return _answer(request, 422, HuiyingError("fields_wrong", fields=", ".join(fields)))


def _unknown(request: Request, error: Exception) -> Response:
    logger.error("unexpected", exc_info=error, path=_logged(request))
    answer = _answer(request, 500, HuiyingError("unexpected"))
    answer.headers.update(HEADERS)
    return answer


def _logged(request: Request) -> str:
    """Return the path as it may stand in a log: a wallboard's is its secret."""
    return "/wall/***" if request.url.path.startswith("/wall/") else request.url.path


def _wants_json(request: Request) -> bool:
    quiet = "huiying-quiet" in request.headers
    return quiet or request.url.path.startswith("/api/") or request.url.path in ("/feed", "/duty/changes")


def _to_login(request: Request) -> Response:
    back = request.url.path if request.method == "GET" else "/"
    if request.url.query and request.method == "GET":
        back += f"?{request.url.query}"
    address = f"/login?next={quote(back)}"
    if "HX-Request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": address})
    return RedirectResponse(address, 303)


def _answer(request: Request, status: int, error: HuiyingError) -> Response:
    visit = _visit(request, status)
    services = services_of(request)
    machine = services.machine
    wording = visit.wording if visit else Wording(machine.language, ZoneInfo(DEFAULT_ZONE))
    sentence, fields = _said(error, wording.language)
    if _wants_json(request):
        return JSONResponse({"code": error.code, "sentence": sentence, "fields": fields}, status)
    # This page asks no backend for anything: it must come when they are all down.
    shown = bar(visit, None, 0) if visit else {"visit": None, "look": chosen("")}
    rendered = fragment(
        "problem.html",
        wording,
        status=status,
        sentence=sentence,
        machine=machine,
        returns=status == 503 and request.method == "GET",
        kind=services.view.kind(),
        now=services.clock.now(),
        path=request.url.path,
        **shown,
    )
    return HTMLResponse(rendered, status, {"Retry-After": "3"} if status == 503 else None)


def _visit(request: Request, status: int) -> Visit | None:
    """Return who looks. The store is asked for an address that leads nowhere alone, which no handler has looked at."""
    known: Visit | None = getattr(request.state, "visit", None)
    if known or status != 404:
        return known
    try:
        return find_visit(services_of(request), request.cookies.get(COOKIE), renew=False)
    except BackendError:
        return None


def _said(error: HuiyingError, language: str) -> tuple[str, dict[str, Field]]:
    """Return sentence and fields. What a server said of itself may name its address: it stands in the log alone."""
    fields = dict(error.fields)
    if isinstance(error, BackendError) and fields.pop("detail", None) is not None:
        backend = error.code.partition("_")[0]
        code = f"{backend}_away" if backend in ("ledger", "store", "index") else "backend_away"
        return HuiyingError(code).sentence(language), fields
    return error.sentence(language), fields
