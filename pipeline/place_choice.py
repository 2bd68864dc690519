"""Which of the places of one name is meant, decided by parents beside it, parents in the post, and the outlet's home.

forms ─ score each ─► the best, if it is good enough for its level and no other is as good ─► Choice, else None
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from huiying.core.model import PlaceLevel
from huiying.core.places import ancestors, covers, level_of, significant

_NEAR = 6
_PUNCTUATION = re.compile(r"[，。、；：！？,.;:!?\s“”（）()《》和与及至到从]")
_PARENT = {PlaceLevel.PROVINCE: 1.0, PlaceLevel.CITY: 2.0, PlaceLevel.COUNTY: 4.0, PlaceLevel.TOWNSHIP: 6.0}
_PRIOR = {PlaceLevel.PROVINCE: 4.0, PlaceLevel.CITY: 2.5, PlaceLevel.COUNTY: 1.5}
_MUNICIPALITIES = ("11", "12", "31", "50")
_BESIDE = 8.0
_HOME = 3.0
_OWN = 3.0
_CONTRADICTED = -20.0
_MARGIN = 1.0
_MOST_CANDIDATES = 20


@dataclass(frozen=True, slots=True)
class Form:
    """One place under one written form. `doubt` says what a short form is otherwise: see `Division.short`."""

    code: str
    name: str
    level: PlaceLevel
    full: bool
    doubt: str = ""
    own: bool = False


@dataclass(frozen=True, slots=True)
class Mention:
    """A stretch of text and the places that it may mean.

    `closed`: no noun or verb follows it at once. `route`: it is an end of a way (中卫至枣阳).
    """

    start: int
    end: int
    forms: tuple[Form, ...]
    closed: bool = False
    route: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A mention decided: confidence in percent, and why.

    Right after its parent or before a part of it ("beside"), soon after one above it ("near"), the post names one above
    it ("text", "province"), the outlet's home ("home"), the desk's own ("own"), or none of these ("").
    """

    start: int
    end: int
    form: Form
    confidence: int
    why: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """A mention that names a place for certain, but which one cannot be known: the best candidates first."""

    start: int
    end: int
    candidates: tuple[Form, ...]


@dataclass(slots=True)
class Context:
    """The codes that a post names, with those above them, in the order named; the outlet's home; the desk's area."""

    home: str | None
    area: str
    codes: dict[str, None] = field(default_factory=dict)

    @classmethod
    def of(cls, mentions: Iterable[Mention], home: str | None, area: str) -> Context:
        """Return the context of what is certain in itself: provinces, cities and counties whose full name is unique."""
        context = cls(home, area)
        for mention in mentions:
            form = mention.forms[0]
            if len(mention.forms) == 1 and _certain(form):
                context.add(form.code)
        return context

    def add(self, code: str) -> None:
        """Note a place that the post names."""
        for outer in (*ancestors(code), code):
            self.codes.setdefault(outer)

    def elsewhere(self, code: str) -> bool:
        """Say whether the post names provinces, and not the one that `code` lies in."""
        provinces = {known for known in self.codes if level_of(known) is PlaceLevel.PROVINCE}
        return bool(provinces) and not any(covers(known, code) for known in provinces)

    def counties(self) -> list[str]:
        """Return the six digits of the counties named, after the home where that is a county or lies in one."""
        codes = ([self.home] if self.home else []) + list(self.codes)
        return list(dict.fromkeys(code[:6] for code in codes if len(significant(code)) >= 6))


def _certain(form: Form) -> bool:
    if form.level in (PlaceLevel.PROVINCE, PlaceLevel.CITY):
        return form.full or form.doubt != "d"
    return form.level is PlaceLevel.COUNTY and form.full


def choose(
    mention: Mention, before: Choice | None, gap: str, after: Sequence[Form], context: Context
) -> Choice | Unclear | None:
    """Return the place meant, Unclear where several are equally good, None where none is good enough.

    `before` is the place named before it, `gap` the text between the two, `after` what may be meant right after it.
    """
    scored = [(*_beside(form, _score(form, before, gap, context), after), form) for form in mention.forms]
    scored.sort(key=lambda found: -found[0])
    score, why, form = scored[0]
    rivals = [other for points, _, other in scored[1:] if score - points < _MARGIN and other.code != form.code]
    if any(not _inside(form, rival) for rival in rivals):
        sure = score > 0 and (form.full or form.doubt == "p")
        return Unclear(mention.start, mention.end, (form, *rivals)[:_MOST_CANDIDATES]) if sure else None
    if score < 0 or not _enough(form, why, mention, context):
        return None
    bare = not why and not form.full and form.level is PlaceLevel.COUNTY and form.doubt != "p"
    if bare and context.elsewhere(form.code):
        return None
    return Choice(mention.start, mention.end, form, _confidence(why, form), why)


