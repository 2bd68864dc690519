"""What a page says is its own address: <link rel="canonical">, for pages that stand at several."""

from __future__ import annotations

import html
import re
from urllib.parse import urljoin, urlsplit

from huiying.core.charset import decode

_LINK = re.compile(r"<link\b[^>]{0,500}>", re.I)
_CANONICAL = re.compile(r"""\brel\s*=\s*["']?\s*canonical\b""", re.I)
_TARGET = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.I)
_HEAD = 100_000  # bytes in which a page's head ends


def said_address(body: bytes, content_type: str | None, address: str) -> str | None:
    """Return the address that the page at `address` says is its own, None where it says none or only a front page's.

    Relative ones start at `address` (RFC 6596, section 3). Whether the outlet owns it is for the caller to ask.
    """
    head = decode(body[:_HEAD], content_type)[0]
    for link in _LINK.findall(head):
        target = _TARGET.search(link) if _CANONICAL.search(link) else None
        if target is not None:
            said = _joined(address, html.unescape(next(filter(None, target.groups()), "")).strip())
            return said if said and urlsplit(said).path.strip("/") else None
    return None


def _joined(address: str, target: str) -> str:
    try:
        return urljoin(address, target)
    except ValueError:
        return ""
