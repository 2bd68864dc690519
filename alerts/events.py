"""The event types of the ledger, and what the payload of each carries.

Instants in payloads are texts of `codec.instant_text`, deadlines `Deadline.to_json`. The names of types and keys are
final: stored bytes are hashed, so later versions add keys and types and change none.

An event that starts a clock carries `deadlines`: what it makes due, computed when it was recorded. So figures need
neither policy nor calendar.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NotRequired, TypedDict

from huiying.core.model import Json


class EventType(StrEnum):
    """Every type that this version records."""

    LEDGER_CREATED = "ledger_created"
    CONFIGURATION_CHANGED = "configuration_changed"
    OPENED = "opened"
    RULE_MATCHED = "rule_matched"
    POST_ATTACHED = "post_attached"
    POST_CHANGED = "post_changed"
    ACKNOWLEDGED = "acknowledged"
    ACKNOWLEDGEMENT_LAPSED = "acknowledgement_lapsed"
    ASSIGNED = "assigned"
    RETURNED = "returned"
    VERIFIED = "verified"
    REPLIED = "replied"
    REPLIED_ELSEWHERE = "replied_elsewhere"
    CAPTURED = "captured"
    CAPTURE_FAILED = "capture_failed"
    BRIEFING_HELD = "briefing_held"
    CORRECTED = "corrected"
    RESOLVED = "resolved"
    OUTCOME_PUBLISHED = "outcome_published"
    EXTENDED = "extended"
    CONFIRMED = "confirmed"
    REOPENED = "reopened"
    DISMISSAL_PROPOSED = "dismissal_proposed"
    DISMISSED = "dismissed"
    LEVEL_CHANGED = "level_changed"
    ESCALATED = "escalated"
    NOTED = "noted"
    HEARTBEAT = "heartbeat"
    RESTORED = "restored"
    REPORT_ISSUED = "report_issued"
    CHECKPOINT_ISSUED = "checkpoint_issued"


class LedgerCreated(TypedDict):
    kind: str  # "office", "demonstration" or "test"
    origin: str
    public_key: str


class ConfigurationChanged(TypedDict):
    files: dict[str, str]  # the whole text of each recorded file
    differs: dict[str, list[str]]  # by file, the lines "+ …" and "- …" against the configuration before


class PostPayload(TypedDict):
    id: str
    version: int
    outlet: str
    address: str
    title: str
    published: str | None
    precision: str | None
    first_seen: str
    text_sha256: str


class PlacePayload(TypedDict):
    code: str
    name: str
    level: str


class EarliestPayload(TypedDict):
    at: str
    precision: str  # "second", "minute"; "day": 24:00 of that day, "at least"


class Opened(TypedDict):
    by_hand: bool
    rule: str | None
    rule_version: str | None  # first 16 hex digits of SHA-256 over the rule's canonical JSON
    why: str  # a code of the table [match], or the duty officer's sentence where opened by hand
    story: str
    posts: list[PostPayload]
    level: int
    place: str  # code of the place that the reply must name
    places: list[PlacePayload]
    topics: list[str]
    deadlines: Json
    due: str
    configuration: int  # number of the configuration_changed in force
    earliest: EarliestPayload


class RuleMatched(TypedDict):
    rule: str
    rule_version: str
    post: str
    topic: str
    place: str
    why: str


class PostAttached(TypedDict):
    post: PostPayload
    duplicate: NotRequired[str]  # the alert dismissed as a duplicate of this one, from which the post comes


class PostChanged(TypedDict):
    post: PostPayload
    differs: list[str]  # "title", "text"


class Spoken(TypedDict):
    """What every event by a person may carry besides."""

    on_behalf_of: NotRequired[str]  # the unit that told the duty desk by telephone


class Acknowledged(Spoken):
    deadlines: Json  # assign


class AcknowledgementLapsed(TypedDict):
    acknowledged: int


class Assigned(Spoken):
    unit: str
    final: bool  # after two returns, by a supervisor: cannot be returned


class Returned(Spoken):
    unit: str
    reason: str
    deadlines: Json  # assign


class EvidencePayload(TypedDict):
    kind: str  # "address" or "capture"
    value: str


class Verified(Spoken):
    finding: str
    evidence: list[EvidencePayload]
    text: NotRequired[str]


class Replied(Spoken):
    address: str


class RepliedElsewhere(Spoken):
    where: str


class CapturedPayload(TypedDict):
    of: int
    address: str
    capture: str
    sha256: str
    fetched: str
    first_fetched: str  # of this version, by our crawler
    topic_named: bool
    place_named: bool
    words: list[list[Json]]  # [topic or place code, word, "title" or "text", start, end]
    attempt: int  # from 1
    absent_before: bool  # an earlier attempt was answered that the page is not there: no back-dating to the record
    status: int
    final_address: str  # after redirects
    configuration: int  # number of the configuration_changed whose words were looked for


class CaptureFailed(TypedDict):
    of: int
    address: str
    reason: str
    attempts: int


class BriefingHeld(Spoken):
    evidence: list[EvidencePayload]


class Corrected(Spoken):
    statement: str
    address: str


class Resolved(Spoken):
    end_state: str
    done: str
    why: NotRequired[str]
    evidence: list[EvidencePayload]
    deadlines: Json  # publish


class OutcomePublished(Spoken):
    address: str
    deadlines: NotRequired[Json]  # confirm; only the first publication after a resolution starts that clock


class Extended(TypedDict):
    working_days: int
    reason: str
    deadlines: Json  # resolve, publish, confirm
    due: str


class Confirmed(TypedDict):
    resolved: int
    observed_until: str


class Reopened(Spoken):
    reason: str
    closed: str  # "confirmed" or "dismissed"
    deadlines: NotRequired[Json]  # every step anew, after "confirmed"


class DismissalProposed(TypedDict):
    ground: str
    why: str
    of: NotRequired[str]  # the alert that it duplicates


class Dismissed(TypedDict):
    proposal: int
    ground: str
    why: str
    of: NotRequired[str]


class LevelChanged(TypedDict):
    was: int
    level: int
    reason: str
    deadlines: NotRequired[Json]  # those that a raised level makes earlier


class Escalated(TypedDict):
    step: str
    deadline: str
    unit: str | None
    told: list[str]  # channels


class Noted(Spoken):
    text: str


class Heartbeat(TypedDict):
    started: str  # when this watch started


class Restored(TypedDict):
    """What a restored ledger says of the one before: what it holds of it, and what may be lost."""

    origin: str  # the new one, "name/2"
    of: str  # the one before it
    last: int  # number of the last event that the backup held
    chain: str  # its chain hash, hexadecimal
    known: int  # last number known of the ledger before; events above `last` up to it are lost
    known_chain: str  # its chain hash, as a report or `huiying verify` printed it
    lost_from: str  # when the backup was made: what was recorded from then on may be lost
    lost_until: str  # when it was restored


class ReportIssued(TypedDict):
    period: str
    cutoff: str
    events: int  # number of the last event counted
    kind: str  # "week", "month", "quarter", "half_year", "year" or "dates"
    figures: str  # SHA-256 of the figures' canonical JSON
    correct: int
    not_correct: int
    excluded: int


class CheckpointIssued(TypedDict):
    size: int  # events covered; this event is not among them
    root: str  # Merkle root of RFC 6962, hexadecimal
    note: str  # the whole signed note of C2SP
    reason: str  # "by_hand"


PAYLOADS: dict[EventType, type] = {
    EventType.LEDGER_CREATED: LedgerCreated,
    EventType.CONFIGURATION_CHANGED: ConfigurationChanged,
    EventType.OPENED: Opened,
    EventType.RULE_MATCHED: RuleMatched,
    EventType.POST_ATTACHED: PostAttached,
    EventType.POST_CHANGED: PostChanged,
    EventType.ACKNOWLEDGED: Acknowledged,
    EventType.ACKNOWLEDGEMENT_LAPSED: AcknowledgementLapsed,
    EventType.ASSIGNED: Assigned,
    EventType.RETURNED: Returned,
    EventType.VERIFIED: Verified,
    EventType.REPLIED: Replied,
    EventType.REPLIED_ELSEWHERE: RepliedElsewhere,
    EventType.CAPTURED: CapturedPayload,
    EventType.CAPTURE_FAILED: CaptureFailed,
    EventType.BRIEFING_HELD: BriefingHeld,
    EventType.CORRECTED: Corrected,
    EventType.RESOLVED: Resolved,
    EventType.OUTCOME_PUBLISHED: OutcomePublished,
    EventType.EXTENDED: Extended,
    EventType.CONFIRMED: Confirmed,
    EventType.REOPENED: Reopened,
    EventType.DISMISSAL_PROPOSED: DismissalProposed,
    EventType.DISMISSED: Dismissed,
    EventType.LEVEL_CHANGED: LevelChanged,
    EventType.ESCALATED: Escalated,
    EventType.NOTED: Noted,
    EventType.HEARTBEAT: Heartbeat,
    EventType.RESTORED: Restored,
    EventType.REPORT_ISSUED: ReportIssued,
    EventType.CHECKPOINT_ISSUED: CheckpointIssued,
}
