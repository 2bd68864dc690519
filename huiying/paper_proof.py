"""Is this sheet what the ledger gives? A report's PDF or workbook is made anew and compared byte by byte.

file ─► number and setting in its properties ─► the same report made anew ─► the same bytes?
                                      └─ set by another program or with other fonts: cannot be said here
"""

from __future__ import annotations

import re
from io import BytesIO
from zipfile import BadZipFile, ZipFile

from alerts.reports.setting import setting
from huiying.core.errors import Refused, Tampered
from huiying.core.messages import LANGUAGES
from huiying.papers import DeskPapers

_IDENTITY = re.compile(rb"huiying:(\d{1,12}):([0-9a-f]{64})")
_SETTING = re.compile(rb"huiying-setting:([0-9a-f]{16})")
_PROPERTIES = "docProps/core.xml"


def is_paper(body: bytes) -> bool:
    """Say whether a file is a PDF or an office document: what is neither is read as figures."""
    return body.startswith((b"%PDF", b"PK\x03\x04"))


def proved(desk: DeskPapers, body: bytes) -> int:
    """Return the number of the report that `body` is, once the ledger gives the same bytes.

    Tampered where it does not, or knows no such report. Refused("paper_docx") for a docx, which is there to be edited;
    ("paper_unknown") for a file that is no report; ("paper_set_elsewhere") where another setting program or other fonts
    made it, so that equal bytes cannot be expected.
    """
    form, said = _properties(body)
    found = _IDENTITY.search(said)
    if found is None:
        raise Refused("paper_unknown")
    seq = int(found[1])
    try:
        if any(desk.paper(seq, form, language).body == body for language in LANGUAGES):
            return seq
    except Refused as cause:
        if cause.code != "no_report":
            raise
        raise Tampered("tampered", seq=seq, reason="report") from cause
    made = _SETTING.search(said)
    if made and made[1].decode() != setting(form):
        raise Refused("paper_set_elsewhere", seq=seq)
    raise Tampered("tampered", seq=seq, reason="report")


def _properties(body: bytes) -> tuple[str, bytes]:
    """Return the form of a file and what it says of itself."""
    if body.startswith(b"%PDF"):
        return "pdf", body
    try:
        with ZipFile(BytesIO(body)) as package:
            names, said = package.namelist(), package.read(_PROPERTIES)
    except (BadZipFile, KeyError, OSError) as cause:
        raise Refused("paper_unknown") from cause
    if any(name.startswith("word/") for name in names):
        raise Refused("paper_docx")
    return "xlsx", said
