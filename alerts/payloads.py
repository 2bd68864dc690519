"""What the events of an alert carry.

Instants are texts of `codec.instant_text`, deadlines `Deadline.to_json`. An event that starts a clock carries
`deadlines`: what it makes due, computed when it was recorded. So figures need neither policy nor calendar.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict

from huiying.core.model import Json


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
    capture: NotRequired[str]  # of the page that it was read off, where that was still held
    sha256: NotRequired[str]  # of that page's bytes


class PlacePayload(TypedDict):
    code: str
    name: str
    level: str


class EarliestPayload(TypedDict):
    at: str
    precision: str  # "second", "minute"; "day": 24:00 of that day, "at least"


class RaisedPayload(TypedDict):
    """Why a level is above its rule's: a count of the post that [[severity]] of topics.toml names."""

    rule_level: int
    kind: str  # a CountKind
    value: int
    at_least: int
    words: str  # the count as the post writes it


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
    raised: NotRequired[RaisedPayload]


class RuleMatched(TypedDict):
    """A further rule. One of a higher level tightens what is not yet done, as a raised level does."""

    rule: str
    rule_version: str
    post: str
    topic: str
    place: str
    why: str
    raised: NotRequired[RaisedPayload]
    level: NotRequired[int]  # where it is higher than the alert's
    deadlines: NotRequired[Json]  # those that this makes earlier


class PostAttached(TypedDict):
    post: PostPayload
    duplicate: NotRequired[str]  # the alert dismissed as a duplicate of this one, from which the post comes


class PostChanged(TypedDict):
    post: PostPayload
    differs: list[str]  # "title", "text"


class PostGone(TypedDict):
    """A post's address was looked at again: it is not there any more, or names topic and place no more."""

    post: str
    address: str
    day: int  # 1, 3, 7 or 30 days after the alert was opened
    checked: str
    reason: str  # "http_404", "http_410"; "not_named" where the article is there
    capture: str | None  # of the answer that says so, where it had a body
    sha256: NotRequired[str | None]


class StoriesJoined(TypedDict):
    """Of the alert that was opened earlier and is kept; its posts come by `post_attached`."""

    joined: str  # the alert that ends here
    deadlines: Json  # those of `joined` that are earlier, of steps not yet done


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
    kind: str  # "address", "capture" or "file"
    value: str  # an address; else the reference of a capture
    sha256: NotRequired[str]  # of a file
    name: NotRequired[str]
    size: NotRequired[int]  # bytes


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


class Rechecked(TypedDict):
    """A page that proves C3 or C5, looked at again after the alert was confirmed."""

    of: int  # the event `replied` or `outcome_published`
    address: str
    day: int  # 7 or 28
    checked: str
    there: bool  # it answers and still names topic and place
    reason: str  # why not, empty where `there`
    capture: str | None
    sha256: str | None


class RecurrenceSuspected(TypedDict):
    """Of the confirmed alert, whose C6 it concerns."""

    other: str  # the new alert: same topic, same township or finer, within the window
    topic: str
    place: str
    judge_by: str  # counts as recurring from then on, unless judged a different matter before


class RecurrenceJudged(TypedDict):
    suspected: int
    other: str
    same: bool
    why: str


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


class ReportedUp(Spoken):
    to: str  # the office told
    text: str


class Muted(TypedDict):
    """No notification for this alert; deadlines run on."""

    reason: str
    hours: int  # 1 to 24
    until: str


class Unmuted(TypedDict):
    reason: str


class CaptureOpened(TypedDict):
    capture: str


class Amended(Spoken):
    """What is right instead of `field` of event `of`; both stay visible."""

    of: int
    field: str
    value: Json
    why: str


class Noted(Spoken):
    text: str
