"""The event types of the ledger; what the payload of each carries is in payloads.py and desk_payloads.py.

The names of types and keys are final: stored bytes are hashed, so later versions add keys and types and change none.
"""

from __future__ import annotations

from enum import StrEnum

from alerts.desk_payloads import (
    CheckpointIssued,
    ClockAnomaly,
    ConfigurationChanged,
    CoverageRecorded,
    Forgotten,
    HandedOver,
    Heartbeat,
    LedgerCreated,
    MonitorGap,
    ReportIssued,
    Restored,
    SearchRemoved,
    SearchSaved,
)
from alerts.payloads import (
    Acknowledged,
    AcknowledgementLapsed,
    Amended,
    Assigned,
    BriefingHeld,
    CapturedPayload,
    CaptureFailed,
    CaptureOpened,
    Confirmed,
    Corrected,
    DismissalProposed,
    Dismissed,
    Escalated,
    Extended,
    LevelChanged,
    Muted,
    Noted,
    Opened,
    OutcomePublished,
    PostAttached,
    PostChanged,
    PostGone,
    Rechecked,
    RecurrenceJudged,
    RecurrenceSuspected,
    Reopened,
    Replied,
    RepliedElsewhere,
    ReportedUp,
    Resolved,
    Returned,
    RuleMatched,
    StoriesJoined,
    Unmuted,
    Verified,
)


class EventType(StrEnum):
    """Every type that this version records."""

    LEDGER_CREATED = "ledger_created"
    CONFIGURATION_CHANGED = "configuration_changed"
    OPENED = "opened"
    RULE_MATCHED = "rule_matched"
    POST_ATTACHED = "post_attached"
    POST_CHANGED = "post_changed"
    POST_GONE = "post_gone"
    STORIES_JOINED = "stories_joined"
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
    RECHECKED = "rechecked"
    REOPENED = "reopened"
    RECURRENCE_SUSPECTED = "recurrence_suspected"
    RECURRENCE_JUDGED = "recurrence_judged"
    DISMISSAL_PROPOSED = "dismissal_proposed"
    DISMISSED = "dismissed"
    LEVEL_CHANGED = "level_changed"
    ESCALATED = "escalated"
    REPORTED_UP = "reported_up"
    MUTED = "muted"
    UNMUTED = "unmuted"
    CAPTURE_OPENED = "capture_opened"
    AMENDED = "amended"
    NOTED = "noted"
    HANDED_OVER = "handed_over"
    SEARCH_SAVED = "search_saved"
    SEARCH_REMOVED = "search_removed"
    COVERAGE_RECORDED = "coverage_recorded"
    HEARTBEAT = "heartbeat"
    MONITOR_GAP = "monitor_gap"
    CLOCK_ANOMALY = "clock_anomaly"
    RESTORED = "restored"
    FORGOTTEN = "forgotten"
    REPORT_ISSUED = "report_issued"
    CHECKPOINT_ISSUED = "checkpoint_issued"


PAYLOADS: dict[EventType, type] = {
    EventType.LEDGER_CREATED: LedgerCreated,
    EventType.CONFIGURATION_CHANGED: ConfigurationChanged,
    EventType.OPENED: Opened,
    EventType.RULE_MATCHED: RuleMatched,
    EventType.POST_ATTACHED: PostAttached,
    EventType.POST_CHANGED: PostChanged,
    EventType.POST_GONE: PostGone,
    EventType.STORIES_JOINED: StoriesJoined,
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
    EventType.RECHECKED: Rechecked,
    EventType.REOPENED: Reopened,
    EventType.RECURRENCE_SUSPECTED: RecurrenceSuspected,
    EventType.RECURRENCE_JUDGED: RecurrenceJudged,
    EventType.DISMISSAL_PROPOSED: DismissalProposed,
    EventType.DISMISSED: Dismissed,
    EventType.LEVEL_CHANGED: LevelChanged,
    EventType.ESCALATED: Escalated,
    EventType.REPORTED_UP: ReportedUp,
    EventType.MUTED: Muted,
    EventType.UNMUTED: Unmuted,
    EventType.CAPTURE_OPENED: CaptureOpened,
    EventType.AMENDED: Amended,
    EventType.NOTED: Noted,
    EventType.HANDED_OVER: HandedOver,
    EventType.SEARCH_SAVED: SearchSaved,
    EventType.SEARCH_REMOVED: SearchRemoved,
    EventType.COVERAGE_RECORDED: CoverageRecorded,
    EventType.HEARTBEAT: Heartbeat,
    EventType.MONITOR_GAP: MonitorGap,
    EventType.CLOCK_ANOMALY: ClockAnomaly,
    EventType.RESTORED: Restored,
    EventType.FORGOTTEN: Forgotten,
    EventType.REPORT_ISSUED: ReportIssued,
    EventType.CHECKPOINT_ISSUED: CheckpointIssued,
}
