"""The desk's saved searches: which stand now, and which stood in a period. They stand in the ledger and in the report.

search_saved ─► stands ─ search_removed ─► stood
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from alerts import filling
from alerts.events import EventType
from huiying.core.errors import Refused
from huiying.core.model import Event, Json

LONGEST_NAME = 40
MOST = 50


@dataclass(frozen=True, slots=True)
class Search:
    """A query under a name; `seq` and `at` say when it was saved, `actor` by whom."""

    seq: int
    name: str
    query: str
    actor: str
    at: datetime
    removed: datetime | None = None


def searches(events: Iterable[Event]) -> list[Search]:
    """Return every search that `events` saved, in that order, with when it was removed."""
    found: dict[int, Search] = {}
    for event in events:
        if event.type == EventType.SEARCH_SAVED:
            said = event.payload
            found[event.seq] = Search(event.seq, said["name"], said["query"], event.actor, event.recorded_at)
        elif event.type == EventType.SEARCH_REMOVED and event.payload["of"] in found:
            of = event.payload["of"]
            found[of] = replace(found[of], removed=event.recorded_at)
    return list(found.values())


def standing(events: Iterable[Event]) -> list[Search]:
    """Return the searches that were not removed."""
    return [search for search in searches(events) if search.removed is None]


def stood(events: Iterable[Event], begin: datetime, end: datetime) -> list[Search]:
    """Return the searches that stood at any instant from `begin` on and before `end`."""
    return [one for one in searches(events) if one.at < end and (one.removed is None or one.removed >= begin)]


def saving(name: str, query: str, known: Iterable[Search]) -> dict[str, Json]:
    """Return what `search_saved` carries. Raises Refused for no name or query, a name in use, and one too many."""
    written = filling.words({"name": name}, "name")
    if len(written) > LONGEST_NAME:
        raise Refused("text_too_long", most=LONGEST_NAME)
    names = [search.name for search in known]
    if written in names:
        raise Refused("search_name_taken", name=written)
    if len(names) >= MOST:
        raise Refused("searches_too_many", most=MOST)
    return {"name": written, "query": filling.words({"query": query}, "query")}


def removing(of: int, known: Iterable[Search]) -> dict[str, Json]:
    """Return what `search_removed` carries; Refused where no such search stands."""
    for search in known:
        if search.seq == of:
            return {"of": of, "name": search.name}
    raise Refused("search_not_saved")
