"""Why a criterion stands as it does: what is missing or undid it, as a code of the table [standing]."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from alerts.alert import AlertState
from alerts.criteria import CAPTURE_WITHIN, OLDEST_PAGE, RECHECK_DAY, Standing
from alerts.facts import Published
from alerts.vocabulary import Criterion, EndState, Verdict


class Why(StrEnum):
    """Every reason."""

    MET = "met"
    NOT_ACKNOWLEDGED = "not_acknowledged"
    LAPSED = "lapsed"
    NOT_ASSIGNED = "not_assigned"
    RETURNED = "returned"
    NOT_VERIFIED = "not_verified"
    NO_EVIDENCE = "no_evidence"
    REPLIED_FIRST = "replied_first"
    NOT_REPLIED = "not_replied"
    ELSEWHERE_ONLY = "elsewhere_only"
    STRUCK = "struck"
    AWAITING_CAPTURE = "awaiting_capture"
    CAPTURE_FAILED = "capture_failed"
    NOT_NAMED = "not_named"
    TOO_OLD = "too_old"
    CAPTURED_LATE = "captured_late"
    NOT_RESOLVED = "not_resolved"
    UNTRUE_UNPROVED = "untrue_unproved"
    NOT_PUBLISHED = "not_published"
    NO_NEWS = "no_news"
    NOT_CONFIRMED = "not_confirmed"
    SAME_PERSON = "same_person"
    REOPENED = "reopened"
    RECURRING = "recurring"
    RECURRENCE_OPEN = "recurrence_open"
    PAGE_GONE = "page_gone"


def reason(state: AlertState, standing: Standing, now: datetime) -> Why:
    """Return why `standing`, one of `standings(state, now)`, has its verdict."""
    if standing.verdict is Verdict.OK:
        return Why.MET
    judged = state.judged or state
    if standing.criterion is Criterion.C6:
        return _c6(state, standing)
    return _WHY[standing.criterion](judged, standing, now)


def _c1(state: AlertState, standing: Standing, now: datetime) -> Why:
    if any(fact.lapsed and fact.seq in standing.events for fact in state.acknowledgements):
        return Why.LAPSED
    if not state.acknowledgements or any(
        fact.at > fact.due and fact.seq in standing.events for fact in state.acknowledgements[:1]
    ):
        return Why.NOT_ACKNOWLEDGED
    return Why.RETURNED if state.returns and state.assignment is None else Why.NOT_ASSIGNED


def _c2(state: AlertState, standing: Standing, now: datetime) -> Why:
    if len(standing.events) > 1:
        return Why.REPLIED_FIRST
    if any(fact.seq in standing.events for fact in state.verifications):
        return Why.NOT_VERIFIED
    return Why.NO_EVIDENCE if state.verifications else Why.NOT_VERIFIED


def _c3(state: AlertState, standing: Standing, now: datetime) -> Why:
    if standing.late is not None or not state.replies:
        return Why.ELSEWHERE_ONLY if state.elsewhere and not state.replies else Why.NOT_REPLIED
    return _of_page(state, state.replies[-1], now)


def _of_page(state: AlertState, page: Published, now: datetime) -> Why:
    """Return what the newest page of a reply lacks."""
    if page.struck is not None:
        return Why.STRUCK
    if not page.captures:
        awaited = page.failed is None and now <= page.at + CAPTURE_WITHIN
        return Why.AWAITING_CAPTURE if awaited else Why.CAPTURE_FAILED
    newest = page.captures[-1]
    if not (newest.topic_named and newest.place_named):
        return Why.NOT_NAMED
    if newest.first_fetched < state.earliest - OLDEST_PAGE:
        return Why.TOO_OLD
    return Why.CAPTURED_LATE if newest.fetched > page.at + CAPTURE_WITHIN else Why.NOT_REPLIED


def _c4(state: AlertState, standing: Standing, now: datetime) -> Why:
    untrue = state.resolution and state.resolution.end_state is EndState.UNTRUE
    return Why.UNTRUE_UNPROVED if untrue and standing.late is None else Why.NOT_RESOLVED


def _c5(state: AlertState, standing: Standing, now: datetime) -> Why:
    if state.resolution is None:
        return Why.NOT_RESOLVED
    if standing.late is not None or not state.outcomes:
        return Why.NOT_PUBLISHED
    page = state.outcomes[-1]
    if page.captures and page.struck is None:
        return Why.NO_NEWS
    return _of_page(state, page, now)


def _c6(state: AlertState, standing: Standing) -> Why:
    if state.judged:
        return Why.REOPENED
    if any(one.seq in standing.events for one in state.recurrences):
        return Why.RECURRENCE_OPEN if standing.verdict is Verdict.PENDING else Why.RECURRING
    if any(check.day == RECHECK_DAY and check.seq in standing.events for check in state.rechecks):
        return Why.PAGE_GONE
    confirmation, resolution = state.confirmation, state.resolution
    if confirmation and resolution and resolution.actor == confirmation.actor:
        return Why.SAME_PERSON
    return Why.NOT_CONFIRMED


_WHY = {Criterion.C1: _c1, Criterion.C2: _c2, Criterion.C3: _c3, Criterion.C4: _c4, Criterion.C5: _c5}
