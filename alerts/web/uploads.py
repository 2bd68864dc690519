"""Files as evidence: what came with a form is looked at, kept among the captures, and cited by its SHA-256.

upload ─► kind and size ─► Captures.put ─► {"kind": "file", value, sha256, name, size} ─► the form's field "kept"

A form that comes back (refused, overtaken) names in "kept" what is held already, so that nobody sends a file twice.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import UploadFile

from alerts.attachments import LARGEST, MEDIA_TYPES, ending, kind_of
from alerts.web.services import Services
from huiying.core.errors import Refused
from huiying.core.model import Json, Response

MOST = 5  # files of a form
NAME = 120  # characters


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent: its name, and its bytes up to one more than the largest that is taken."""

    name: str
    body: bytes


async def uploads_of(request: Request) -> list[Upload]:
    """Return the files of a form; a field left empty is none."""
    form = await request.form()
    sent = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
    named = [file for file in sent if file.filename]
    read = [Upload(str(file.filename), await file.read(LARGEST + 1)) for file in named[: MOST + 1]]
    for file in sent:
        await file.close()
    return read


Uploads = Annotated[list[Upload], Depends(uploads_of)]


def keep(services: Services, uploads: Iterable[Upload], before: str) -> str:
    """Keep `uploads` and return the field "kept" with them and those named in `before`.

    Refused("files_too_many"), ("file_empty"), ("file_too_large") or ("file_kind") keeps none of them.
    """
    known, new = pieces(before), list(uploads)
    if len(known) + len(new) > MOST:
        raise Refused("files_too_many", most=MOST)
    kinds = [kind_of(_clean(upload.name), upload.body) for upload in new]
    found = [*known, *(_kept(services, upload, kind) for upload, kind in zip(new, kinds, strict=True))]
    return json.dumps(list({piece["sha256"]: piece for piece in found}.values())) if found else ""


def pieces(kept: str) -> list[dict[str, Json]]:
    """Read the field "kept". What the page did not write is Refused("fields_wrong")."""
    try:
        written = json.loads(kept) if kept else []
        return [
            {"kind": "file", "value": str(one["value"]), "sha256": str(one["sha256"])}
            | {"name": _clean(str(one["name"])), "size": int(one["size"])}
            for one in written
        ]
    except (ValueError, TypeError, KeyError) as cause:
        raise Refused("fields_wrong", fields="kept") from cause


def media_type(name: str) -> str:
    """Return the media type of a file that was kept under `name`."""
    return MEDIA_TYPES.get(ending(name), "application/octet-stream")


def _kept(services: Services, upload: Upload, kind: str) -> dict[str, Json]:
    sha256 = hashlib.sha256(upload.body).hexdigest()
    headers = (("Content-Type", MEDIA_TYPES[kind]),)
    # Readers of web archives find headers under web addresses only; RFC 6761 keeps ".invalid" from ever being one.
    response = Response(f"https://file.invalid/{sha256}", 200, headers, upload.body, services.clock.now())
    reference = services.captures.put(response)
    return {"value": reference, "sha256": sha256, "name": _clean(upload.name), "size": len(upload.body)}


def _clean(name: str) -> str:
    """Return the name without folders and what cannot be shown, its end kept where it is too long."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(letter for letter in last if letter.isprintable())[-NAME:] or "file"
