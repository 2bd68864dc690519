"""A list page to items, by the source's own CSS selectors, for outlets that have no feed."""

from __future__ import annotations

from urllib.parse import urljoin

from cssselect import SelectorError
from scrapy.selector import Selector

from crawlers.items import Item, Unreadable
from huiying.core.charset import decode
from huiying.core.config import Source


def read_list(body: bytes, content_type: str | None, address: str, source: Source) -> list[Item] | Unreadable:
    """Return the items in the page's order. None at all means that the selectors no longer fit, or the page is empty.

    `source.items` selects one element an item; `link`, `title` and `time` are looked for inside it. Without `items`
    each `link` on the page is an item. `address` is where the page was read: relative links start there.
    """
    text, _ = decode(body, content_type)
    page = Selector(text=text or "<html></html>", type="html")
    base = urljoin(address, page.xpath("//base/@href").get() or "")
    try:
        found = page.css(source.items) if source.items else page.css(source.link)
        return [_item(element, source, base) for element in found]
    except (ValueError, SelectorError) as cause:
        return Unreadable("bad_selector", str(cause))


def _item(element: Selector, source: Source, base: str) -> Item:
    link = element if source.items is None else _first(element, source.link)
    titled = link if source.title is None else _first(element, source.title)
    date = _words(_first(element, source.time)) if source.time else ""
    target = (link.attrib.get("href") or "").strip() if link is not None else ""
    return Item(
        address=_absolute(base, target),
        title=_title(titled),
        summary="",
        date=date or None,
        date_field="list" if date else None,
    )


def _first(element: Selector, selector: str) -> Selector | None:
    found = element.css(selector)
    return found[0] if found else None


def _title(element: Selector | None) -> str:
    """Return the full title: list pages cut the visible text short and keep the whole in the attribute."""
    if element is None:
        return ""
    shown, whole = _words(element), " ".join((element.attrib.get("title") or "").split())
    return whole if len(whole) > len(shown) else shown


def _words(element: Selector | None) -> str:
    return " ".join(" ".join(element.xpath(".//text()").getall()).split()) if element is not None else ""


def _absolute(base: str, target: str) -> str:
    if not target or target.startswith(("#", "javascript:", "mailto:", "tel:")):
        return ""
    try:
        return urljoin(base, target)
    except ValueError:
        return ""
