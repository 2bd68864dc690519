"""Places named in a post: found by one dictionary, bounded by words, decided by what else the post names.

title, text ─ dictionary (leftmost, longest) ─► mentions ─ word bounds, following words ─► usable ones
            ─ what is certain (provinces, cities, unique counties) ─► context ─ choose ─► tags, or nothing
            ─ villages of the counties named ─► tags
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from itertools import accumulate, zip_longest
from typing import Any

import daachorse

from huiying.core.config import Area
from huiying.core.model import PlaceLevel, PlaceTag
from huiying.core.places import covers, level_of, significant
from pipeline.aliases import place_words, short_forms
from pipeline.gazetteer import Division, gazetteer
from pipeline.place_choice import Choice, Context, Form, Mention, choose

_FOLLOWING = re.compile("|".join(place_words("following")))
_NO_TOWN = frozenset(place_words("no_towns"))
_NO_VILLAGE = frozenset(place_words("no_villages"))
_MOST_COUNTIES = 8


class PlaceTagger:
    """Tag places for one desk; its own area and its own names come first."""

    def __init__(self, area: Area) -> None:
        self._area = area.code
        self._names: dict[str, tuple[Form, ...]] = dict(_national())
        for form, alias in _own(area):
            known = tuple(other for other in self._names.get(alias, ()) if other.code != form.code)
            self._names[alias] = (form, *known)
        self._aliases = list(self._names)
        self._automaton = daachorse.CharwiseDoubleArrayAhoCorasick(self._aliases, daachorse.MATCH_KIND_LEFTMOST_LONGEST)

    def tag(
        self, title: str, text: str, title_tokens: Sequence[str], text_tokens: Sequence[str], home: str | None
    ) -> tuple[PlaceTag, ...]:
        """Return the tags of a post in order; the tokens of each field must join to it. `home` is the outlet's area.

        A post that names no place has its outlet's home as its only tag, with field "outlet" and low confidence.
        """
        fields = (("title", title, title_tokens), ("text", text, text_tokens))
        found = {field: self._mentions(text, tokens) for field, text, tokens in fields}
        context = Context.of([m for mentions in found.values() for m in mentions], home, self._area)
        tags: list[PlaceTag] = []
        for field, text, tokens in fields:
            choices = _chosen(found[field], text, context)
            choices = _with_villages(choices, text, tokens, context)
            tags += [_tag(choice, field) for choice in choices]
        if not tags and home is not None:
            name = gazetteer().name(home) or ""
            return (PlaceTag(home, name, level_of(home), "outlet", 0, 0, 40, "outlet"),)
        return tuple(tags)

    def _mentions(self, text: str, tokens: Sequence[str]) -> list[Mention]:
        ends = set(accumulate(map(len, tokens)))
        starts = {0} | ends
        mentions: list[Mention] = []
        previous = -1
        for start, end, number in self._automaton.find(text):
            bounded = start in starts or start == previous
            forms = tuple(
                form for form in self._names[self._aliases[number]] if _usable(form, bounded, end in ends, text, end)
            )
            if forms:
                mentions.append(Mention(start, end, forms))
                previous = end
        return mentions


def _usable(form: Form, bounded: bool, ended: bool, text: str, end: int) -> bool:
    """Say whether a form may stand here: a full name begins at a word, a short one is whole words and nothing else."""
    if form.full:
        return bounded or len(form.name) >= 5
    return (
        bounded and (ended or form.level in (PlaceLevel.PROVINCE, PlaceLevel.CITY)) and not _FOLLOWING.match(text, end)
    )


def _chosen(mentions: Iterable[Mention], text: str, context: Context) -> list[Choice]:
    choices: list[Choice] = []
    for mention in mentions:
        before = choices[-1] if choices else None
        choice = choose(mention, before, text[before.end : mention.start] if before else "", context)
        if choice is not None:
            context.add(choice.form.code)
            choices.append(choice)
    return choices


def _with_villages(choices: list[Choice], text: str, tokens: Sequence[str], context: Context) -> list[Choice]:
    """Add the villages of the counties that the post names or the outlet is at home in."""
    starts = {0, *accumulate(map(len, tokens)), *(choice.end for choice in choices)}
    for county in context.counties()[:_MOST_COUNTIES]:
        names, automaton = _villages(county)
        if automaton is None:
            continue
        for start, end, number in automaton.find(text):
            inside = [c for c in choices if c.start < end and start < c.end]
            if (
                start not in starts
                or text[end : end + 1] in ("镇", "路", "街")
                or any(c.end - c.start >= end - start for c in inside)
            ):
                continue
            choice = _village(names[number][1], start, end, context)
            if choice is not None:
                choices = sorted([c for c in choices if c not in inside] + [choice], key=lambda c: c.start)
    return choices


def _village(found: tuple[Division, ...], start: int, end: int, context: Context) -> Choice | None:
    """Return the one village meant: in a township that is named, or the only one of its name in the county."""
    named = [village for village in found if village.code[:9].ljust(12, "0") in context.codes]
    meant = named or list(found)
    if len(meant) != 1:
        return None
    form = Form(meant[0].code, meant[0].name, PlaceLevel.VILLAGE, full=True)
    return Choice(start, end, form, 90 if named else 75, "township" if named else "county")


@lru_cache(maxsize=128)
def _villages(county: str) -> tuple[list[tuple[str, tuple[Division, ...]]], Any]:
    by_name: dict[str, list[Division]] = {}
    for village in gazetteer().villages(county):
        if village.name not in _NO_VILLAGE and village.name[-1] in "村社区屯寨":
            by_name.setdefault(village.name, []).append(village)
    names = [(name, tuple(villages)) for name, villages in by_name.items()]
    if not names:
        return [], None
    keys = [name for name, _ in names]
    return names, daachorse.CharwiseDoubleArrayAhoCorasick(keys, daachorse.MATCH_KIND_LEFTMOST_LONGEST)


def _tag(choice: Choice, field: str) -> PlaceTag:
    form = choice.form
    return PlaceTag(form.code, form.name, form.level, field, choice.start, choice.end, choice.confidence, choice.why)


@cache
def _national() -> dict[str, tuple[Form, ...]]:
    """Return the forms of every division down to the township, by what is written."""
    names: dict[str, tuple[Form, ...]] = {}
    for division in gazetteer().divisions:
        if division.level is PlaceLevel.TOWNSHIP and (len(division.name) < 3 or division.name in _NO_TOWN):
            continue
        form = Form(division.code, division.name, division.level, full=True)
        names[division.name] = (*names.get(division.name, ()), form)
        for alias in short_forms(division.name, division.level):
            full = alias[-1] in "州县旗" and len(alias) > 2
            short = Form(division.code, division.name, division.level, full=full, doubt=division.short)
            names[alias] = (*names.get(alias, ()), short)
    return names


def _own(area: Area) -> list[tuple[Form, str]]:
    """Return the forms of the desk's area and of its own places; their written names count as full names."""
    named = bool(area.name)  # without a name it is nobody's area: see `reading.everywhere`
    forms = [(Form(area.code, area.name, level_of(area.code), full=True, own=True), area.name)] if named else []
    for place in area.places:
        for alias in (place.name, *place.aliases):
            full = alias == place.name or len(alias) > 2
            forms.append((Form(place.code, place.name, place.level, full=full, own=True), alias))
    return forms


