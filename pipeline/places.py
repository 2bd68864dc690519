"""Places named in a post: found by one dictionary, bounded by words, decided by what else the post names.

title, text ─ dictionary (leftmost, longest) ─► mentions ─ word bounds, following words ─► usable ones
            ─ what is certain (provinces, cities, unique counties) ─► context ─ choose ─► tags, or nothing
            ─ villages of the counties named ─► tags
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from huiying.core.config import Area
from huiying.core.model import PlaceTag
from huiying.core.places import covers, level_of, significant
from pipeline.gazetteer import gazetteer
from pipeline.mentions import Dictionary, Text
from pipeline.place_choice import Choice, Context, Mention, Unclear, choose
from pipeline.villages import with_villages


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A stretch of `field` that names one of several places, none of them for certain: the likeliest codes first."""

    field: str
    start: int
    end: int
    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """The tags of a post in order, and what is ambiguous in it."""

    tags: tuple[PlaceTag, ...]
    ambiguous: tuple[Ambiguous, ...] = ()


class PlaceTagger:
    """Tag places for one desk; its own area and its own names come first. `known` says which words a dictionary has."""

    def __init__(self, area: Area, known: Callable[[str], bool]) -> None:
        self._area = area.code
        self._known = known
        self._dictionary = Dictionary(area)

    def find(
        self, title: str, text: str, title_tokens: Sequence[str], text_tokens: Sequence[str], home: str | None
    ) -> Places:
        """Return the places of a post; the tokens of each field must join to it. `home` is the outlet's area.

        A post that names no place has its outlet's home as its only tag, with field "outlet" and low confidence.
        """
        texts = {"title": Text(title, title_tokens, self._known), "text": Text(text, text_tokens, self._known)}
        found = {field: self._dictionary.mentions(bounded) for field, bounded in texts.items()}
        context = Context.of([m for mentions in found.values() for m in mentions], home, self._area)
        tags: list[PlaceTag] = []
        unclear: list[Ambiguous] = []
        for field, bounded in texts.items():
            choices, open_ones = _chosen(found[field], bounded.text, context)
            choices = with_villages(choices, bounded, context)
            tags += [_tag(choice, field) for choice in choices]
            unclear += [_ambiguous(one, field) for one in open_ones if not _overlaps(one, choices)]
        if not tags and home is not None:
            name = gazetteer().name(home) or ""
            tags = [PlaceTag(home, name, level_of(home), "outlet", 0, 0, 40, "outlet")]
        return Places(tuple(tags), tuple(unclear))

    def home(self, outlet: str, tokens: Sequence[str]) -> str | None:
        """Return the code of the first place in an outlet's name (石家庄日报), None where it names none."""
        return next((tag.code for tag in self.find("", outlet, (), tokens, None).tags), None)


def _chosen(mentions: Sequence[Mention], text: str, context: Context) -> tuple[list[Choice], list[Unclear]]:
    choices: list[Choice] = []
    unclear: list[Unclear] = []
    for mention, after in zip_longest(mentions, mentions[1:]):
        before = choices[-1] if choices else None
        inner = after.forms if after and after.start == mention.end else ()
        choice = choose(mention, before, text[before.end : mention.start] if before else "", inner, context)
        if isinstance(choice, Unclear):
            unclear.append(choice)
        elif choice is not None:
            context.add(choice.form.code)
            choices.append(choice)
    return choices, unclear


def _tag(choice: Choice, field: str) -> PlaceTag:
    form = choice.form
    return PlaceTag(form.code, form.name, form.level, field, choice.start, choice.end, choice.confidence, choice.why)


def _ambiguous(unclear: Unclear, field: str) -> Ambiguous:
    return Ambiguous(field, unclear.start, unclear.end, tuple(form.code for form in unclear.candidates))


def _overlaps(unclear: Unclear, choices: Sequence[Choice]) -> bool:
    return any(choice.start < unclear.end and unclear.start < choice.end for choice in choices)


def _qualifies(tag: PlaceTag, after: PlaceTag) -> bool:
    """Say whether `tag` only says where the place right after it lies."""
    return tag.field == after.field and tag.end == after.start and covers(tag.code, after.code)


def _weight(tag: PlaceTag, first: bool, lead: int) -> float:
    if tag.field == "title":
        return 5.0 if first else 3.0
    return 1.5 if tag.start < lead else 1.0


def primary_place(tags: Sequence[PlaceTag], lead: int = 120) -> str | None:
    """Return the code of the place that a post is mostly about, None where it names none.

    A tag in the title weighs 3, the first one 5, one in the first `lead` characters 1.5, else 1; from the province
    down, the heaviest inner place is followed while it holds more than half of the weight of the outer one. 青石县 in
    青石县红河镇 adds none.
    """
    named = [tag for tag, after in zip_longest(tags, tags[1:]) if after is None or not _qualifies(tag, after)]
    inside = [(tag.code, _weight(tag, number == 0, lead)) for number, tag in enumerate(named)]
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
