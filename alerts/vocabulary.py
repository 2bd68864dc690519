"""The words of the rate's definition as enumerations, and the value that every deadline is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from huiying.core import codec
from huiying.core.model import Json


class Step(StrEnum):
    """The steps that have a deadline, in their order."""

    ACKNOWLEDGE = "acknowledge"
    ASSIGN = "assign"
    REPLY = "reply"
    BRIEFING = "briefing"
    RESOLVE = "resolve"
    PUBLISH = "publish"
    CONFIRM = "confirm"


class Stage(StrEnum):
    """How far an alert has come. CONFIRMED, DISMISSED and JOINED are closed."""

    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    VERIFIED = "verified"
    REPLIED = "replied"
    RESOLVED = "resolved"
    PUBLISHED = "published"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    JOINED = "joined"


class Ground(StrEnum):
    """Why an alert may be dismissed. There is no other ground."""

    FALSE_MATCH = "false_match"
    OUTSIDE_JURISDICTION = "outside_jurisdiction"
    DUPLICATE = "duplicate"


class EndState(StrEnum):
    """How a matter ended."""

    SOLVED = "solved"
    PARTLY_SOLVED = "partly_solved"
    NOT_SOLVED = "not_solved"
    UNTRUE = "untrue"


class Finding(StrEnum):
    """What verification found of the report."""

    TRUE = "true"
    PARTLY_TRUE = "partly_true"
    UNTRUE = "untrue"
    NOT_ESTABLISHED = "not_established"


class Criterion(StrEnum):
    """The six criteria of "handled correctly"."""

    C1 = "C1"
    C2 = "C2"
    C3 = "C3"
    C4 = "C4"
    C5 = "C5"
    C6 = "C6"


class Verdict(StrEnum):
    """What is known of a criterion at a cut-off."""

    OK = "ok"
    FAILED = "failed"
    PENDING = "pending"


class CommandType(StrEnum):
    """What a person may ask of an alert. Two of them are one submission of two events."""

    ACKNOWLEDGE = "acknowledge"
    ASSIGN = "assign"
    RETURN = "return"
    VERIFY = "verify"
    REPLY = "reply"
    VERIFY_AND_REPLY = "verify_and_reply"
    REPLY_ELSEWHERE = "reply_elsewhere"
    HOLD_BRIEFING = "hold_briefing"
    CORRECT = "correct"
    RESOLVE = "resolve"
    PUBLISH_OUTCOME = "publish_outcome"
    RESOLVE_AND_PUBLISH = "resolve_and_publish"
    EXTEND = "extend"
    CONFIRM = "confirm"
    REOPEN = "reopen"
    PROPOSE_DISMISSAL = "propose_dismissal"
    DISMISS = "dismiss"
    CHANGE_LEVEL = "change_level"
    NOTE = "note"
    AMEND = "amend"
    JUDGE_RECURRENCE = "judge_recurrence"
    MUTE = "mute"
    UNMUTE = "unmute"
    REPORT_UP = "report_up"


_STEPS = tuple(Step)
WhyField = str | int | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """Why a deadline is the instant it is: a code of the catalogue's table [why], and what fills its sentence.

    Fields that are instants are written by `codec.instant_text`; `after` is a code of the table [after]; `years` are
    the years whose holidays are not known.
    """

    code: str
    fields: Mapping[str, WhyField]


@dataclass(frozen=True, slots=True)
class Deadline:
    """An instant in UTC up to which (included) a step is in time, and why it is this one."""

    at: datetime
    why: Why

    def to_json(self) -> Json:
        """Return the form in which events carry it."""
        fields = {name: list(value) if isinstance(value, tuple) else value for name, value in self.why.fields.items()}
        return {"at": codec.instant_text(self.at), "why": {"code": self.why.code, "fields": fields}}

    @classmethod
    def from_json(cls, written: Json) -> Deadline:
        """Read what `to_json` wrote."""
        why = written["why"]
        fields = why["fields"]
        if "years" in fields:
            fields = {**fields, "years": tuple(fields["years"])}
        return cls(codec.instant(written["at"]), Why(why["code"], fields))


def deadlines_json(deadlines: Mapping[Step, Deadline]) -> Json:
    """Return deadlines by step as events carry them, in the order of the steps."""
    return {str(step): deadlines[step].to_json() for step in Step if step in deadlines}


def deadlines_read(written: Mapping[str, Json]) -> dict[Step, Deadline]:
    """Read what `deadlines_json` wrote."""
    return {step: Deadline.from_json(written[step]) for step in _STEPS if step in written}
