"""The selectors of a list page, proposed from the page alone: the links of a list repeat, and often each has a date.

markup ─► links with words ─ climb to what repeats ─► groups by place on the page ─ score ─► the best ─► selectors
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from scrapy.selector import Selector

from crawlers.items import Item
from crawlers.lists import read_list
from huiying.core.charset import decode
from huiying.core.config import Source

LEAST = 5  # links that make a list
_WORDS = 6  # characters of a headline, at least; navigation has fewer
_LEVELS = 4  # elements between a link and what repeats
_MOST = 0.8  # share of a group that a selector must hit
_DATE = re.compile(r"\d{4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}|(?<!\d)\d{1,2}[-/.月]\d{1,2}日?(?!\d)")
_NAME = re.compile(r"[A-Za-z][\w-]*")
_LINKS = ("a", "h1 a", "h2 a", "h3 a", "h4 a", "h5 a", "p a", "div a", "a[title]")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A source for a list page, and what it finds there now."""

    source: Source
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    element: Any
    link: Any
    title: str


def propose(body: bytes, content_type: str | None, address: str) -> Proposal | None:
    """Return the source that reads most of the best list on the page, None where there is no list."""
    text, _ = decode(body, content_type)
    root = Selector(text=text or "<html></html>", type="html").root
    for rows in sorted(_groups(root), key=_score, reverse=True)[:5]:
        for selectors in _selectors(root, rows):
            source = Source.model_validate({"kind": "list", "address": address, **selectors})
            read = read_list(body, content_type, address, source)
            found = tuple(item for item in read if item.address and item.title) if isinstance(read, list) else ()
            if len(found) >= max(LEAST, _MOST * len(rows)):
                return Proposal(source, found)
    return None


def _groups(root: Any) -> list[list[_Row]]:
    """Return the links by the place on the page of what repeats around them."""
    rows: defaultdict[tuple[str, str], dict[Any, _Row]] = defaultdict(dict)
    links = {link: title for link in root.iter("a") if len(title := _title(link)) >= _WORDS and _leads(link)}
    within = Counter(element for link in links for element in (link, *link.iterancestors()))
    for link, title in links.items():
        element = _repeated(link, within)
        if element is not None:
            key = (_place(element.getparent()), element.tag)
            kept = rows[key].get(element)
            if kept is None or len(title) > len(kept.title):
                rows[key][element] = _Row(element, link, title)
    return [list(group.values()) for group in rows.values() if len(group) >= LEAST]


def _title(link: Any) -> str:
    shown, whole = " ".join(link.itertext()).split(), (link.get("title") or "").split()
    return max(" ".join(shown), " ".join(whole), key=len)


def _leads(link: Any) -> bool:
    return not (link.get("href") or "#").startswith(("#", "javascript:", "mailto:", "tel:"))


def _repeated(link: Any, within: Counter[Any]) -> Any:
    """Return the element around `link` that has others of its kind beside it, each with a link of its own."""
    element = link
    for _ in range(_LEVELS):
        parent = element.getparent()
        if parent is None or parent.tag in ("body", "html"):
            return None
        alike = sum(1 for other in parent if other.tag == element.tag and within[other])
        if alike >= 3:
            return element
        element = parent
    return None


def _score(rows: Sequence[_Row]) -> float:
    """Return how much a group looks like a list of reports: many rows, long titles, each with a date, each its own."""
    dated = sum(bool(_DATE.search(_text(row.element))) for row in rows) / len(rows)
    own = len({row.link.get("href") for row in rows}) / len(rows)
    long = sum(min(len(row.title), 25) for row in rows) / len(rows)
    return min(len(rows), 40) * long * own * (1 + 2 * dated)


def _selectors(root: Any, rows: Sequence[_Row]) -> Iterator[dict[str, str]]:
    """Yield what may select these rows, the shortest first."""
    for place in _places(rows):
        tag = rows[0].element.tag
        items = f"{place} > {tag}"
        if tag == "a":
            yield {"link": items}
            continue
        link = next((one for one in _LINKS if _hits(rows, one) >= _MOST), None)
        if link is not None:
            time = _time(rows)
            yield {"items": items, "link": link} | ({"time": time} if time else {})


def _places(rows: Sequence[_Row]) -> Iterator[str]:
    """Yield selectors of the rows' parent, each with one more ancestor, up to one with an id or a class."""
    parent, chain = rows[0].element.getparent(), ""
    while parent is not None and parent.tag != "html":
        named = _named(parent)
        chain = f"{named} > {chain}" if chain else named
        if named != parent.tag or parent.tag == "body":
            yield chain
        parent = parent.getparent()


def _hits(rows: Sequence[_Row], selector: str) -> float:
    found = [Selector(root=row.element, type="html").css(selector) for row in rows]
    return sum(bool(one) and one[0].root is row.link for one, row in zip(found, rows, strict=True)) / len(rows)


def _time(rows: Sequence[_Row]) -> str | None:
    """Return the selector of the element that holds nothing but a date in most rows."""
    seen: Counter[str] = Counter()
    for row in rows:
        inner = [one for one in row.element.iterdescendants() if isinstance(one.tag, str) and one.tag != "a"]
        dates = [one for one in inner if len(text := _text(one)) <= 25 and _DATE.search(text)]
        seen.update({_first_named(row.element, one) for one in dates})
    name, count = seen.most_common(1)[0] if seen else ("", 0)
    return name if count >= _MOST * len(rows) else None


def _first_named(row: Any, element: Any) -> str:
    """Return a selector by which `element` is the first that is found in its row."""
    named = _named(element)
    if Selector(root=row, type="html").css(named)[0].root is element:
        return named
    return f"{element.tag}:nth-child({element.getparent().index(element) + 1})"


def _text(element: Any) -> str:
    return " ".join(" ".join(element.itertext()).split())


def _place(element: Any) -> str:
    """Return where an element stands, by names alone: lists of a page that are cut in blocks stand at one place."""
    return " ".join(_named(one) for one in (element, *list(element.iterancestors())[:3]))


def _named(element: Any) -> str:
    """Return the element's tag, with its id or else its first class where these are plain names without a number."""
    id, classes = element.get("id") or "", (element.get("class") or "").split()
    if _NAME.fullmatch(id) and not re.search(r"\d{3}", id):
        return f"{element.tag}#{id}"
    plain = next((name for name in classes if _NAME.fullmatch(name) and not re.search(r"\d{3}", name)), None)
    return f"{element.tag}.{plain}" if plain else str(element.tag)
