"""Who else has an alert open, as far as this process sees: pages ask every ten seconds, and asking is being there.

Another desk process on the same ledger knows of its own visitors only, which the pages say.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from alerts.web.pages import fragment
from alerts.web.visits import ServicesOf, Signed

router = APIRouter(include_in_schema=False)
GONE_AFTER = timedelta(seconds=25)  # two askings missed


class Presence:
    """The people at each alert. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, dict[str, datetime]] = {}

    def others(self, alert: str, who: str, now: datetime) -> list[str]:
        """Remember that `who` has `alert` open at `now`, and return who else has, in alphabetical order."""
        with self._lock:
            there = self._seen.setdefault(alert, {})
            there[who] = now
            for one in [one for one, at in there.items() if now - at > GONE_AFTER]:
                del there[one]
            return sorted(one for one in there if one != who)


def presence_of(request: Request) -> Presence:
    """Return the presence of the process that answers."""
    presence: Presence = request.app.state.presence
    return presence


@router.get("/alerts/{id}/present")
def present(
    services: ServicesOf, visit: Signed, presence: Annotated[Presence, Depends(presence_of)], id: str
) -> Response:
    """Say who else has this alert open; nothing where nobody has."""
    if services.view.alert(id) is None:
        return Response("", media_type="text/html")
    others = presence.others(id, visit.account.pseudonym, services.clock.now())
    names = services.store.accounts.names() if others else {}
    told = [names.get(one, one) for one in others]
    return Response(fragment("present.html", visit.wording, names=told), media_type="text/html")