def _qualifies(tag: PlaceTag, after: PlaceTag) -> bool:
    """Say whether `tag` only says where the place right after it lies."""
    return tag.field == after.field and tag.end == after.start and covers(tag.code, after.code)


def primary_place(tags: Sequence[PlaceTag], lead: int = 120) -> str | None:
    """Return the code of the place that a post is mostly about, None where it names none.

    A tag in the title weighs 3, in the first `lead` characters 1.5, else 1; from the province down, the heaviest inner
    place is followed while it holds more than half of the weight of the outer one. 青石县 in 青石县红河镇 adds none.
    """
    named = [tag for tag, after in zip_longest(tags, tags[1:]) if after is None or not _qualifies(tag, after)]
    inside = [(tag.code, 3.0 if tag.field == "title" else 1.5 if tag.start < lead else 1.0) for tag in named]
    best: str | None = None
    for width in (2, 4, 6, 9, 12):
        sums: dict[str, float] = {}
        for code, weight in inside:
            if len(significant(code)) >= width:
                outer = code[:width].ljust(12, "0")
                sums[outer] = sums.get(outer, 0.0) + weight
        heaviest = max(sums, key=lambda code: sums[code], default=None)
        if heaviest is None or (best is not None and 2 * sums[heaviest] <= sum(weight for _, weight in inside)):
            break
        best = heaviest
        inside = [(code, weight) for code, weight in inside if covers(heaviest, code)]
    return best
