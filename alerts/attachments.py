"""What a file given as evidence may be: four kinds, known by name and first bytes alike, and at most 20 MB."""

from __future__ import annotations

from io import BytesIO
from zipfile import BadZipFile, ZipFile

from huiying.core.errors import Refused

LARGEST = 20 * 2**20  # bytes of a file
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "jpg": "image/jpeg",
    "png": "image/png",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
_BEGINS = {"pdf": b"%PDF-", "jpg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n"}


def kind_of(name: str, body: bytes) -> str:
    """Return "pdf", "jpg", "png" or "docx". Refused("file_empty"), ("file_too_large") or ("file_kind")."""
    kind = ending(name)
    if not body:
        raise Refused("file_empty", name=name)
    if len(body) > LARGEST:
        raise Refused("file_too_large", name=name, most=LARGEST // 2**20)
    is_it = _is_docx(body) if kind == "docx" else body.startswith(_BEGINS.get(kind, b"\0none"))
    if kind not in MEDIA_TYPES or not is_it:
        raise Refused("file_kind", name=name)
    return kind


def ending(name: str) -> str:
    """Return the ending of a file's name in lower case, without its dot."""
    kind = name.rpartition(".")[2].lower()
    return "jpg" if kind == "jpeg" else kind


def _is_docx(body: bytes) -> bool:
    try:
        with ZipFile(BytesIO(body)) as archive:
            return "word/document.xml" in archive.namelist()
    except BadZipFile:
        return False
