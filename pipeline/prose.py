"""Where a page's prose stands: in the run of neighbours inside one block that is worth most.

lines ─ worth of each ─► total of each block ─► best run inside each ─► the best of all ─ head and tail off ─► lines
worth = characters of prose − 2 × characters inside links − a part of the characters of scraps, by their element
prose: lines with sentence marks
A run that takes in a menu pays for its links, so the choice never climbs into one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipeline.clean import is_noise
from pipeline.lines import Layout, Line

# What a character of a line that is no sentence costs, by the element that it stands in: whoever writes <p> or a cell
# of a table writes text. On 57 pages 0.3 for the others climbed into whole pages, 1.0 lost lines of short notices.
_SCRAP = 0.5
_SCRAPS = {"p": -0.1, "td": 0.0, "th": 0.0, "li": 0.2, "dd": 0.2, "dt": 0.2, "blockquote": 0.0, "pre": 0.0}
_SCRAPS |= dict.fromkeys(("h2", "h3", "h4", "h5", "h6", "figcaption"), 0.0)
_WRITTEN = frozenset(("p", "h2", "h3", "h4", "h5", "h6", "td", "th", "li", "blockquote", "pre"))
_GAIN = 5.0  # what an outer block must bring beside the inner one
_ARTICLE = frozenset(("article",))
_COMPOSITION = 40.0  # what an <article> is worth that holds more than a summary
_TWIN = 20  # characters of a sentence that no text says twice as its first
_MAKE = 6  # lines that a run takes on at either end
_MOST = 0.5  # of a page's prose: what holds more is no aside, whatever it is called
# Words in the class or id of what stands beside an article, whoever made the page.
_ASIDE = re.compile(
    r"comment|cmmt|pinglun|gentie|liuyan|related|recommend|tuijian|xiangguan|relevan|sidebar|crumb|footer|"
    r"copyright|disclaim|toolbar|share|paginat|hot-?news|hot-?list|rank|guess|login|popup|modal|toast|adver|qrcode|"
    r"(?:^|[\s_-])(?:foot|nav|menu|aside|ad|ads|reply|tags?|hot)(?:$|[\s_-])",
    re.IGNORECASE,
)
_ASIDE_TAGS = frozenset(("nav", "footer", "aside"))
_IMPRINT = re.compile(r"ICP备|ICP证|公网安备|网站标识码|版权所有|[Cc]opyright|All [Rr]ights [Rr]eserved")
_DATED = re.compile(r"(?:19|20|１９|２０)\d{2}\s?[-年/.]\s?\d|(?:\d{1,2} )?[A-Z][a-z]{2,8}\.? (?:\d{1,2},? )?20\d{2}")
_DATELINE = 60  # characters of the longest line above a text that begins with its date
_IMPRINT_LONGEST = 600  # characters of what stands round an imprint
_AFTER = re.compile(
    r"[【\[■▶●\s]*(?:相关(?:新闻|阅读|链接|报道|推荐|文章|稿件|资讯|内容)|(?:延伸|推荐|猜你|热门|更多|精彩)(?:阅读|推荐|喜欢|新闻|文章|评论|资讯|内容)|"
    r"(?:网友|最新|全部|热门)?(?:评论|跟帖|跟贴)(?:区|列表)?|我要(?:评论|跟帖|跟贴)|为您推荐|特别声明|免责声明)[】\]:：\s]*(?:[(（]?\d*[)）]?条?)?"
)


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbours inside a block: its first and last line, and what it is worth."""

    block: int
    first: int
    last: int
    value: float


@dataclass(frozen=True, slots=True)
class Body:
    """The numbers of an article's lines, in order, the block that they stand in (-1 for none), and their prose."""

    lines: list[int]
    block: int
    prose: int


def find_body(layout: Layout, headline: tuple[int, int] | None = None, learnt: int | None = None) -> Body:
    """Return the body of the article; without lines where the page has no prose.

    `headline` is its first and last line. Where it stands in an <article> with prose, the body is sought in there: that
    element is one composition by itself (HTML Standard, 4.3.2), and a page that goes on with other articles puts them
    beside it. `learnt` is the block in which the outlet's articles stand: it is taken unless most of the prose is
    elsewhere.
    """
    aside = _asides(layout, headline)
    run = _best(layout, aside, headline)
    if learnt is not None and (known := _whole(layout, learnt)):
        run = known if run is None or 2 * _prose(layout, known) >= _prose(layout, run) else run
    if run is None:
        return Body([], -1, 0)
    inside = [n for n in range(run.first, run.last + 1) if not aside[layout.lines[n].block]]
    lines = _trimmed(layout, _extended(layout, run, inside, headline), headline)
    return Body(lines, _around(layout, lines), sum(layout.lines[n].prose for n in lines))


