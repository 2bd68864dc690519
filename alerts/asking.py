"""What a query means at one desk: names become codes and ids, dates instants, what is asked of alerts stories.

Tree ─ condition ─► Condition │ Refused with the character where it is wrong and what was probably meant
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from alerts.alert import AlertState
from alerts.periods import period
from huiying.core.conditions import Adjacent, All, Any, Condition, OneOf, Seen, Without, Word
from huiying.core.config import Desk
from huiying.core.errors import Refused
from huiying.core.messages import LANGUAGES, text
from huiying.core.model import Level, Tier
from huiying.core.query_tree import Either, Every, Field, Name, Not, Phrase, Tree, Words, printed

Named = Mapping[str, str]  # what may be typed, in small letters: the value that is meant
_DURATION = re.compile(r"P(?:(?P<weeks>\d{1,4})W|(?P<days>\d{1,5})D|T(?P<hours>\d{1,6})H)", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1900, 9998  # days outside cannot be moved between zones


@dataclass(frozen=True, slots=True)
class Known:
    """What a desk knows: `cut` gives the distinct words of a text, `phrase` all in order, `places` the codes of a name.

    `named` is what may be typed after a field and the value that it means, the best name of a value first.
    """

    cut: Callable[[str], tuple[str, ...]]
    phrase: Callable[[str], tuple[str, ...]]
    places: Callable[[str], tuple[str, ...]]
    own_places: tuple[str, ...]
    named: Mapping[Name, Named]
    alerts: tuple[AlertState, ...]
    now: datetime
    zone: str

    def means(self, name: Name, typed: str) -> tuple[str, ...]:
        """Return the values that `typed` means after a place, topic, outlet, tier, level or `has:`; none if nothing."""
        if name is Name.PLACE:
            return self.places(typed)
        value = self.named[name].get(typed.casefold())
        return () if value is None else (value,)


def names(desk: Desk | None) -> Mapping[Name, Named]:
    """Return what may be typed for topics, outlets, tiers, levels and `has:` at `desk`."""
    topics = desk.topics if desk else ()
    outlets = desk.outlets if desk else ()
    return {
        Name.TOPIC: _named((name, topic.id) for topic in topics for name in (topic.name, topic.id, topic.name_en)),
        Name.OUTLET: _named((name, outlet.id) for outlet in outlets for name in (outlet.name, outlet.id)),
        Name.TIER: _named((name, tier) for tier in Tier for name in (*_said("tier", tier), tier)),
        Name.LEVEL: _named(
            (name, str(int(level)))
            for level in Level
            for name in (*_said("level", str(int(level))), level.name, str(int(level)))
        ),
        Name.HAS: {"预警": "alert", "alert": "alert"},
    }


def condition(tree: Tree, known: Known) -> Condition:
    """Return what an index is to find for `tree`.

    A name that nobody knows or an unreadable date is Refused with `at` and `suggestion`, as `query_text.read` does it.
    """
    try:
        return _meant(tree, known)
    except _Unknown as wrong:
        suggestion = printed(_replaced(tree, wrong.field, wrong.near))
        at, value = wrong.field.at + 1, wrong.field.value
        raise Refused(wrong.code, at=at, value=value, known=wrong.known, suggestion=suggestion) from None


class _Unknown(Exception):
    """The value of `field` means nothing; `near` may have been meant, `known` may be typed."""

    def __init__(self, code: str, field: Field, near: str = "", known: Iterable[str] = ()) -> None:
        super().__init__(code, field)
        self.code, self.field, self.near, self.known = code, field, near, "、".join(known)


def _meant(tree: Tree, known: Known) -> Condition:
    match tree:
        case Words(typed):
            return All(tuple(map(Word, known.cut(typed))))
        case Phrase(typed):
            return Adjacent(known.phrase(typed))
        case Not(part):
            return Without(_meant(part, known))
        case Every(parts):
            return All(tuple(_meant(part, known) for part in parts))
        case Either(parts):
            return Any(tuple(_meant(part, known) for part in parts))
        case Field():
            return _field(tree, known)


def _field(field: Field, known: Known) -> Condition:
    match field.name:
        case Name.PLACE:
            return OneOf("places", _places(field, known))
        case Name.TOPIC:
            return OneOf("topics", (_value(field, known),))
        case Name.OUTLET:
            return OneOf("outlet", (_value(field, known),))
        case Name.TIER:
            return OneOf("tier", (_value(field, known),))
        case Name.STORY:
            return OneOf("story", (field.value,))
        case Name.DATE:
            return _seen(field, known)
        case Name.LEVEL:
            level = int(_value(field, known))
            return OneOf("story", tuple(state.story for state in known.alerts if state.level == level))
        case Name.HAS:
            _value(field, known)
            return OneOf("story", tuple(state.story for state in known.alerts))


def _places(field: Field, known: Known) -> tuple[str, ...]:
    codes = known.means(field.name, field.value)
    if not codes:
        raise _Unknown("query_place_unknown", field, _nearest(field.value, known.own_places), known.own_places[:8])
    return codes


def _value(field: Field, known: Known) -> str:
    values = known.means(field.name, field.value)
    if not values:
        named = known.named[field.name]
        best = list(dict.fromkeys(named.values()))
        first = {value: name for name, value in reversed(list(named.items()))}
        near = _nearest(field.value.casefold(), named)
        raise _Unknown(f"query_{field.name}_unknown", field, near, (first[value] for value in best[:8]))
    return values[0]


def _seen(field: Field, known: Known) -> Seen:
    try:
        since, until = span(field.value, known.now, known.zone)
    except ValueError as cause:
        raise _Unknown("query_date_unreadable", field) from cause
    if since is not None and until is not None and since >= until:
        first, _, last = field.value.partition("..")
        raise _Unknown("query_date_empty", field, f"{last}..{first}")
    return Seen(since, until)


def span(typed: str, now: datetime, zone: str) -> tuple[datetime | None, datetime | None]:
    """Return from when (included) to when (not included), in UTC, `typed` lasts; days are those of `zone`.

    A day, a period's name (`alerts.periods`), two of either with ".." between, both included and each may be left out,
    or an ISO 8601 duration of weeks, days or hours that ends now. Anything else is a ValueError.
    """
    if lasting := _DURATION.fullmatch(typed):
        try:
            return now - timedelta(**{unit: int(count) for unit, count in lasting.groupdict(0).items()}), None
        except OverflowError as cause:
            raise ValueError(typed) from cause
    first, dots, last = typed.partition("..")
    if not (first or last):
        raise ValueError(typed)
    since = _bounds(first, zone)[0] if first else None
    until = _bounds(last if dots else first, zone)[1] if last or not dots else None
    return since, until


def _bounds(name: str, zone: str) -> tuple[datetime, datetime]:
    try:
        if not _DAY.fullmatch(name):
            named = period(name, zone)
            return named.begin, named.end
    except Refused as cause:
        raise ValueError(name) from cause
    day = date.fromisoformat(name)
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise ValueError(name)
    begin, end = (datetime.combine(one, time(), ZoneInfo(zone)) for one in (day, day + timedelta(days=1)))
    return begin.astimezone(UTC), end.astimezone(UTC)


def _replaced(tree: Tree, wrong: Field, value: str) -> Tree:
    """Return `tree` with another value for the field `wrong`, or without it where there is none."""
    match tree:
        case Every(parts) | Either(parts):
            left = [_replaced(part, wrong, value) for part in parts]
            kept = tuple(part for part in left if part != Every())
            return kept[0] if len(kept) == 1 else type(tree)(kept) if kept else Every()
        case Not(part):
            inner = _replaced(part, wrong, value)
            return inner if inner == Every() else Not(inner)
        case Field() if tree is wrong:
            return Field(wrong.name, value) if value else Every()
        case _:
            return tree


def _nearest(typed: str, known: Iterable[str]) -> str:
    return next(iter(difflib.get_close_matches(typed, list(known), n=1, cutoff=0.6)), "")


def _named(pairs: Iterable[tuple[str, str]]) -> Named:
    made: dict[str, str] = {}
    for name, value in pairs:
        made.setdefault(name.casefold(), value)
    return made


def _said(table: str, key: str) -> tuple[str, ...]:
    return tuple(text(f"{table}.{key}", language) for language in LANGUAGES)
