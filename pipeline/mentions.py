"""Stretches of text that may name a place: one dictionary of every written form, bounded by words and by neighbours.

names of all divisions, former names, the desk's own names ─► dictionary (leftmost, longest)
text, tokens ─► finds ─ at a word's bounds? followed by 路, 大桥? in the title of a work? a person's name? ─► mentions
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import accumulate

import daachorse

from huiying.core.config import Area
from huiying.core.model import PlaceLevel
from huiying.core.places import level_of
from pipeline.aliases import former_kinds, place_words, short_forms
from pipeline.gazetteer import Division, gazetteer
from pipeline.place_choice import Form, Mention

Names = dict[str, tuple[Form, ...]]
_NO_TOWN = frozenset(place_words("no_towns"))
_FOLLOWING = re.compile("|".join(place_words("following")))
_ISLAND = re.compile("岛(?!屿|链)")
_WORK = re.compile("《([^》]{1,40})》")
_PRINTED = re.compile(f"(?:{'|'.join(place_words('printed'))})$")
_SURNAMES = frozenset(place_words("surnames") + place_words("syllables"))
_CLOSING = frozenset("，。、；：！？）”》的等至到和与及或是在县市 \n")
_ESTATES = "|".join(place_words("estates"))
_INNER = f"(?:(?![{''.join(place_words('counting'))}])[\u4e00-\u9fff])"
_ESTATE = re.compile(f"{_INNER}?(?:{_ESTATES})")
_LONG_ESTATE = re.compile(f"{_INNER}{{0,3}}(?:{_ESTATES})")
_LONGEST = 8  # characters of nearly every name
_UPPER = (PlaceLevel.PROVINCE, PlaceLevel.CITY)


class Text:
    """A text with the bounds of its tokens, which join to it. `known` says whether the dictionary of words has one."""

    def __init__(self, text: str, tokens: Sequence[str], known: Callable[[str], bool]) -> None:
        self.text = text
        self._tokens = tokens
        self._known = known
        self._ends = list(accumulate(map(len, tokens)))
        self.starts = {0, *self._ends}
        self._works = [match.span() for match in _WORK.finditer(text) if not _PRINTED.search(match[1])]

    def ends_word(self, end: int) -> bool:
        """Say whether a token ends there."""
        return end in self.starts

    def only_ends_word(self, end: int, later: int) -> bool:
        """Say whether a token ends at `end` and none at `later`."""
        return end in self.starts and later not in self.starts

    def in_work(self, start: int) -> bool:
        """Say whether `start` lies in the title of a book or film; rules and plans are none."""
        return any(begin < start < end for begin, end in self._works)

    def in_person(self, start: int) -> bool:
        """Say whether a surname, or a syllable of foreign names, stands right before `start` as a word of its own."""
        return start > 0 and self.text[start - 1] in _SURNAMES and start - 1 in self.starts

    def closes(self, end: int) -> bool:
        """Say whether no noun or verb can follow at `end`: a sign, the text's end, or a word that joins."""
        return end == len(self.text) or self.text[end] in _CLOSING

    def on_route(self, start: int, end: int) -> bool:
        """Say whether a stretch is an end of a way: 中卫至枣阳, 经大同."""
        return self.text[end : end + 1] in ("至", "到") or self.text[max(0, start - 1) : start] in ("至", "经")

    def miscut(self, start: int, end: int) -> bool:
        """Say whether the words that cut a name apart at its begin hold one that is no known word: 和龙 | 岗区."""
        if end not in self.starts:
            return False
        first = self._tokens[bisect_right(self._ends, start)]
        last = self._tokens[bisect_right(self._ends, end - 1)]
        return not (self._known(first) and self._known(last))


