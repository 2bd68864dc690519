"""Evidence: what the crawler fetched for an event of an alert, as facts and as the bytes themselves; each opening is
recorded, so that an administrator, who records nothing, opens none."""

from __future__ import annotations

from hashlib import sha256
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response

from alerts.office import opened_capture
from alerts.versions import versions
from alerts.web.handling import found_alert
from alerts.web.pages import page
from alerts.web.problems import NotThere
from alerts.web.services import Services
from alerts.web.uploads import media_type
from alerts.web.visits import ServicesOf, Signed, Visit
from huiying.core.model import Json
from huiying.core.model import Response as Captured

router = APIRouter(include_in_schema=False)


@router.get("/alerts/{id}/captures/{seq}")
def capture_page(request: Request, services: ServicesOf, visit: Signed, id: str, seq: int) -> Response:
    """Show what was fetched: address, status, headers, checksum, and where to get the bytes."""
    response, recorded = _opened(services, visit, id, seq)
    digest, size = recorded or sha256(response.body).hexdigest(), len(response.body)
    return page(request, "capture.html", visit, id=id, seq=seq, response=response, sha256=digest, size=size)


@router.get("/alerts/{id}/captures/{seq}/bytes")
def capture_bytes(services: ServicesOf, visit: Signed, id: str, seq: int) -> Response:
    """Return the bytes as they came, to be saved and never shown as a page of this site."""
    response, _ = _opened(services, visit, id, seq)
    headers = {"Content-Disposition": f'attachment; filename="capture-{seq}.bin"'}
    return Response(response.body, media_type="application/octet-stream", headers=headers)


@router.get("/alerts/{id}/files/{seq}/{number}")
def file_bytes(services: ServicesOf, visit: Signed, id: str, seq: int, number: int) -> Response:
    """Return a file that was given as evidence, to be saved and never shown as a page of this site."""
    found_alert(services, id)
    given = [event.payload.get("evidence", []) for event in services.view.events(id) if event.seq == seq]
    pieces = given[0] if given else []
    piece: dict[str, Json] = pieces[number] if 0 <= number < len(pieces) else {}
    if piece.get("kind") != "file":
        raise NotThere("page_not_there")
    body = services.captures.get(piece["value"]).body
    opened_capture(services.ledger, visit.actor, id, piece["value"])
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(piece['name'])}"}
    return Response(body, media_type=media_type(piece["name"]), headers=headers)


def _opened(services: Services, visit: Visit, id: str, seq: int) -> tuple[Captured, str | None]:
    """Return the page that the alert's event `seq` cites, with the SHA-256 recorded, and record who opened it.

    Raises NotThere where that event cites none.
    """
    found_alert(services, id)
    held = [version for event in services.view.events(id) if event.seq == seq for version in versions(event)]
    for version in held:
        if version.capture:
            response = services.captures.get(version.capture)
            opened_capture(services.ledger, visit.actor, id, version.capture)
            return response, version.sha256
    raise NotThere("page_not_there")
