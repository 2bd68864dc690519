"""A sitemap to items, a sitemap index to the sitemaps that it names; the newest first (sitemaps.org, protocol 0.9).

bytes ─ gzip? ─► lxml, element by element ─► url: loc, lastmod, news:title, news:publication_date ─► items
                                          └► sitemap: loc, lastmod ─► Index
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from crawlers.items import Item, Unreadable

NEWEST = 100  # items of one file; a sitemap lists up to 50,000 pages, of which the old ones are no news
LARGEST = 32 * 2**20  # bytes unpacked
_HEAD = 4096  # bytes within which the root element begins
_NEWS = "http://www.google.com/schemas/sitemap-news/"
_TAGS = ("{*}url", "{*}sitemap")


@dataclass(frozen=True, slots=True)
class Index:
    """The addresses of other sitemaps, the newest first."""

    addresses: tuple[str, ...]


def read_sitemap(body: bytes) -> list[Item] | Index | Unreadable:
    """Return the newest items, the newest first, or the sitemaps of an index. Only what has a time is an item.

    Times of one file are compared as they are written: W3C date-times of one offset sort as text.
    """
    unpacked = _unpacked(body)
    if unpacked is None:
        return Unreadable("too_large", "sitemap")
    pages: list[Item] = []
    others: list[tuple[str, str]] = []
    try:
        for element in _elements(unpacked):
            if etree.QName(element).localname == "sitemap":
                others.append((_text(element, "lastmod"), _text(element, "loc")))
            else:
                pages.append(_item(element))
    except etree.XMLSyntaxError as cause:
        return Unreadable("not_a_sitemap", str(cause)[:200])
    if others:
        newest = sorted(others, key=lambda one: one[0], reverse=True)
        return Index(tuple(dict.fromkeys(address for _, address in newest if address)))
    dated = sorted((item for item in pages if item.date), key=lambda item: item.date or "", reverse=True)
    if not pages and b"<urlset" not in unpacked[:_HEAD]:
        return Unreadable("not_a_sitemap", repr(unpacked[:80]))
    if pages and not dated:
        return Unreadable("sitemap_undated", f"{len(pages)} pages")
    return dated[:NEWEST]


def _unpacked(body: bytes) -> bytes | None:
    """Return the XML of `body`, which may be a gzip file; None where it is too large."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    unpacking = zlib.decompressobj(31)
    try:
        plain = unpacking.decompress(body, LARGEST)
    except zlib.error:
        return b""
    return None if unpacking.unconsumed_tail else plain


def _elements(body: bytes) -> Iterator[Any]:
    """Yield each page and sitemap, and forget it: the whole tree of a large sitemap would take hundreds of MB."""
    safe: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
    for _, element in etree.iterparse(io.BytesIO(body), events=("end",), tag=_TAGS, recover=True, **safe):
        yield element
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]


def _item(element: Any) -> Item:
    written, modified = _text(element, "publication_date"), _text(element, "lastmod")
    return Item(
        address=_text(element, "loc"),
        title=_text(element, "title", of_news=True),
        summary="",
        date=written or modified or None,
        date_field="sitemap" if written else "lastmod" if modified else None,
        mark=modified,
    )


def _text(element: Any, name: str, of_news: bool = False) -> str:
    for found in element.iter(f"{{*}}{name}"):
        if not of_news or (etree.QName(found).namespace or "").startswith(_NEWS):
            return " ".join("".join(found.itertext()).split())
    return ""
