"""The events of one alert as a timeline: who, when, what, each with its own lines; all text from the catalogues."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerts.events import EventType
from alerts.versions import changes, versions
from alerts.wording import Wording
from huiying.core.codec import instant
from huiying.core.config import Desk
from huiying.core.model import Event, Role


@dataclass(frozen=True, slots=True)
class Line:
    """One line under an event: what it is, its text, and where it leads."""

    label: str
    text: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One event. `who` is a name, or the pseudonym where the name was erased; empty for the system."""

    seq: int
    type: str
    title: str
    at: datetime
    claimed_at: datetime | None
    system: bool
    who: str
    role: str
    unit: str
    on_behalf_of: str
    lines: tuple[Line, ...]


def timeline(events: Sequence[Event], desk: Desk, names: dict[str, str], wording: Wording) -> list[Entry]:
    """Return one entry an event, in the order recorded."""
    compared = changes(events)
    return [_entry(event, desk, names, wording, event.seq in compared) for event in events]


def _entry(event: Event, desk: Desk, names: dict[str, str], wording: Wording, compared: bool) -> Entry:
    system = event.role is Role.SYSTEM
    behalf = event.payload.get("on_behalf_of", "")
    return Entry(
        seq=event.seq,
        type=event.type,
        title=wording.text(f"event.{event.type}"),
        at=event.recorded_at,
        claimed_at=event.claimed_at,
        system=system,
        who="" if system else names.get(event.actor, event.actor),
        role=wording.text(f"role.{event.role}"),
        unit=unit_name(desk, event.unit),
        on_behalf_of=unit_name(desk, behalf),
        lines=(*_lines(event, desk, wording), *_pages(event, wording, compared)),
    )


def unit_name(desk: Desk, id: str | None) -> str:
    """Return a unit's name; its id where it is configured no more, empty for None."""
    unit = desk.unit(id or "")
    return unit.name if unit else id or ""


def _lines(event: Event, desk: Desk, wording: Wording) -> Iterator[Line]:
    payload = event.payload
    for key, told in _TOLD.items():
        if key in payload and payload[key] not in ("", None, []) and key not in _HIDDEN.get(event.type, ()):
            for text, link in told(payload[key], event, desk, wording):
                yield Line(wording.text(f"line.{key}"), text, link)


def _pages(event: Event, wording: Wording, compared: bool) -> Iterator[Line]:
    """Yield what leads to the page that a post was read off, and to what changed since the version before."""
    cited = next((held for held in versions(event) if held.capture and held.text_sha256), None)
    if cited:
        yield Line(wording.text("line.capture"), *_cited(event, str(cited.capture), cited.sha256))
    if compared:
        link = f"/alerts/{event.alert}/changes/{event.seq}"
        yield Line(wording.text("line.changes"), wording.text("changes.title"), link)


def _cited(event: Event, capture: str, sha256: str | None) -> tuple[str, str]:
    return f"SHA-256 {sha256[:16]}…" if sha256 else capture, f"/alerts/{event.alert}/captures/{event.seq}"


_Told = Callable[[Any, Event, Desk, Wording], Iterator[tuple[str, str | None]]]


def _plain(value: Any, event: Event, desk: Desk, wording: Wording) -> Iterator[tuple[str, str | None]]:
    yield str(value), None


def _address(value: Any, event: Event, desk: Desk, wording: Wording) -> Iterator[tuple[str, str | None]]:
    yield value, web_address(value)


def web_address(written: str) -> str | None:
    """Return the address where a link may lead to it: http and https only."""
    return written if written.startswith(("http://", "https://")) else None


def _unit(value: Any, event: Event, desk: Desk, wording: Wording) -> Iterator[tuple[str, str | None]]:
    yield unit_name(desk, value), None


def _code(table: str) -> _Told:
    def told(value: Any, event: Event, desk: Desk, wording: Wording) -> Iterator[tuple[str, str | None]]:
        """Yield the word for a code of `table`, the code itself where there is none."""
        key = f"{table}.{value}"
        yield wording.text(key) if wording.known(key) else str(value), None

    return told


def _instant(value: Any, event: Event, desk: Desk, wording: Wording) -> Iterator[tuple[str, str | None]]:
    yield wording.moment(instant(value)), None


def _deadline(value: Any, event: Event, desk: Desk, wording: Wording) -> Iterator[tuple[str, str | None]]:
    yield wording.until(instant(value)), None


def _rule(value: Any, event: Event, desk: Desk, wording: Wording) -> Iterator[tuple[str, str | None]]:
    rule = next((rule for rule in desk.rules if rule.id == value), None)
    yield rule.name if rule else str(value), None


