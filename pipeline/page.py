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
from pipeline.containers import UNNAMED, find, signature
from pipeline.head import Head
from pipeline.headline import Headline, find_headline
from pipeline.lines import Layout, lay_out
from pipeline.moments import Reader, published, seen
from pipeline.prose import Body, find_body

_XML = re.compile(r"^\s*<\?xml[^>]*\?>")


_LITTLE = 60  # characters of prose; what a page hides until it is loaded is looked at where there is less


@dataclass(frozen=True, slots=True)
class PageText:
    """What was read off a page. `published.origin` is "page" (seen), "json-ld", "meta", "time" or "script".

    `container` is the signature of the element that the text stands in, "" where there is no text.
    """

    title: str
    text: str
    published: Dated | None
    container: str = ""


def extract(html: str, zone: str, now: datetime, fetched: bool = True, learnt: str | None = None) -> PageText:
    """Return title, text (lines joined by a newline) and time of publication; what is not found is empty or None.

    `now` is an instant that nothing can be later than; forms that tell only how long ago something was are read where
    it is the instant of fetching (`fetched`). `learnt` is the signature of the container that the outlet's articles
    stand in.
    """
    tree = _tree(html)
    if tree is None:
        return PageText("", "", None)
    head = Head(tree)
    layout = lay_out(tree)
    headline, body = _read(layout, head, learnt)
    if body.prose < _LITTLE:
        layout, headline, body = _with_hidden(tree, head, learnt, (layout, headline, body))
    text = "\n".join(keep_lines((layout.lines[number].text for number in body.lines), headline.text))
    reader = Reader(zone, now, fetched)
    moment = published(seen(layout, headline.lines, body.lines, reader), head.times(), reader)
    container = (signature(layout, body.block) or UNNAMED) if text else ""
    return PageText(headline.text, text, moment, container)


def _read(layout: Layout, head: Head, learnt: str | None) -> tuple[Headline, Body]:
    headline = find_headline(layout, head.title, head.titles())
    return headline, find_body(layout, headline.lines, find(layout, learnt) if learnt else None)


def _with_hidden(
    tree: Any, head: Head, learnt: str | None, shown: tuple[Layout, Headline, Body]
) -> tuple[Layout, Headline, Body]:
    """Return the reading that takes what the page hides where that has more prose, else the reading as `shown`."""
    layout = lay_out(tree, hidden=True)
    headline, body = _read(layout, head, learnt)
    more = body.prose >= _LITTLE and body.prose > 2 * shown[2].prose
    return (layout, headline, body) if more else shown


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
