"""A page that is watched for change: it is one post, and each change of what a reader sees of it is an edit.

bytes ─ charset ─► the parts that the selector names, or all ─► visible text without visit counters ─► one item
"""

from __future__ import annotations

import html

from cssselect import SelectorError
from scrapy.selector import Selector

from crawlers.items import Item, Unreadable
from crawlers.seen_text import seen_text
from huiying.core.charset import decode
from huiying.core.config import Source

LONGEST = 20_000  # characters that are compared and kept


def read_watched(body: bytes, content_type: str | None, source: Source) -> list[Item] | Unreadable:
    """Return the page as one item, or none where the selector `source.items` finds nothing any more."""
    text, _ = decode(body, content_type)
    page = Selector(text=text or "<html></html>", type="html")
    try:
        parts = page.css(source.items or "body").getall()
    except (ValueError, SelectorError) as cause:
        return Unreadable("bad_selector", str(cause))
    seen = " ".join(filter(None, (seen_text(part) for part in parts)))[:LONGEST]
    if not seen:
        return []
    title = " ".join(" ".join(page.css(source.title or "title").css("*::text").getall()).split())
    return [Item(source.address, title, html.escape(seen, quote=False), None, None)]
