"""What stands in an alert's state: each fact with the number and the instant of the event that recorded it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.vocabulary import EndState, Finding, Ground, Step
from huiying.core import codec
from huiying.core.model import Event, Json, Precision


@dataclass(frozen=True, slots=True)
class PostRef:
    """A post of the alert's story, as the ledger knows it; `seq` is the event that brought it, 0 before it is read.

    `capture` is the page that it was read off, where it is held for good, and `sha256` that of its bytes.
    """

    id: str
    version: int
    outlet: str
    address: str
    title: str
    published: datetime | None
    precision: Precision | None
    first_seen: datetime
    text_sha256: str
    capture: str | None = None
    sha256: str | None = None
    seq: int = field(default=0, compare=False)

    def since(self) -> datetime:
        """Return the earliest instant at which it surely stood: a day alone counts from its 24:00."""
        if self.published is None:
            return self.first_seen
        known = self.published + timedelta(days=1) if self.precision is Precision.DAY else self.published
        return min(known, self.first_seen)

    def to_json(self) -> dict[str, Json]:
        """Return the form in which events carry it."""
        page = {"capture": self.capture, "sha256": self.sha256} if self.capture else {}
        return {
            "id": self.id,
            "version": self.version,
            "outlet": self.outlet,
            "address": self.address,
            "title": self.title,
            "published": codec.instant_text(self.published) if self.published else None,
            "precision": str(self.precision) if self.precision else None,
            "first_seen": codec.instant_text(self.first_seen),
            "text_sha256": self.text_sha256,
            **page,
        }


def post_read(written: Mapping[str, Json], seq: int = 0) -> PostRef:
    """Read a post from the payload of event `seq`."""
    return PostRef(
        id=written["id"],
        version=written["version"],
        outlet=written["outlet"],
        address=written["address"],
        title=written["title"],
        published=codec.instant(written["published"]) if written["published"] else None,
        precision=Precision(written["precision"]) if written["precision"] else None,
        first_seen=codec.instant(written["first_seen"]),
        text_sha256=written["text_sha256"],
        capture=written.get("capture"),
        sha256=written.get("sha256"),
        seq=seq,
    )


@dataclass(frozen=True, slots=True)
class Place:
    """A place that the alert's posts name."""

    code: str
    name: str
    level: str


@dataclass(frozen=True, slots=True)
class Fact:
    """Who recorded it, when, under which number."""

    seq: int
    at: datetime
    actor: str
    on_behalf_of: str | None

    @staticmethod
    def head(event: Event) -> tuple[int, datetime, str, str | None]:
        """Return the four fields of `event` that every fact begins with."""
        return event.seq, event.recorded_at, event.actor, event.payload.get("on_behalf_of")


@dataclass(frozen=True, slots=True)
class Acknowledgement(Fact):
    """`due` is the deadline it had to meet; `lapsed` the deadline for assigning that it let pass."""

    due: datetime
    lapsed: datetime | None = None


