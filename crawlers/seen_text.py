"""What a reader sees of a page, as a hash: the same for two fetches that differ in markup or a visit counter alone.

bytes ─ charset ─► markup ─ scripts, styles, comments, tags out ─ counters out ─ blanks squeezed ─► SHA-256
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from hashlib import sha256

from huiying.core.charset import decode

# what is not closed reaches to the end, as in a browser; so hostile markup is read only once
_UNSEEN = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style|noscript|template)\b.*?(?:</\1\s*>|\Z)", re.I | re.S)
_TAG = re.compile(r"<[^<>]*>")
_COUNTER = re.compile(r"((?:浏览|点击|阅读|访问|次数)[量数次\s:：]{0,8})\d{1,9}+(?![\d年月日时:：./-])")
_REFERENCE = re.compile("&")
_BLANK = re.compile(r"\s")
_PART = 2**16  # characters
_SEEN_KINDS = ("text/", "application/xhtml", "application/xml")


def seen_hash(body: bytes, content_type: str | None) -> str:
    """Return the SHA-256, hexadecimal, over a page's visible text, or over its bytes where it shows none."""
    kind = (content_type or "text/html").strip().lower()
    text = seen_text(decode(body, content_type)[0]) if kind.startswith(_SEEN_KINDS) else ""
    return sha256(text.encode("utf-8", "replace") if text else body).hexdigest()


def seen_text(markup: str) -> str:
    """Return the visible text in one line, without the 1 to 9 digits of a visit counter."""
    text = "".join(html.unescape(part) for part in _parts(_REFERENCE, _TAG.sub(" ", _UNSEEN.sub(" ", markup))))
    words = (" ".join(part.split()) for part in _parts(_BLANK, text))
    return _COUNTER.sub(r"\1", " ".join(part for part in words if part))


def _parts(begin: re.Pattern[str], text: str) -> Iterator[str]:
    """Yield `text` in parts that end before a `begin`: 4 MB of references or words as one list would take 100 MB."""
    at = 0
    while at < len(text):
        found = begin.search(text, at + _PART)
        end = found.start() if found else len(text)
        yield text[at:end]
        at = end
