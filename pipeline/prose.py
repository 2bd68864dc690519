"""Where a page's prose stands: one value for each element, the highest wins.

value = characters of prose − 2 × characters inside links − half the characters of scraps
prose: blocks with sentence marks
A container with many links pays for them, so the choice never climbs into one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import lxml.etree

from pipeline.clean import is_noise, one_line

_BLOCKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "body", "br", "center", "dd", "details", "div", "dl", "dt"),
        *("fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr"),
        *("html", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th"),
        *("thead", "tr", "ul"),
    )
)
_MARKS = re.compile("[，。；！？：、”]|[,.;!?] ")
_SCRAP_WEIGHT = 0.5  # on 57 pages 0.3 climbed into whole pages, and 1.0 lost paragraphs of short notices
_SENTENCE = 8  # characters of the shortest line that counts when it ends as a sentence does
_COMPOSITION = 40.0  # what an <article> is worth that holds more than a summary
_SCRAP = 15  # shorter blocks without sentence marks are scraps: menus, sources, buttons


class Line:
    """One line of visible text: the block element it stands in, its text, and how much of it is in links."""

    __slots__ = ("element", "linked", "text")

    def __init__(self, element: Any) -> None:
        self.element = element
        self.text = ""
        self.linked = 0

    @property
    def prose(self) -> int:
        """Return the characters outside links where the line reads like a sentence, else 0."""
        size = len(self.text)
        sentence = self.text.endswith(("。", "！", "？")) and size >= _SENTENCE
        if self.linked * 2 > size or not (sentence or (_MARKS.search(self.text) and size >= _SCRAP)):
            return 0
        return size - self.linked


def body_lines(tree: Any, headline: Any = None) -> list[str]:
    """Return the lines of the element with most prose, in order; none where the page has no prose.

    Where the `headline` stands in an <article> with prose, it is sought in there: that element is one composition by
    itself (HTML Standard, 4.3.2), and a page that goes on with other articles puts them beside it.
    """
    lines = [line for line in _lines(tree) if line.text]
    values: dict[Any, float] = {}
    for line in lines:
        worth = _worth(line)
        for element in (line.element, *line.element.iterancestors()):
            values[element] = values.get(element, 0.0) + worth
    own = next(headline.iterancestors("article"), None) if headline is not None else None
    best = _best(own, values, _COMPOSITION) if own is not None else None
    best = best if best is not None else _best(tree, values)
    if best is None:
        return []
    inside = [line for line in lines if line.element is best or best in line.element.iterancestors()]
    return [line.text for line in inside if line.linked * 2 <= len(line.text)]


def _worth(line: Line) -> float:
    if prose := line.prose:
        return prose - 2 * line.linked
    if not line.linked and is_noise(line.text):
        return 0.0
    return -_SCRAP_WEIGHT * len(line.text) - line.linked


def _best(tree: Any, values: dict[Any, float], least: float = 0.0) -> Any:
    """Return the element of the highest value, the deepest of equals; None where none is above `least`."""
    best, highest = None, 0.0
    for element in tree.iter():
        value = values.get(element, 0.0)
        if value > least and value >= highest:
            best, highest = element, value
    return best


def _lines(tree: Any) -> Iterator[Line]:
    """Yield the visible lines: text between the bounds of block elements and <br>."""
    line = Line(tree)
    for event, element in _walk(tree):
        block = element.tag in _BLOCKS
        if event == "start":
            if block:
                yield _closed(line)
                line = Line(_container(element))
            _add(line, element.text, element)
        else:
            if block:
                yield _closed(line)
                line = Line(_container(element.getparent()) if element.getparent() is not None else tree)
            if element is not tree:
                _add(line, element.tail, element.getparent())
    yield _closed(line)


def _walk(tree: Any) -> Iterator[tuple[str, Any]]:
    for event, element in lxml.etree.iterwalk(tree, events=("start", "end")):
        if isinstance(element.tag, str):
            yield event, element


def _container(element: Any) -> Any:
    while element is not None and (element.tag == "br" or element.tag not in _BLOCKS):
        element = element.getparent()
    return element


def _add(line: Line, text: str | None, element: Any) -> None:
    if not text or element.tag in ("head", "title", "meta"):
        return
    line.text += text
    if element.tag == "a" or any(parent.tag == "a" for parent in element.iterancestors("a")):
        line.linked += len(one_line(text))


def _closed(line: Line) -> Line:
    line.text = one_line(line.text)
    return line