def _around(layout: Layout, lines: Sequence[int]) -> int:
    """Return the smallest block that holds all `lines`, -1 for none."""
    if not lines:
        return -1
    block, last = layout.lines[lines[0]].block, layout.lines[lines[-1]].block
    while block >= 0 and not block <= last <= layout.blocks[block].end:
        block = layout.blocks[block].parent
    return block


def _whole(layout: Layout, block: int) -> _Run | None:
    """Return all of a block as a run, None where it has no text."""
    end = layout.blocks[block].end
    inside = [n for n, line in enumerate(layout.lines) if block <= line.block <= end]
    return _Run(block, inside[0], inside[-1], 0.0) if inside else None


def _prose(layout: Layout, run: _Run) -> int:
    return sum(line.prose for line in layout.lines[run.first : run.last + 1])


def _asides(layout: Layout, headline: tuple[int, int] | None) -> list[bool]:
    """Say of each block whether it stands beside the article by its name or as the page's end, or inside such a one."""
    prose = _sums(layout, [line.prose for line in layout.lines])
    footers = _footers(layout, prose, headline)
    aside = [False] * len(prose)
    most = _MOST * prose[0]
    for number, block in enumerate(layout.blocks):
        aside[number] = (
            (block.parent >= 0 and aside[block.parent])
            or number in footers
            or (prose[number] <= most and (block.tag in _ASIDE_TAGS or _names_aside(block.names)))
        )
    return aside


@lru_cache(4096)
def _names_aside(names: str) -> bool:
    return _ASIDE.search(names) is not None


def _sums(layout: Layout, values: Sequence[float]) -> list[float]:
    """Return for each block the sum of `values` of the lines inside it."""
    sums = [0.0] * len(layout.blocks)
    for line, value in zip(layout.lines, values, strict=True):
        sums[line.block] += value
    for number in range(len(sums) - 1, 0, -1):
        sums[layout.blocks[number].parent] += sums[number]
    return sums


def _footers(layout: Layout, prose: Sequence[float], headline: tuple[int, int] | None) -> set[int]:
    """Return the blocks that a page ends with: round each line of imprint, as far as little else stands there."""
    marks = {line.block for line in layout.lines if len(line.text) < _IMPRINT_LONGEST and _IMPRINT.search(line.text)}
    if not marks:
        return marks
    sizes = _sums(layout, [len(line.text) - line.linked for line in layout.lines])
    most = _IMPRINT_LONGEST if headline else min(_IMPRINT_LONGEST, 0.6 * sizes[0])
    first = layout.lines[headline[0]].block if headline else -1
    found = set()
    for block in marks:
        while (above := layout.blocks[block].parent) > 0 and sizes[above] <= most and prose[above] <= 0.3 * prose[0]:
            if layout.blocks[above].tag == "body" or above <= first <= layout.blocks[above].end:
                break
            block = above
        found.add(block)
    return found


def _worth(line: Line, tag: str, aside: bool) -> float:
    if line.prose:
        return -_SCRAP * line.prose if aside else line.prose - 2 * line.linked
    if not line.linked and is_noise(line.text):
        return 0.0
    return -_SCRAPS.get(tag, _SCRAP) * (len(line.text) - line.linked) - 1.5 * line.linked


def _best(layout: Layout, aside: Sequence[bool], headline: tuple[int, int] | None) -> _Run | None:
    """Return the run of the highest value, a deeper one where it loses less than _GAIN; None without any above zero."""
    worths = [_worth(line, layout.blocks[line.block].tag, aside[line.block]) for line in layout.lines]
    runs = _runs(layout, worths, _sums(layout, worths))
    own = layout.above(layout.lines[headline[0]].block, _ARTICLE) if headline else None
    if own is not None:
        within = [run for run in runs if own <= run.block <= layout.blocks[own].end and run.value > _COMPOSITION]
        runs = within or runs
    highest = max((run.value for run in runs), default=0.0)
    return max((run for run in runs if run.value > highest - _GAIN), key=lambda run: run.block, default=None)


