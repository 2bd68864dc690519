"""Feed bytes to items. The result is feedparser's; charset and dates are ours.

bytes ─ charset.decode ─► UTF-8, and said so ─► feedparser ─► items with their dates' own text
                       └► begins with "{" ─► read_json_feed ─► the same items
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

import feedparser

from crawlers.items import Item, Unreadable
from crawlers.jsonfeed import looks_like_json, read_json_feed
from huiying.core.charset import decode

_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]{1,8})|(\d{1,10}));")
DATE_FIELDS = ("published", "updated", "created")


def read_feed(body: bytes, content_type: str | None, address: str) -> list[Item] | Unreadable:
    """Return the items in the feed's order. `address` is where it was read: relative links start there.

    feedparser reads 8 of 17 Chinese date forms silently wrong, so its dates are not used; `bozo` does not mean failure
    (GB18030 under the label gb2312 sets it), an empty `version` does. References to what is no character of XML 1.0
    (section 2.2, Char) become U+FFFD: one of them makes the parser give up the whole feed.
    """
    text, _ = decode(body, content_type)
    if looks_like_json(text):
        return read_json_feed(text, address)
    plain = _REFERENCE.sub(_valid, text).encode("utf-8", "replace")
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": address}
    parsed = feedparser.parse(io.BytesIO(plain), response_headers=headers)
    if not parsed.get("version"):
        return Unreadable("not_a_feed", " ".join(text[:80].split()))
    return [_item(entry) for entry in parsed.entries]


def _valid(reference: re.Match[str]) -> str:
    number = int(reference[1], 16) if reference[1] else int(reference[2])
    low = number in (0x9, 0xA, 0xD)
    known = low or 0x20 <= number <= 0xD7FF or 0xE000 <= number <= 0xFFFD or 0x10000 <= number <= 0x10FFFF
    return reference[0] if known else "\ufffd"


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
