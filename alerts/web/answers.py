"""Values as the JSON API answers them: instants as ISO 8601 in UTC, codes as they are, no names of persons."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from alerts.alert import AlertState
from alerts.vocabulary import deadlines_json
from huiying.core.codec import instant_text
from huiying.core.model import Event


class Problem(BaseModel):
    """Every error: a code for programs, a sentence for people, and the fields that filled it."""

    code: str
    sentence: str
    fields: dict[str, Any]


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (400, 401, 403, 404, 409, 422, 429, 503)
}
# Left out: words for the index, and the state before a reopening, whose events stand in the timeline.
_LEFT_OUT = frozenset({"title_words", "text_words", "judged", "person_seq", "round_seq"})


def plain(value: Any) -> Any:
    """Return dataclasses and named tuples as objects, instants as texts, everything else as JSON has it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value) if field.name not in _LEFT_OUT}
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    return value


def alert_json(state: AlertState) -> dict[str, Any]:
    """Return one alert as a whole."""
    derived = {
        "stage": state.stage,
        "closed": state.closed,
        "title": state.title,
        "unit": state.unit,
        "place_name": state.place_name,
        "deadlines": deadlines_json(state.deadlines),
    }
    answer: dict[str, Any] = plain(state)
    return answer | derived


def event_json(event: Event) -> dict[str, Any]:
    """Return one event of the ledger with its hashes in hexadecimal."""
    return {
        "seq": event.seq,
        "type": event.type,
        "alert": event.alert,
        "actor": event.actor,
        "role": event.role,
        "unit": event.unit,
        "recorded_at": instant_text(event.recorded_at),
        "claimed_at": instant_text(event.claimed_at) if event.claimed_at else None,
        "payload": dict(event.payload),
        "leaf": event.leaf.hex(),
        "chain": event.chain.hex(),
    }