def _runs(layout: Layout, worths: Sequence[float], totals: Sequence[float]) -> list[_Run]:
    """Return the best run of each block: the neighbours, lines and whole blocks, of the greatest sum (Kadane 1984)."""
    blocks = layout.blocks
    items = defaultdict[int, list[tuple[float, int, int]]](list)
    last = [0] * len(blocks)
    for number in range(len(worths) - 1, -1, -1):
        block = layout.lines[number].block
        items[block].append((worths[number], number, number))
        last[block] = last[block] or number
        # A block is complete when the line before this one lies outside it.
        before = layout.lines[number - 1].block if number else -1
        while block > 0 and not block <= before <= blocks[block].end:
            parent = blocks[block].parent
            items[parent].append((totals[block], number, last[block]))
            last[parent] = max(last[parent], last[block])
            block = parent
    return [run for block, found in items.items() if (run := _greatest(block, found[::-1]))]


def _greatest(block: int, items: Sequence[tuple[float, int, int]]) -> _Run | None:
    best, total, start = None, 0.0, 0
    for value, first, last in items:
        if total <= 0:
            total, start = 0.0, first
        total += value
        if total > (best.value if best else 0.0):
            best = _Run(block, start, last, total)
    return best


def _extended(layout: Layout, run: _Run, inside: list[int], headline: tuple[int, int] | None) -> list[int]:
    """Return the run with the short lines before and after it that are of one make with its own."""
    lines = layout.lines
    kinds = {_kind(layout, lines[n]) for n in inside if lines[n].prose}
    top = headline[1] if headline else -1
    before, after = run.first - 1, run.last + 1
    while before > top and run.first - before <= _MAKE and _of_one_make(layout, lines[before], run, kinds):
        before -= 1
    while after < len(lines) and after - run.last <= _MAKE and _of_one_make(layout, lines[after], run, kinds):
        after += 1
    return [*range(before + 1, run.first), *inside, *range(run.last + 1, after)]


def _of_one_make(layout: Layout, line: Line, run: _Run, kinds: set[tuple[int, str]]) -> bool:
    return run.block <= line.block <= layout.blocks[run.block].end and _kind(layout, line) in kinds


def _kind(layout: Layout, line: Line) -> tuple[int, str]:
    return layout.blocks[line.block].parent, layout.blocks[line.block].tag


def _trimmed(layout: Layout, inside: list[int], headline: tuple[int, int] | None) -> list[int]:
    """Return the lines below the headline and above what follows an article, less the scraps at both ends."""
    lines = layout.lines
    total = sum(lines[n].prose for n in inside)
    if headline and inside and inside[0] <= headline[1] < inside[-1]:
        below = [n for n in inside if n > headline[1]]
        inside = below if 2 * sum(lines[n].prose for n in below) >= total else inside
    for cut in (_after(lines, inside), _again(lines, inside)):
        if cut is not None and 2 * sum(lines[n].prose for n in inside[:cut]) >= total:
            inside = inside[:cut]
    kinds = {_kind(layout, lines[n]) for n in inside if lines[n].prose}
    while inside and _is_dateline(lines[inside[0]]):
        inside = inside[1:]
    text = [at for at, n in enumerate(inside) if lines[n].prose or _written(layout, lines[n], kinds)]
    kept = inside[text[0] : text[-1] + 1] if text else []
    return [n for n in kept if lines[n].linked * 2 <= len(lines[n].text)]


def _is_dateline(line: Line) -> bool:
    """Say whether a line above the text says when it was published: it has a date, and is no sentence about one."""
    found = _DATED.search(line.text)
    return found is not None and (
        not line.prose or (found.start() == 0 and "。" not in line.text and line.prose < _DATELINE)
    )


def _after(lines: Sequence[Line], inside: Sequence[int]) -> int | None:
    """Return where the heading of what follows an article stands."""
    return next((at for at, n in enumerate(inside) if _AFTER.fullmatch(lines[n].text)), None)


def _again(lines: Sequence[Line], inside: Sequence[int]) -> int | None:
    """Return where the text begins a second time: pages carry a twin of it for telephones or for printing."""
    long = [(at, lines[n].text) for at, n in enumerate(inside) if lines[n].prose >= _TWIN]
    again = next((at for at, text in long[1:] if text == long[0][1]), None)
    while again is not None and again > 1 and not lines[inside[again - 1]].prose:
        again -= 1
    return again


def _written(layout: Layout, line: Line, kinds: set[tuple[int, str]]) -> bool:
    """Say whether a scrap is part of the text by where it stands: a paragraph, or beside one that reads like one."""
    if line.linked * 2 > len(line.text):
        return False
    return layout.blocks[line.block].tag in _WRITTEN or _kind(layout, line) in kinds
