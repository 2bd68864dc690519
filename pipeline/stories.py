"""Which posts tell the same story: fingerprints of clauses and of the title, and the choice among posts sharing some.

text ─ 。，！？；： ─► clauses of 8 letters and more ─► 64-bit hashes ┐
title without its page ("01版 - ") ─► two hashes of its own          ┴─► candidates ─ choose ─► a story or None
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from hashlib import blake2b

from huiying.core.states import Candidate
from pipeline.articles import bare_title

WINDOW = timedelta(days=14)
CONTAINMENT = 0.35  # 0.3 to 0.4 found 99.5 % of edited reprints in 6,000 stories
LEAST_SHARED = 2
SAME = 0.7  # of the larger one: two posts that both share so much with a third share 40 % with each other
_MOST = 128  # the smallest hashes are kept, so two long texts keep the same ones
_SHORTEST_CLAUSE = 8
_SHORTEST_TITLE = 8
_MARKS = "。，！？；：!?;"
_BETWEEN = r"[,:](?<!\d.)(?!\d)"
_BOUNDS = re.compile(rf"[{_MARKS}\n]|{_BETWEEN}")
_IN_FIGURES_TOO = re.compile(_BETWEEN)
_OFTEN = "、“” "  # taken out before the rest of what is no letter is looked for
_NO_LETTERS = re.compile(r"[\W_]+")
# A copy of what is begun costs half of beginning anew.
_CLAUSE, *_TITLES = (blake2b(digest_size=8, person=kind) for kind in (b"clause", b"title-1", b"title-2"))
# headings that many different posts bear
_NOTICES = re.compile("(?:通知|公告|通告|公示|告示|提示|预告|预报|预警|快讯|简讯|日报|周报|图片报道|一览表?|名单)$")


def fingerprints(title: str, text: str) -> tuple[int, ...]:
    """Return the post's 64-bit fingerprints as signed integers, sorted; of masked, cleaned text only.

    A title of eight letters counts as two, so that the same title alone joins posts that have little else; a long text
    with the same title still needs clauses in common.
    """
    return signature(title, text)[0]


def signature(title: str, text: str) -> tuple[tuple[int, ...], frozenset[int]]:
    """Return the post's fingerprints, and which of them are of its title or of its opening: the first half of its
    clauses, but of three and more not the first itself.

    Posts of one outlet begin with one line ("某网消息") and end in one footer: who shares nothing between them
    does not tell its story.
    """
    clauses = dict.fromkeys([_hash(_CLAUSE, letters) for letters in _whole(text)])
    own = _title(title)
    first = 1 if len(clauses) > 2 else 0
    opening = [*own, *list(clauses)[first : (len(clauses) + 1) // 2]]
    kept = clauses if len(clauses) <= _MOST else sorted(clauses)[:_MOST]
    return tuple(sorted([*own, *kept])), frozenset(opening)


def choose(candidates: Sequence[Candidate], size: int) -> str | None:
    """Return the story to join, for a post of `size` fingerprints, or None: the likest, then the smallest story id.

    A candidate counts that shares two or more, one of them of the post's opening, and 35 % of the smaller one's
    fingerprints. The likest shares most in proportion to both sizes (the cosine): a post with a long foreign paragraph
    is its own story's, not the paragraph's.
    """
    enough = [
        candidate
        for candidate in candidates
        if candidate.shared >= LEAST_SHARED
        and candidate.opening
        and candidate.shared >= CONTAINMENT * min(size, candidate.size)
    ]
    best = min(enough, key=lambda candidate: (-(candidate.shared**2) / candidate.size, candidate.story), default=None)
    return best.story if best else None


def same_as(candidates: Sequence[Candidate], size: int) -> tuple[Candidate, ...]:
    """Return the candidates that are the same text as a post of `size` fingerprints but for small edits.

    Stricter than `choose`, since it may tell that two whole stories are one: a digest that holds a piece of each of
    them is the same as neither.
    """
    return tuple(
        candidate
        for candidate in candidates
        if candidate.shared >= LEAST_SHARED and candidate.shared >= SAME * max(size, candidate.size)
    )


def shared(text: str, other: str) -> tuple[tuple[int, int], ...]:
    """Return where in `text` (start, end) the clauses stand that `other` has too, as fingerprints see them."""
    theirs = {letters for letters, _, _ in _clauses(other)}
    return tuple((start, end) for letters, start, end in _clauses(text) if letters in theirs)


def _whole(text: str) -> list[str]:
    """Return the letters of each clause that is long enough: as `_clauses`, in a few passes over the whole.

    Replacing one sign all over a text costs less than a hundredth of what a pattern takes with it.
    """
    for mark in _MARKS:
        text = text.replace(mark, "\n")
    if "," in text or ":" in text:
        text = _IN_FIGURES_TOO.sub("\n", text)
    for sign in _OFTEN:
        text = text.replace(sign, "")
    clauses = [part for part in text.split("\n") if len(part) >= _SHORTEST_CLAUSE]
    letters = [part if part.isalnum() else _letters(part) for part in clauses]
    return [clause for clause in letters if len(clause) >= _SHORTEST_CLAUSE]


def _clauses(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the letters of each clause that is long enough, and where it stands."""
    start = 0
    for end, after in (*(bound.span() for bound in _BOUNDS.finditer(text)), (len(text), len(text))):
        if len(letters := _letters(text[start:end])) >= _SHORTEST_CLAUSE:
            yield letters, start, end
        start = after


def _title(title: str) -> list[int]:
    letters = _letters(bare_title(title))
    if len(letters) < _SHORTEST_TITLE or _NOTICES.search(letters):
        return []
    return [_hash(kind, letters) for kind in _TITLES]


def _letters(text: str) -> str:
    return _NO_LETTERS.sub("", text)


def _hash(kind: blake2b, text: str) -> int:
    begun = kind.copy()
    begun.update(text.encode())
    return int.from_bytes(begun.digest(), "big", signed=True)
