"""A text as a QR code for paper."""

from __future__ import annotations

from io import BytesIO

import segno


def draw(text: str, form: str) -> bytes:
    """Return `text` as a QR code (ISO/IEC 18004, error correction M) in "svg" or "png"."""
    out = BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind=form, scale=4, border=4)
    return out.getvalue()
