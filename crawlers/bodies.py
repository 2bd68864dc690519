"""The body of a source's answer to items, by the kind of the source."""

from __future__ import annotations

from crawlers.feeds import read_feed
from crawlers.items import Item, Unreadable
from crawlers.lists import read_list
from crawlers.sitemaps import Index, read_sitemap
from crawlers.watched import read_watched
from huiying.core.config import Source


def read_body(source: Source, body: bytes, content_type: str | None, address: str) -> list[Item] | Index | Unreadable:
    """Return what `source` brought. `address` is where the answer came from: relative links start there."""
    if source.kind == "list":
        return read_list(body, content_type, address, source)
    if source.kind == "sitemap":
        return read_sitemap(body)
    if source.kind == "page":
        return read_watched(body, content_type, source)
    return read_feed(body, content_type, address)
