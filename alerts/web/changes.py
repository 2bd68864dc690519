"""What changed between two captures of one page: both instants, checksums and captures, and the texts side by side.

event ─ versions ─► before, after ─ captures ─ read_page ─► two texts ─ compare ─► passages
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from fastapi import APIRouter, Request
from fastapi.responses import Response

from alerts.office import opened_capture
from alerts.versions import Version, changes
from alerts.web.handling import found_alert, indexed
from alerts.web.pages import page
from alerts.web.problems import NotThere
from alerts.web.services import Services
from alerts.web.visits import ServicesOf, Signed, Visit
from huiying.core.errors import BackendError, Dead
from huiying.core.model import Response as Captured
from huiying.core.revisions import compare

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Side:
    """One version as the page shows it. `fetched` is None where no page is held, `text` where no text is.

    `lost` is a code for why the page itself is not there; `otherwise` says that the text now read off it is not the one
    that the ledger's checksum was computed over.
    """

    version: Version
    title: str
    text: str | None
    fetched: datetime | None
    lost: str = ""
    otherwise: bool = False


@router.get("/alerts/{id}/changes/{seq}")
def changes_page(request: Request, services: ServicesOf, visit: Signed, id: str, seq: int) -> Response:
    """Show what event `seq` of the alert found changed since the version before."""
    _, desk = found_alert(services, id)
    pair = changes(services.view.events(id)).get(seq)
    if pair is None:
        raise NotThere("page_not_there")
    before, after = (_side(services, visit, id, version, desk.calendar.zone) for version in pair)
    both = before.text is not None and after.text is not None
    title = compare(before.title, after.title)
    text = compare(before.text or "", after.text or "") if both else ()
    differs = (before.title, before.text) != (after.title, after.text)
    return page(
        request,
        "changes.html",
        visit,
        id=id,
        seq=seq,
        sides=(("before", before), ("after", after)),
        both=both,
        differs=differs,
        passages=(("headline", title), ("body", text)),
    )


def _side(services: Services, visit: Visit, alert: str, version: Version, zone: str) -> Side:
    """Read a version off its capture, else off the index where that holds the very text."""
    response = _held(services, version)
    if response is None or version.capture is None:
        lost = "gone" if version.capture or not version.text_sha256 else "not_kept"
        return Side(version, version.title, _indexed(services, version), None, lost)
    opened_capture(services.ledger, visit.actor, alert, version.capture)
    title, text = _read(services, response, zone)
    known = bool(version.text_sha256)
    otherwise = known and sha256(text.encode()).hexdigest() != version.text_sha256
    return Side(version, version.title or title, text, response.fetched, otherwise=otherwise)


def _held(services: Services, version: Version) -> Captured | None:
    if version.capture is None:
        return None
    try:
        return services.captures.get(version.capture)
    except BackendError as missing:
        if missing.code != "capture_missing":
            raise
        return None


def _read(services: Services, response: Captured, zone: str) -> tuple[str, str]:
    kind = next((value for name, value in response.headers if name.lower() == "content-type"), None)
    try:
        read = services.read_page(response.body, kind, zone, response.fetched)
    except Dead:
        return "", ""
    return read.title, read.text


def _indexed(services: Services, version: Version) -> str | None:
    """Return the text that the index holds of the post, where it is this version's: None after retention."""
    post = indexed(services, [str(version.of)]).get(str(version.of)) if version.text_sha256 else None
    same = post is not None and sha256(post.text.encode()).hexdigest() == version.text_sha256
    return post.text if post is not None and same else None