class Dictionary:
    """Every written form of the places of the country and of one desk, found in one pass over a text."""

    def __init__(self, area: Area) -> None:
        names: Names = dict(_national())
        for form, alias in _own(area):
            known = tuple(other for other in names.get(alias, ()) if other.code != form.code)
            names[alias] = (form, *known)
        self._names = names
        self._aliases = list(names)
        self._automaton = daachorse.CharwiseDoubleArrayAhoCorasick(self._aliases, daachorse.MATCH_KIND_LEFTMOST_LONGEST)

    def mentions(self, text: Text) -> list[Mention]:
        """Return the mentions in order. Those that are the begin of a longer name (望江台小区) are left out."""
        found: list[Mention] = []
        previous = 0
        for start, end, number in self._automaton.find(text.text):
            mention = self._mention(text, start, end, number, previous) or self._later(text, start, end, previous)
            if mention and mention.start >= previous:
                found.append(mention)
                previous = mention.end
        return found

    def _mention(self, text: Text, start: int, end: int, number: int, previous: int) -> Mention | None:
        forms = tuple(form for form in self._names[self._aliases[number]] if _usable(form, text, start, end, previous))
        if not forms or (not forms[0].full and self._other(text, end, forms[0].level in _UPPER)):
            return None
        return Mention(start, end, forms, text.closes(end), text.on_route(start, end))

    def _other(self, text: Text, end: int, upper: bool) -> bool:
        """Say whether what follows makes a short form a road or a river, and is no name: 广东 | 河源."""
        following = _FOLLOWING.match(text.text, end)
        if not following or (upper and _ISLAND.match(text.text, end)):
            return False
        for begin, last, _ in self._automaton.find(text.text[end : end + _LONGEST]):
            return begin > 0 or end + last <= following.end() or not text.ends_word(end + last)
        return True

    def _later(self, text: Text, start: int, end: int, previous: int) -> Mention | None:
        """Return the mention that begins inside a find that is none: 龙岗区 in 和龙岗区, where 和龙 is a city."""
        if not self._names[text.text[start:end]]:
            return None
        begin = start + 1
        for first, last, number in self._automaton.find(text.text[begin : end + _LONGEST]):
            if begin + first >= end:
                break
            if mention := self._mention(text, begin + first, begin + last, number, previous):
                return mention
        return None


def _usable(form: Form, text: Text, start: int, end: int, previous: int) -> bool:
    """Say whether a form may stand here: a full name begins at a word, a short one is whole words and nothing else.

    `previous` is the end of the mention before.
    """
    bounded = start in text.starts or (start == previous and start > 0) or text.text.endswith("中国", 0, start)
    if form.full:
        if form.doubt in ("w", "d") and form.name[-1] in "县区" and text.only_ends_word(end - 1, end):
            return False  # 振兴 | 县域
        return bounded or len(form.name) >= 5 or (len(form.name) > 2 and text.miscut(start, end))
    upper = form.level in _UPPER
    if not bounded or not (upper or text.ends_word(end)) or text.in_work(start):
        return False
    if form.level is not PlaceLevel.PROVINCE and start != previous and text.in_person(start):
        return False
    estate = _LONG_ESTATE if form.doubt != "p" else _ESTATE
    return form.own or upper or not estate.match(text.text, end)


@cache
def _national() -> Names:
    """Return the forms of every division down to the township, by what is written; () for words that are no place."""
    names: Names = dict.fromkeys(place_words("other_words"), ())
    for division in gazetteer().divisions:
        if division.level is PlaceLevel.TOWNSHIP and not _named(division.name):
            continue
        for form, alias in _forms(division):
            names[alias] = (*names.get(alias, ()), form)
    for division in (*gazetteer().former, *_former(), *_landmarks()):
        known = names.get(division.name, ())
        if all(form.full is False or form.code[:2] != division.code[:2] for form in known):
            now = gazetteer().name(division.code) or division.name
            names[division.name] = (*known, Form(division.code, now, division.level, full=True))
    return names


def _named(town: str) -> bool:
    """Say whether a township has a name of its own; zones and parks are called by a kind alone (综合保税区)."""
    return len(town) > 2 and town not in _NO_TOWN and town[-1] in "镇乡道木场"


def _forms(division: Division) -> Iterator[tuple[Form, str]]:
    yield Form(division.code, division.name, division.level, full=True, doubt=division.short), division.name
    for alias in short_forms(division.name, division.level):
        full = alias[-1] in "州县旗" and len(alias) > 2
        yield Form(division.code, division.name, division.level, full=full, doubt=division.short), alias


def _former() -> Iterator[Division]:
    """Yield the counties of today under the kinds of name that such counties had before: 松江区 as 松江县."""
    taken = {division.name for division in gazetteer().divisions if division.level in (*_UPPER, PlaceLevel.COUNTY)}
    for division in gazetteer().divisions:
        for name in former_kinds(division.name, division.level):
            if name not in taken and division.short not in ("w", "d"):
                yield Division(division.code, name, division.level)


def _landmarks() -> Iterator[Division]:
    for pair in place_words("landmarks"):
        name, _, digits = pair.partition("=")
        code = digits.ljust(12, "0")
        yield Division(code, name, level_of(code))


def _own(area: Area) -> Iterator[tuple[Form, str]]:
    """Yield the forms of the desk's area and of its own places; their written names count as full names."""
    if area.name:  # without a name it is nobody's area: see `reading.everywhere`
        yield Form(area.code, area.name, level_of(area.code), full=True, own=True), area.name
    for place in area.places:
        for alias in (place.name, *place.aliases):
            full = alias == place.name or len(alias) > 2
            yield Form(place.code, place.name, place.level, full=full, own=True), alias
