"""What every answer carries and what every request that changes something must bring.

headers   Content-Security-Policy, nosniff, referrer policy, no caching of pages: on every answer, errors included
origin    the Origin header, where there is one, names this host
token     the session's token in the form or in the header X-Huiying-Token; at log-in, one tied to a cookie
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.datastructures import MutableHeaders, UploadFile
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alerts.web.visits import Signed
from huiying.core.errors import HuiyingError, Refused

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# "no-referrer" makes browsers send "Origin: null" with a form, and the origin could then not be checked.
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
TOKEN_HEADER = "X-Huiying-Token"
TOKEN_FIELD = "token"
LARGEST_FORM = 101 * 2**20  # five files of 20 MB, and what is typed
LOGIN_COOKIE = "huiying_login"


class Forged(HuiyingError):
    """The request comes from another site, or its token is missing or old."""


class SafeHeaders:
    """Puts the headers on every answer that passes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer back with the headers."""

        async def sent(message: Message) -> None:
            """Send the answer's beginning with the headers, the rest as it is."""
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, sent if scope["type"] == "http" else send)


def same_origin(request: Request) -> None:
    """Raise Forged where the Origin header names another host than the one asked. Only browsers send it, and always."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host", ""):
        raise Forged("forged_origin", origin=origin[:100])


async def fields_of(request: Request, most: int) -> dict[str, str]:
    """Return the posted form's text fields, ends stripped. A form of more than `most` bytes is Refused."""
    if int(request.headers.get("content-length") or 0) > most:
        raise Refused("form_too_large", most=most // 2**20)
    form = await request.form()
    return {name: value.strip() for name, value in form.items() if not isinstance(value, UploadFile)}


async def posted(request: Request, visit: Signed) -> dict[str, str]:
    """Return the fields of a form of this site and this session, or raise Forged."""
    same_origin(request)
    fields = await fields_of(request, LARGEST_FORM)
    _compare(request.headers.get(TOKEN_HEADER) or fields.pop(TOKEN_FIELD, ""), visit.session.token)
    return fields


def called(request: Request, visit: Signed) -> None:
    """Check a call of the API: same origin and the token in the header, or raise Forged."""
    same_origin(request)
    _compare(request.headers.get(TOKEN_HEADER, ""), visit.session.token)


async def posted_login(request: Request) -> dict[str, str]:
    """Return the fields of the log-in form that this browser was given, or raise Forged."""
    same_origin(request)
    fields = await fields_of(request, 2**20)
    secret = request.cookies.get(LOGIN_COOKIE)
    if not secret:
        raise Forged("forged_token")
    _compare(fields.pop(TOKEN_FIELD, ""), login_token(secret))
    return fields


def login_token(secret: str) -> str:
    """Return the token that goes with the log-in cookie's secret."""
    return hashlib.sha256(f"login:{secret}".encode()).hexdigest()


def _compare(given: str, right: str) -> None:
    if not hmac.compare_digest(given.encode(), right.encode()):
        raise Forged("forged_token")


Posted = Annotated[dict[str, str], Depends(posted)]
PostedLogin = Annotated[dict[str, str], Depends(posted_login)]
