"""The element that an outlet's articles stand in: how it is named, found again, and when it is believed.

body's block ─► signature (the element and up to two around it) ─► counted by outlet ─► believed when nearly all agree
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline.lines import Block, Layout

PROOFS = 5  # pages that must have agreed
AGREED = 0.8  # of all pages counted
UNNAMED = "-"  # stands for a container without a name; it is never found again
LONGEST = 120  # characters of a signature
_DEPTH = 3  # elements that a signature names at most; the first with an id is the last
_NUMBERED = re.compile(r"\d{3}|__|[0-9a-f]{6}")  # names that a program makes anew for each page or each build


def signature(layout: Layout, block: int) -> str:
    """Return the name of the element of `block` as "div.text<div#main", from it outwards; "" where nothing is named."""
    named: list[str] = []
    while block >= 0 and len(named) < _DEPTH and layout.blocks[block].tag not in ("body", "html"):
        name = _name(layout.blocks[block])
        if named or name != "p":
            named.append(name)
        if "#" in name:
            break
        block = layout.blocks[block].parent
    text = "<".join(named)
    return text if len(text) <= LONGEST and ("#" in text or "." in text) else ""


def find(layout: Layout, wanted: str) -> int | None:
    """Return the only block with this signature, None where there is none or several."""
    own = wanted.split("<")[0]
    found = [
        number
        for number, block in enumerate(layout.blocks)
        if own.startswith(block.tag) and _name(block) == own and signature(layout, number) == wanted
    ]
    return found[0] if len(found) == 1 else None


def believed(counts: Mapping[str, int]) -> str | None:
    """Return the signature that nearly all pages agree on, None while none has proved itself."""
    best = max(counts, key=lambda name: counts[name], default="")
    proved = best and counts[best] >= PROOFS and counts[best] >= AGREED * sum(counts.values())
    return best if proved else None


def _name(block: Block) -> str:
    id = block.element.get("id")
    if id and not _NUMBERED.search(id) and not id.isspace():
        return f"{block.tag}#{id.strip()}"
    classes = [name for name in (block.element.get("class") or "").split() if not _NUMBERED.search(name)]
    return ".".join((block.tag, *sorted(classes)[:3]))