def _raised(value: Any, event: Event, desk: Desk, wording: Wording) -> Iterator[tuple[str, str | None]]:
    """A count of the post that makes the level higher than the rule's."""
    kind, rule = wording.text(f"count.{value['kind']}"), wording.text(f"level.{value['rule_level']}")
    yield wording.text("match.raised", words=value["words"], kind=kind, at_least=value["at_least"], rule=rule), None


def _posts(value: Any, event: Event, desk: Desk, wording: Wording) -> Iterator[tuple[str, str | None]]:
    for post in value if isinstance(value, list) else [value]:
        outlet = desk.outlet(post["outlet"])
        yield f"{outlet.name if outlet else post['outlet']}: {post['title']}", web_address(post["address"])


def _evidence(value: Any, event: Event, desk: Desk, wording: Wording) -> Iterator[tuple[str, str | None]]:
    for number, piece in enumerate(value):
        if piece["kind"] == "file":
            shown = f"{piece['name']} · {-(-piece['size'] // 1024)} KB · SHA-256 {piece['sha256'][:16]}…"
            yield shown, f"/alerts/{event.alert}/files/{event.seq}/{number}"
        else:
            yield piece["value"], web_address(piece["value"])


def _capture(value: Any, event: Event, desk: Desk, wording: Wording) -> Iterator[tuple[str, str | None]]:
    if event.type == EventType.CAPTURE_OPENED:  # its own page is that of the event that recorded it
        yield str(value), None
    else:
        yield _cited(event, str(value), event.payload.get("sha256"))


def _reason(value: Any, event: Event, desk: Desk, wording: Wording) -> Iterator[tuple[str, str | None]]:
    """A reason that a person typed, or the code of what a look at a page found."""
    code = f"look.{value}"
    looked = event.type in (EventType.POST_GONE, EventType.RECHECKED) and wording.known(code)
    yield wording.text(code) if looked else str(value), None


def _named(value: Any, event: Event, desk: Desk, wording: Wording) -> Iterator[tuple[str, str | None]]:
    yield wording.text("line.yes" if value else "line.no"), None


def _words(value: Any, event: Event, desk: Desk, wording: Wording) -> Iterator[tuple[str, str | None]]:
    yield "、".join(dict.fromkeys(word for _, word, *_ in value)), None


def _same(value: Any, event: Event, desk: Desk, wording: Wording) -> Iterator[tuple[str, str | None]]:
    yield wording.text("same.yes" if value else "same.no"), None


def _value(value: Any, event: Event, desk: Desk, wording: Wording) -> Iterator[tuple[str, str | None]]:
    key = f"{event.payload['field']}.{value}"
    yield wording.text(key) if wording.known(key) else str(value), web_address(str(value))


def _several(value: Any, event: Event, desk: Desk, wording: Wording) -> Iterator[tuple[str, str | None]]:
    yield ", ".join(str(each) for each in value), None


def _alert(value: Any, event: Event, desk: Desk, wording: Wording) -> Iterator[tuple[str, str | None]]:
    yield (value, f"/alerts/{value}") if isinstance(value, str) else (f"#{value}", f"#event-{value}")


# Every key of a payload that people read, in the order in which its line stands.
_TOLD: dict[str, _Told] = {
    "rule": _rule,
    "field": _code("line"),
    "value": _value,
    "same": _same,
    "why": _code("match"),
    "posts": _posts,
    "post": _posts,
    "differs": _several,
    "unit": _unit,
    "was": _code("level"),
    "level": _code("level"),
    "raised": _raised,
    "finding": _code("finding"),
    "text": _plain,
    "end_state": _code("end_state"),
    "done": _plain,
    "statement": _plain,
    "address": _address,
    "where": _plain,
    "evidence": _evidence,
    "ground": _code("ground"),
    "of": _alert,
    "duplicate": _alert,
    "joined": _alert,
    "other": _alert,
    "suspected": _alert,
    "judge_by": _deadline,
    "proposal": _alert,
    "reason": _reason,
    "working_days": _plain,
    "fetched": _instant,
    "first_fetched": _instant,
    "topic_named": _named,
    "place_named": _named,
    "words": _words,
    "capture": _capture,
    "attempts": _plain,
    "step": _code("step"),
    "deadline": _deadline,
    "told": _several,
    "to": _plain,
    "until": _instant,
    "observed_until": _instant,
    "day": _plain,
    "there": _named,
}
# A post that a rule matched, or that is gone, is named by its id alone; it stands in another event already.
_HIDDEN: dict[str, tuple[str, ...]] = {EventType.RULE_MATCHED: ("post",), EventType.POST_GONE: ("post",)}
