"""OPML 2.0 in and out: lists of feeds as readers exchange them.

file ─ lxml ─► outlines with xmlUrl ─► Listed(title, address, home)
outlets ─► one outline an outlet, one in it for each feed
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import quoteattr

from lxml import etree

from huiying.core.config import Outlet
from huiying.core.errors import Refused


@dataclass(frozen=True, slots=True)
class Listed:
    """A feed as the file lists it; `home` is the site's own address, or empty."""

    title: str
    address: str
    home: str


def read_opml(body: bytes) -> list[Listed]:
    """Return the feeds of an OPML file in its order, each address once. What is none is Refused("not_opml")."""
    safe: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
    try:
        root = etree.fromstring(body, etree.XMLParser(recover=True, **safe))
    except etree.XMLSyntaxError:
        root = None
    if root is None or root.tag != "opml":
        raise Refused("not_opml")
    listed: dict[str, Listed] = {}
    for outline in root.iter("outline"):
        address = (outline.get("xmlUrl") or "").strip()
        if address and address not in listed:
            title = " ".join((outline.get("title") or outline.get("text") or "").split())
            listed[address] = Listed(title, address, (outline.get("htmlUrl") or "").strip())
    return list(listed.values())


def write_opml(title: str, outlets: Iterable[Outlet]) -> str:
    """Return the feeds of `outlets`; list pages and sitemaps are no feeds, and other readers could not use them."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<opml version="2.0">', "<head>"]
    lines += [f"<title>{quoteattr(title)[1:-1]}</title>", "</head>", "<body>"]
    for outlet in outlets:
        feeds = [source for source in outlet.sources if source.kind == "feed"]
        if feeds:
            lines.append(f"<outline text={quoteattr(outlet.name)}>")
            lines += [
                f'<outline type="rss" text={quoteattr(outlet.name)} xmlUrl={quoteattr(source.address)}/>'
                for source in feeds
            ]
            lines.append("</outline>")
    return "\n".join((*lines, "</body>", "</opml>", ""))