def _beside(form: Form, scored: tuple[float, str], after: Sequence[Form]) -> tuple[float, str]:
    """Return the score and reason of a form, better where something inside it stands right after it: 房山长阳镇."""
    if any(form.code in ancestors(inner.code) for inner in after):
        return scored[0] + _BESIDE, "beside"
    return scored


def _inside(form: Form, rival: Form) -> bool:
    """Say whether both are one place in two levels, as a city and the county of the same name."""
    return covers(form.code, rival.code) or covers(rival.code, form.code)


def _score(form: Form, before: Choice | None, gap: str, context: Context) -> tuple[float, str]:
    score, why = _PRIOR.get(form.level, 0.0) - (0.0 if form.full else 0.5), ""
    if form.own:
        score, why = score + _OWN, "own"
    outer = ancestors(form.code)
    if context.home is not None:
        if covers(context.home, form.code):
            score, why = score + _HOME, "home"
        else:
            score += sum(_PARENT[level_of(code)] / 2 for code in outer if covers(code, context.home))
    named = [code for code in outer if code in context.codes]
    if named:
        score += sum(_PARENT[level_of(code)] for code in dict.fromkeys(named))
        why = "text" if _PARENT[level_of(named[-1])] > 1 or form.level is PlaceLevel.COUNTY else why or "province"
    if form.level is not PlaceLevel.PROVINCE and form.code in context.codes:
        score, why = score + 2.0, why or "text"
    if before is not None and len(gap) <= _NEAR and not _PUNCTUATION.search(gap):
        if before.form.code in outer:
            near = gap or before.form.code != _parent(form.code)
            return score + (_BESIDE / 2 if gap else _BESIDE), "near" if near else "beside"
        bare = not form.full and form.level is PlaceLevel.COUNTY is before.form.level
        elsewhere = bare and _parent(form.code) != _parent(before.form.code)
        if not gap and (_rank(before.form.level) < _rank(form.level) or elsewhere):
            return score + _CONTRADICTED, why
    return score, why


def _parent(code: str) -> str:
    """Return the code of the division right above; counties under no city lie in the province."""
    outer = ancestors(code)
    if level_of(code) is PlaceLevel.COUNTY and (code[:2] in _MUNICIPALITIES or code[2:4] == "90"):
        return outer[0]
    return outer[-1] if outer else ""


def _rank(level: PlaceLevel) -> int:
    return list(PlaceLevel).index(level)


def _enough(form: Form, why: str, mention: Mention, context: Context) -> bool:
    """Say whether the reason is good enough for the level; nothing else is asked of provinces and cities."""
    alone = len(mention.forms) == 1
    if form.doubt == "d" and not form.full:
        meant = why in ("beside", "near", "home", "own") or _parent(form.code) in context.codes
        return meant or (alone and mention.route)
    if form.level in (PlaceLevel.PROVINCE, PlaceLevel.CITY):
        return True
    if form.level is PlaceLevel.COUNTY:
        if form.doubt == "w" and not form.full:
            return why in ("beside", "own") or (why == "near" and mention.closed)
        if not why:
            return alone and (form.full or form.doubt == "p" or len(form.name) > 3)
        return True
    if form.level is PlaceLevel.TOWNSHIP:
        return why in ("beside", "near", "text", "home") or (
            alone and (why in ("own", "province") or len(form.name) > 3)
        )
    if why == "own":
        return alone and not context.elsewhere(form.code)
    return why in ("beside", "near", "text", "home")


def _confidence(why: str, form: Form) -> int:
    if form.level in (PlaceLevel.PROVINCE, PlaceLevel.CITY) and why in ("", "province", "text"):
        return 90
    if form.level is PlaceLevel.TOWNSHIP and not why:
        return 65
    return {"beside": 98, "near": 95, "text": 90, "own": 85, "home": 75, "province": 70, "": 80}[why]
