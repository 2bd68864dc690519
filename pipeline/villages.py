"""Villages of a post: names ending in 村, 社区, 屯 or 寨 that one of the counties it names has.

text ─ ends of such names ─► stretches from a word's begin ─ in the counties named ─► the one village meant, or nothing
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from huiying.core.model import PlaceLevel
from huiying.core.places import covers
from pipeline.aliases import place_words
from pipeline.gazetteer import gazetteer
from pipeline.mentions import Text
from pipeline.place_choice import Choice, Context, Form

_END = re.compile("(?:村|社区|屯|寨)(?![镇路街])")
_NO_VILLAGE = frozenset(place_words("no_villages"))
_MOST_COUNTIES = 8
_SHORTEST, _LONGEST = 3, 12


def with_villages(choices: list[Choice], bounded: Text, context: Context) -> list[Choice]:
    """Add the villages of the counties that the post names or the outlet is at home in; a longer name wins."""
    ends = [found.end() for found in _END.finditer(bounded.text)]
    counties = context.counties()[:_MOST_COUNTIES] if ends else []
    if not counties:
        return choices
    starts = bounded.starts | {choice.end for choice in choices}
    for start, end in _stretches(ends, starts):
        inside = [choice for choice in choices if choice.start < end and start < choice.end]
        if any(choice.end - choice.start >= end - start for choice in inside):
            continue
        village = _village(bounded.text[start:end], counties, start, end, context)
        if village is not None and not _contradicted(village, choices):
            choices = sorted([*(choice for choice in choices if choice not in inside), village], key=_begin)
    return choices


def _begin(choice: Choice) -> int:
    return choice.start


def _stretches(ends: Sequence[int], starts: set[int]) -> Iterator[tuple[int, int]]:
    """Yield the stretches that may be a name, in order, of those that begin together the longest first."""
    found = [(end - size, end) for end in ends for size in range(_SHORTEST, _LONGEST + 1) if end - size in starts]
    return iter(sorted(found, key=lambda span: (span[0], -span[1])))


def _village(name: str, counties: Sequence[str], start: int, end: int, context: Context) -> Choice | None:
    """Return the village of that name: in a township that is named, or the only one of its name in a county."""
    if name in _NO_VILLAGE:
        return None
    for county in counties:
        codes = gazetteer().village_codes(county).get(name, ())
        named = [code for code in codes if code[:9].ljust(12, "0") in context.codes]
        meant = named or codes
        if len(meant) == 1:
            form = Form(meant[0], name, PlaceLevel.VILLAGE, full=True)
            return Choice(start, end, form, 90 if named else 75, "township" if named else "county")
    return None


def _contradicted(village: Choice, choices: Sequence[Choice]) -> bool:
    """Say whether another place stands right before the village, which does not lie in it: 重庆团结村 in 义乌."""
    return any(c.end == village.start and not covers(c.form.code, village.form.code) for c in choices)
