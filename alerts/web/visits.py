"""Who is looking: the cookie's secret → session → account, once for each request.

log-in ─► cookie (random secret) ─► SHA-256 of it names the session in the store ─► account, form token
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request

from alerts.lifecycle import Actor
from alerts.web.services import Services
from alerts.wording import Wording
from huiying.core.config import Desk
from huiying.core.errors import HuiyingError
from huiying.core.states import Account, Session

COOKIE = "huiying_session"
LASTS = timedelta(hours=12)
_RENEW = timedelta(hours=11, minutes=50)
DEFAULT_ZONE = "Asia/Shanghai"


class NotSignedIn(HuiyingError):
    """No session, or one that has ended."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of one person."""

    account: Account
    session: Session
    wording: Wording

    @property
    def actor(self) -> Actor:
        """Return the person as the ledger knows it: by pseudonym, role and unit."""
        return Actor(self.account.pseudonym, self.account.role, self.account.unit)


def services_of(request: Request) -> Services:
    """Return the services that the application was built with."""
    services: Services = request.app.state.services
    return services


ServicesOf = Annotated[Services, Depends(services_of)]


def desk_of(services: Services) -> Desk | None:
    """Return the newest recorded configuration; None before the first."""
    services.view.catch_up()
    found = services.view.desk()
    return found[1] if found else None


def zone_of(services: Services) -> ZoneInfo:
    """Return the office's zone."""
    desk = desk_of(services)
    return ZoneInfo(desk.calendar.zone if desk else DEFAULT_ZONE)


def session_id(secret: str) -> str:
    """Return the name under which the store keeps the session of this cookie."""
    return hashlib.sha256(secret.encode()).hexdigest()


def open_session(services: Services, login: str) -> tuple[str, Session]:
    """Begin a session of 12 hours; return the cookie's secret and the session."""
    secret = secrets.token_urlsafe(32)
    until = services.clock.now() + LASTS
    session = Session(session_id(secret), login, secrets.token_urlsafe(32), until)
    services.store.accounts.open_session(session)
    return secret, session


def find_visit(services: Services, secret: str | None, renew: bool = True) -> Visit | None:
    """Return the visit that this cookie stands for. The session's 12 hours begin anew, unless `renew` is false."""
    if not secret:
        return None
    now = services.clock.now()
    session = services.store.accounts.session(session_id(secret), now)
    account = services.store.accounts.by_login(session.login) if session else None
    if session is None or account is None or not account.active:
        return None
    if renew and session.until - now < _RENEW:
        services.store.accounts.extend_session(session.id, now + LASTS)
    return Visit(account, session, Wording(account.language, zone_of(services)))


def signed_in(request: Request, services: ServicesOf) -> Visit:
    """Return the visit, or raise NotSignedIn. What a page asks for by itself does not renew the session."""
    visit = find_visit(services, request.cookies.get(COOKIE), renew="huiying-quiet" not in request.headers)
    if visit is None:
        raise NotSignedIn("not_signed_in")
    request.state.visit = visit
    return visit


Signed = Annotated[Visit, Depends(signed_in)]
