"""Feed bytes to items. The result is feedparser's; charset and dates are ours.

bytes ─ charset.decode ─► UTF-8, and said so ─► feedparser ─► items with their dates' own text
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import feedparser

from crawlers.items import Item, Unreadable
from huiying.core.charset import decode

DATE_FIELDS = ("published", "updated", "created")


def read_feed(body: bytes, content_type: str | None, address: str) -> list[Item] | Unreadable:
    """Return the items in the feed's order. `address` is where it was read: relative links start there.

    feedparser reads 8 of 17 Chinese date forms silently wrong, so its dates are not used; `bozo` does not mean failure
    (GB18030 under the label gb2312 sets it), an empty `version` does.
    """
    text, _ = decode(body, content_type)
    plain = text.encode("utf-8", "replace")
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": address}
    parsed = feedparser.parse(io.BytesIO(plain), response_headers=headers)
    if not parsed.get("version"):
        return Unreadable("not_a_feed", " ".join(text[:80].split()))
    return [_item(entry) for entry in parsed.entries]


def _item(entry: Mapping[str, Any]) -> Item:
    field = next((name for name in DATE_FIELDS if entry.get(name)), None)
    return Item(
        address=str(entry.get("link") or "").strip(),
        title=" ".join(str(entry.get("title") or "").split()),
        summary=_summary(entry),
        date=str(entry[field]).strip() if field else None,
        date_field=field,
    )


def _summary(entry: Mapping[str, Any]) -> str:
    whole = [str(part.get("value") or "") for part in entry.get("content", ())]
    return max([str(entry.get("summary") or ""), *whole], key=len)