@dataclass(frozen=True, slots=True)
class Assignment(Fact):
    """`due` is the deadline it had to meet; `returned` when the unit gave it back."""

    unit: str
    due: datetime
    final: bool
    returned: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """`kind` is "address", "capture" or "file"; `value` an address, else the reference of a capture.

    A file has its SHA-256, its name and its size in bytes.
    """

    kind: str
    value: str
    sha256: str = ""
    name: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Verification(Fact):
    finding: Finding
    evidence: tuple[Evidence, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Capture:
    """What we fetched for a published page. `words`: (topic or place code, word, field, start, end).

    `absent_before`: an attempt after the record and before this one was answered that the page is not there.
    """

    seq: int
    at: datetime
    reference: str
    sha256: str
    fetched: datetime
    first_fetched: datetime
    topic_named: bool
    place_named: bool
    words: tuple[tuple[str, str, str, int, int], ...]
    absent_before: bool = False


@dataclass(frozen=True, slots=True)
class Published(Fact):
    """A page on an official outlet: a reply, an outcome or a correction; `failed` is the reason of a failed capture.

    `passed` is the deadline of the step after it, where that had passed already: a later clock does not revive it.
    `struck` is the number of the amendment that says this was the wrong page: it proves nothing, from the beginning.
    """

    address: str
    passed: datetime | None = None
    captures: tuple[Capture, ...] = ()
    failed: str | None = None
    struck: int | None = None


@dataclass(frozen=True, slots=True)
class Elsewhere(Fact):
    """A reply in a broadcast, a paper, an official account: shown, never C3."""

    where: str


@dataclass(frozen=True, slots=True)
class Briefing(Fact):
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Resolution(Fact):
    """`passed` is the deadline for publishing the outcome, where that had passed already.

    `stands_since` is from when an amended end state counts that needs less proof than the one before; None: from `at`.
    """

    end_state: EndState
    done: str
    why: str
    evidence: tuple[Evidence, ...]
    passed: datetime | None = None
    stands_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Extension(Fact):
    working_days: int
    reason: str


@dataclass(frozen=True, slots=True)
class Confirmation(Fact):
    observed_until: datetime


@dataclass(frozen=True, slots=True)
class Proposal(Fact):
    """A dismissal proposed; `of` is the alert that this one duplicates."""

    ground: Ground
    why: str
    of: str | None


@dataclass(frozen=True, slots=True)
class Dismissal(Fact):
    ground: Ground
    why: str
    of: str | None


@dataclass(frozen=True, slots=True)
class Reopening(Fact):
    """`closed` says from what: "confirmed" or "dismissed"."""

    reason: str
    closed: str


@dataclass(frozen=True, slots=True)
class LevelChange(Fact):
    was: int
    level: int
    reason: str


@dataclass(frozen=True, slots=True)
class Escalation:
    seq: int
    at: datetime
    step: Step
    deadline: datetime
    told: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Note(Fact):
    text: str


@dataclass(frozen=True, slots=True)
class Gone:
    """A post whose address no longer had it, `day` days after the opening."""

    seq: int
    at: datetime
    post: str
    address: str
    day: int
    reason: str
    capture: str | None


@dataclass(frozen=True, slots=True)
class PostChange:
    """A post that its outlet changed; `differs`: "title", "text"."""

    seq: int
    at: datetime
    post: str
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recheck:
    """A reply or outcome (event `of`) looked at again `day` days after the confirmation."""

    seq: int
    at: datetime
    of: int
    address: str
    day: int
    there: bool
    reason: str
    capture: str | None


@dataclass(frozen=True, slots=True)
class Judgement(Fact):
    """Whether a new alert is the same matter again, by a supervisor of another unit."""

    same: bool
    why: str


@dataclass(frozen=True, slots=True)
class Recurrence:
    """The alert `other` on the same topic and place within the observation; it counts unless judged by `judge_by`."""

    seq: int
    at: datetime
    other: str
    topic: str
    place: str
    judge_by: datetime
    judged: Judgement | None = None

    def fails_at(self, now: datetime) -> datetime | None:
        """Return since when it counts as the same matter again; None while it may not, or does not."""
        judged = self.judged
        if judged is None or judged.at > self.judge_by:
            return self.judge_by if now > self.judge_by else None
        return judged.at if judged.same else None

    def open_at(self, now: datetime) -> bool:
        """Say whether it is still to be judged."""
        return self.judged is None and now <= self.judge_by


@dataclass(frozen=True, slots=True)
class Amendment(Fact):
    """What is right instead of `field` of event `of`."""

    of: int
    field: str
    value: Json
    why: str


@dataclass(frozen=True, slots=True)
class Mute(Fact):
    """No notification until then; `ended` where somebody ended it before."""

    reason: str
    until: datetime
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class Told(Fact):
    """A higher office that was told."""

    to: str
    text: str
