"""Which line of a page is its headline.

<title> ─► the line, the piece of a line or the heading whose text is a part of it, or that it begins; the longest
        ─► else what meta calls the article ─► else the only <h1> ─► else <title> without the outlet's name
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.clean import one_line
from pipeline.lines import Layout, Line

_SEPARATOR = re.compile(r"\s*[-_|–—｜_丨]+\s*")
_OUTLET = re.compile(
    r"(?:网|网站|日报|晚报|时报|早报|都市报|周刊|政府|频道|客户端|在线|电视台|广播|委员会|[市区县]局|新闻|融媒|百科)$"
)
_HEADINGS = frozenset(("h1", "h2", "h3", "h4"))
_NOT_LETTERS = re.compile(r"\W+")
_LONGEST = 120  # letters of the longest headline
_BEGUN = 6  # letters of <title> that a longer headline must begin with
_H1, _HEADING, _LINKED = 0.6, 0.5, -0.7  # added to a candidate's length: headings come first, links last


@dataclass(frozen=True, slots=True)
class Headline:
    """A headline, and the first and the last line that it stands in; None where it stands in none."""

    text: str
    lines: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class _Candidate:
    text: str
    lines: tuple[int, int]
    weight: float


def letters(text: str) -> str:
    """Return the text's letters and digits alone."""
    return _NOT_LETTERS.sub("", text)


def find_headline(layout: Layout, full: str, called: Iterable[str]) -> Headline:
    """Return the page's headline; `full` is the text of <title>, `called` what meta calls the article."""
    candidates = list(_candidates(layout, full))
    best = max(candidates, key=lambda one: one[0], default=None)
    if best is not None:
        return Headline(best[1].text, best[1].lines)
    for said in called:
        bare = letters(said)
        if len(bare) >= 4:
            return Headline(said, next((one.lines for one in _every(layout) if letters(one.text) == bare), None))
    only = [one for one in _every(layout) if one.weight == _H1]
    if len(only) == 1 and 6 <= len(letters(only[0].text)) <= 80:
        return Headline(only[0].text, only[0].lines)
    return Headline(without_outlet(full), None)


def without_outlet(full: str) -> str:
    """Return <title> without what its ends say of the outlet and its sections."""
    parts = [part for part in _SEPARATOR.split(full) if part]
    while len(parts) > 1 and _OUTLET.search(parts[0]) and len(parts[0]) < 16:
        parts.pop(0)
    return parts[0] if parts else ""


def _candidates(layout: Layout, full: str) -> Iterator[tuple[float, _Candidate]]:
    """Yield the lines, pieces and headings that fit <title>, each with its rank."""
    wanted = letters(full)
    known = frozenset(wanted)
    begun = letters(without_outlet(full))  # <title> may be cut short, or shorter than the headline
    for one in _every(layout):
        if not _may_be_of(one.text, known, one.weight >= _HEADING):
            continue
        bare = letters(one.text)
        size = len(bare)
        heading = one.weight >= _HEADING
        if size < (2 if heading else 4) or size > _LONGEST:
            continue
        if wanted.startswith(bare):
            yield size + one.weight + 0.2 - (4 if _OUTLET.search(bare) and bare != wanted else 0), one
        elif bare in wanted and size >= 6 and (heading or 5 * size >= 2 * len(wanted)):
            yield size + one.weight - (4 if _OUTLET.search(bare) else 0), one
        elif heading and len(begun) >= _BEGUN and bare.startswith(begun):
            yield size + one.weight, one


def _may_be_of(text: str, known: frozenset[str], longer: bool) -> bool:
    """Say whether the first and the last character are no letters, or among the `known` ones: most texts fail here.

    Of what may be `longer` than <title> only the first one says anything.
    """
    if not text or (text[0] not in known and text[0].isalnum()):
        return False
    return longer or text[-1] in known or not text[-1].isalnum()


def _every(layout: Layout) -> Iterator[_Candidate]:
    """Yield each heading as a whole, each line, and each piece of a line."""
    lines, blocks = layout.lines, layout.blocks
    within = -1  # the last line of the heading that is being read
    for number, line in enumerate(lines):
        headed = blocks[line.block].heading
        weight = (_HEADING if headed else 0.0) + (_LINKED if line.linked else 0.0)
        if headed and number > within and (heading := layout.above(line.block, _HEADINGS)) is not None:
            within = number
            while within + 1 < len(lines) and heading <= lines[within + 1].block <= blocks[heading].end:
                within += 1
            whole = lines[number : within + 1]
            yield _Candidate(
                _joined(whole), (number, within), weight + (_H1 - _HEADING) * (blocks[heading].tag == "h1")
            )
        if len(line.text) <= 2 * _LONGEST:
            yield _Candidate(line.text, (number, number), weight)
            if len(line.parts) > 1:
                yield from (_Candidate(one_line(part), (number, number), weight) for part in line.parts)


def _joined(lines: Sequence[Line]) -> str:
    return " ".join(line.text for line in lines)
