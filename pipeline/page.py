"""An article page's text to title, time and body: no rule is keyed to a site.

html ─ lxml ─► tree ─► lines ─► headline: the line whose text begins <title>
                             ─► body: the block with most prose, less its links and scraps ─ clean ─► text
                             ─► time: the visible date nearest below the headline, else what the head says
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import lxml.etree

from huiying.core.model import Dated
from pipeline.clean import keep_lines
from pipeline.head import Head
from pipeline.headline import Headline, find_headline
from pipeline.lines import Layout, lay_out
from pipeline.moments import Reader, published, seen
from pipeline.prose import body_lines

_XML = re.compile(r"^\s*<\?xml[^>]*\?>")


_LITTLE = 60  # characters of prose; what a page hides until it is loaded is looked at where there is less


@dataclass(frozen=True, slots=True)
class PageText:
    """What was read off a page. `published.origin` is "page" (seen), "json-ld", "meta", "time" or "script"."""

    title: str
    text: str
    published: Dated | None


def extract(html: str, zone: str, now: datetime, fetched: bool = True) -> PageText:
    """Return title, text (lines joined by a newline) and time of publication; what is not found is empty or None.

    `now` is an instant that nothing can be later than; forms that tell only how long ago something was are read where
    it is the instant of fetching (`fetched`).
    """
    tree = _tree(html)
    if tree is None:
        return PageText("", "", None)
    head = Head(tree)
    layout = lay_out(tree)
    headline, body = _read(layout, head)
    if sum(layout.lines[number].prose for number in body) < _LITTLE:
        layout, headline, body = _with_hidden(tree, head, layout, headline, body)
    text = "\n".join(keep_lines((layout.lines[number].text for number in body), headline.text))
    reader = Reader(zone, now, fetched)
    return PageText(headline.text, text, published(seen(layout, headline.lines, body, reader), head.times(), reader))


def _read(layout: Layout, head: Head) -> tuple[Headline, list[int]]:
    headline = find_headline(layout, head.title, head.titles())
    return headline, body_lines(layout, headline.lines)


def _with_hidden(
    tree: Any, head: Head, layout: Layout, headline: Headline, body: list[int]
) -> tuple[Layout, Headline, list[int]]:
    """Return the reading that takes what the page hides where that has more prose, else the reading as it is."""
    other = lay_out(tree, hidden=True)
    shown, hidden = headline, _read(other, head)
    more = sum(other.lines[number].prose for number in hidden[1])
    if more >= _LITTLE and more > 2 * sum(layout.lines[number].prose for number in body):
        return other, *hidden
    return layout, shown, body


def _tree(html: str) -> Any:
    """Return the parsed page, None where there is nothing to parse. XML declarations with an encoding are taken off."""
    bare = _XML.sub("", html, count=1).replace("\0", "")
    if not bare.strip():
        return None
    parser = lxml.etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        return lxml.etree.fromstring(bare.encode("utf-8", "replace"), parser)
    except (lxml.etree.ParserError, lxml.etree.XMLSyntaxError, ValueError):
        return None
