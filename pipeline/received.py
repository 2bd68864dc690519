"""A page as it was received: bytes to masked title and text, and the time of publication.

bytes ─ decode ─► html ─ extract ─► title, text, time ─ mask ─► PageText
"""

from __future__ import annotations

from datetime import datetime

from huiying.core.charset import decode
from pipeline.masks import mask
from pipeline.page import PageText, extract


def read_page(body: bytes, content_type: str | None, zone: str, now: datetime, fetched: bool = True) -> PageText:
    """Return the masked title and text of a page as received, and its time of publication.

    `content_type` is the HTTP header, `zone` the outlet's, `now` an instant that nothing can be later than; `fetched`
    says whether that is the instant of fetching, without which "3小时前" says nothing.
    """
    page = extract(decode(body, content_type)[0], zone, now, fetched)
    return PageText(mask(page.title), mask(page.text), page.published)
