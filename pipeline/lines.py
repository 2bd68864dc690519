"""A page as its visible lines, in one pass: each line with the block that it stands in and how much of it is links.

tree ─ one walk ─► blocks (parent, tag, names; in document order, so a subtree is a range) + lines of text between
                   the bounds of blocks and <br>
"""

from __future__ import annotations

import re
from typing import Any

import lxml.etree

from pipeline.clean import one_line

# What is never read as text. <form> is not among them: it wraps whole articles.
_DROPPED = frozenset(
    (
        *("script", "style", "noscript", "iframe", "template", "svg", "select", "button", "textarea", "object"),
        *("embed", "video", "audio", "canvas", "applet", "math", "title", "meta", "link", "rt", "rp"),
    )
)
# Elements that bound no line (HTML Standard, 15.3.1: displayed inline); all others do, unknown ones too.
_INLINE = frozenset(
    (
        *("a", "abbr", "acronym", "area", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font"),
        *("i", "img", "input", "ins", "kbd", "label", "map", "mark", "nobr", "picture", "q", "rb", "ruby", "s", "samp"),
        *("small", "source", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr"),
    )
)
_HEADINGS = frozenset(("h1", "h2", "h3", "h4"))
_ROOTS = frozenset(("html", "body"))
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_MARKS = re.compile("[，。；！？、”]|[,.;!?] ")
_ENDS = ("。", "！", "？", "，", "；", "…", "”", "!", "?", "」")
_SENTENCE = 5  # characters of the shortest line that counts when it ends as a sentence or a verse does
_SCRAP = 15  # shorter lines without a sentence's end are scraps: menus, sources, buttons


class Block:
    """An element that bounds lines. `parent` and `end` (the last block inside) are numbers of blocks.

    `heading` says whether it is, or lies in, a heading.
    """

    __slots__ = ("element", "end", "heading", "parent", "tag")

    def __init__(self, element: Any, tag: str, parent: int, number: int, heading: bool) -> None:
        self.element = element
        self.tag = tag
        self.heading = heading
        self.parent = parent
        self.end = number

    @property
    def names(self) -> str:
        """Return the element's classes and id, "" where it has none."""
        names, id = self.element.get("class"), self.element.get("id")
        return f"{names or ''} {id or ''}" if names or id else ""


class Line:
    """One line of visible text: the number of its block, its pieces, and the characters of it inside links."""

    __slots__ = ("block", "linked", "parts", "prose", "text")

    def __init__(self, block: int, parts: list[str], linked: int) -> None:
        self.block = block
        self.parts = parts
        self.text = "".join(parts) if len(parts) > 1 else parts[0]
        self.text = " ".join(self.text.split())
        if not self.text.isprintable():
            self.text = one_line(self.text)
        self.linked = min(linked, len(self.text))
        self.prose = self._prose()

    def _prose(self) -> int:
        """Return the characters outside links where the line reads like a sentence, else 0."""
        size = len(self.text)
        if size < _SENTENCE or self.linked * 2 > size:
            return 0
        if self.text.endswith(_ENDS) or (size >= _SCRAP and _MARKS.search(self.text)):
            return size - self.linked
        return 0

    @property
    def spaced(self) -> str:
        """Return the line with a blank between the pieces that stand in different elements."""
        return one_line(" ".join(self.parts))


class Layout:
    """The blocks and lines of a page, both in document order."""

    __slots__ = ("blocks", "lines")

    def __init__(self, blocks: list[Block], lines: list[Line]) -> None:
        self.blocks = blocks
        self.lines = lines

    def above(self, block: int, tags: frozenset[str]) -> int | None:
        """Return the nearest block with one of `tags` among `block` and those around it."""
        while block >= 0:
            if self.blocks[block].tag in tags:
                return block
            block = self.blocks[block].parent
        return None

    def inside(self, block: int) -> list[Line]:
        """Return the lines of a block and of all blocks in it."""
        end = self.blocks[block].end
        return [line for line in self.lines if block <= line.block <= end]


def lay_out(tree: Any, hidden: bool = False) -> Layout:
    """Return the layout of a parsed page; `hidden` reads what the page's own style hides, too."""
    blocks, lines = list[Block](), list[Line]()
    parts, linked, links, current, left = list[str](), 0, 0, -1, None
    walker = lxml.etree.iterwalk(tree, events=("start", "end"))
    for event, element in walker:
        tag = element.tag
        inline = tag in _INLINE
        if parts and not inline:
            lines.append(Line(current, parts, linked))
            parts, linked = [], 0
        if event == "start":
            if tag in _DROPPED or (
                not hidden and (style := element.get("style")) and tag not in _ROOTS and _HIDDEN.search(style)
            ):
                walker.skip_subtree()
                left = element
                continue
            if not inline:
                if tag != "br":
                    blocks.append(Block(element, tag, current, len(blocks), _headed(tag, blocks, current)))
                    current = len(blocks) - 1
            elif tag == "a" and element.get("href") is not None:
                links += 1
            text = element.text
        else:
            if element is left:
                left = None
            elif not inline:
                if tag != "br":
                    blocks[current].end = len(blocks) - 1
                    current = blocks[current].parent
            elif tag == "a" and element.get("href") is not None:
                links -= 1
            text = element.tail
        if text and (parts or not text.isspace()):
            parts.append(text)
            if links:
                linked += len(text.strip())
    return Layout(blocks, [line for line in lines if line.text])


def _headed(tag: str, blocks: list[Block], parent: int) -> bool:
    return tag in _HEADINGS or (parent >= 0 and blocks[parent].heading)
