"""What may be put right: of which recorded fact which field, and how its right value is read.

An amendment never removes: the wrong value stands struck, the right one beside it. A wrong address or end state tells
in the criteria as `aftermath` and `criteria` say; every other field changes no figure. What is not in the table (unit,
level, evidence, a dismissal) is put right by its own command, which has its own rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from alerts import filling
from alerts.alert import AlertState
from alerts.facts import Fact
from alerts.vocabulary import EndState, Finding
from huiying.core.config import Desk
from huiying.core.errors import Refused
from huiying.core.model import Json

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "verifications": ("finding", "text"),
    "replies": ("address",),
    "elsewhere": ("where",),
    "outcomes": ("address",),
    "notes": ("text",),
    "told": ("to", "text"),
    "reopenings": ("reason",),
    "level_changes": ("reason",),
}
_OF_ONE: Mapping[str, tuple[str, ...]] = {"resolution": ("end_state", "done", "why"), "extension": ("reason",)}


@dataclass(frozen=True, slots=True)
class Amendable:
    """A field of event `of` that may be put right, with the value that stands now."""

    of: int
    field: str
    value: str
    unit: str | None  # whose it is, None where no unit recorded it


def amendable(state: AlertState) -> tuple[Amendable, ...]:
    """Return every field that may be put right, in the order recorded, of both rounds."""
    found = {(one.of, one.field): one for held in (state.judged, state) if held for one in _of_round(held)}
    return tuple(sorted(found.values(), key=lambda one: (one.of, one.field)))


def _of_round(state: AlertState) -> Iterator[Amendable]:
    told = {(fact.of, fact.field): str(fact.value) for fact in state.amendments if fact.field != "address"}
    facts = [(fact, fields) for name, fields in _FIELDS.items() for fact in getattr(state, name)]
    facts += [(fact, fields) for name, fields in _OF_ONE.items() if (fact := getattr(state, name))]
    for fact, fields in facts:
        if getattr(fact, "struck", None) is None:
            for field in fields:
                value = told.get((fact.seq, field), str(getattr(fact, field)))
                yield Amendable(fact.seq, field, value, _unit_of(state, fact))


def _unit_of(state: AlertState, fact: Fact) -> str | None:
    return fact.on_behalf_of or state.unit_at(fact.at)


def payload(state: AlertState, typed: Mapping[str, Json], desk: Desk, under: Desk, unit: str | None) -> dict[str, Json]:
    """Return what `amended` carries. `under` is the configuration that the alert was opened under.

    `unit` is the actor's: a unit puts right its own entries only.
    Refused: "amend_event" (nothing of this event can be put right), "amend_other_unit", "amend_same".
    """
    wanted = (typed.get("event"), typed.get("field"))
    one = next((one for one in amendable(state) if (one.of, one.field) == wanted), None)
    if one is None:
        raise Refused("amend_event", event=str(wanted[0]), field=str(wanted[1])[:40])
    if unit is not None and one.unit != unit:
        raise Refused("amend_other_unit", event=one.of)
    value = _read(one.field, typed, desk, under)
    if value == one.value:
        raise Refused("amend_same")
    return {"of": one.of, "field": one.field, "value": value, "why": filling.words(typed, "why")}


def _read(field: str, typed: Mapping[str, Json], desk: Desk, under: Desk) -> str:
    if field == "address":
        return filling.official_address({"address": typed.get("value")}, desk, under)
    if field == "end_state":
        return str(filling.choice({"end_state": typed.get("value")}, "end_state", EndState))
    if field == "finding":
        return str(filling.choice({"finding": typed.get("value")}, "finding", Finding))
    return filling.words(typed, "value")
