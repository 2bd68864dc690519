"""JSON Feed 1.1 to items, by https://www.jsonfeed.org/version/1.1/; feedparser 6 does not read it.

text ─ json ─► version and items, or Unreadable ─► items; what has another type than the specification's is as absent
"""

from __future__ import annotations

import html
import json
import re
from typing import Any
from urllib.parse import urljoin

from crawlers.items import Item, Unreadable

_VERSION = re.compile(r"https?://(?:www\.)?jsonfeed\.org/version/1(?:\.\d)?/?")
_DATES = (("published", "date_published"), ("updated", "date_modified"))
# what XML 1.0 (section 2.2, Char) cannot carry either
_NO_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def looks_like_json(text: str) -> bool:
    """Say whether `text` begins as a JSON object does: no XML can."""
    return text.lstrip("\ufeff \t\r\n").startswith("{")


def read_json_feed(text: str, address: str) -> list[Item] | Unreadable:
    """Return the items in the feed's order. `address` is where it was read: relative links start there.

    An entry that is no object is left out. Without `url` an `id` that is an http address stands for it, as the
    specification wishes; `external_url` is somebody else's page. Authors are not read.
    """
    try:
        read = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as cause:
        return Unreadable("not_a_feed", f"{type(cause).__name__} {cause}"[:80])
    entries = read.get("items")
    if not _VERSION.fullmatch(_string(read, "version").strip()) or not isinstance(entries, list):
        return Unreadable("not_a_feed", " ".join(text[:80].split()))
    return [_item(entry, address) for entry in entries if isinstance(entry, dict)]


def _item(entry: dict[str, Any], address: str) -> Item:
    id = _string(entry, "id").strip()
    link = _string(entry, "url").strip() or (id if id.startswith(("http://", "https://")) else "")
    field, date = next(((name, text) for name, key in _DATES if (text := _string(entry, key).strip())), (None, None))
    texts = (
        html.escape(_string(entry, "summary"), quote=False),
        html.escape(_string(entry, "content_text"), quote=False),
    )
    return Item(
        address=_absolute(address, link),
        title=" ".join(_string(entry, "title").split()),
        summary=max((*texts, _string(entry, "content_html")), key=len),
        date=date,
        date_field=field,
    )


def _string(entry: dict[str, Any], key: str) -> str:
    """Return the text under `key`, empty where it is none; what is no character becomes U+FFFD."""
    value = entry.get(key)
    return _NO_CHARACTER.sub("\ufffd", value) if isinstance(value, str) else ""


def _absolute(base: str, link: str) -> str:
    try:
        return urljoin(base, link) if link else ""
    except ValueError:
        return ""
