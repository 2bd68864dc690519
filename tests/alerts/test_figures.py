"""The figures on histories made by hand, on a real ledger: each ruling of the rate's cases is a test by name."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from alerts.criteria import Standing
from alerts.figures import Figures, Rate, figures
from alerts.judged import Judged, judge_all
from alerts.periods import period
from alerts.view import read_all
from alerts.vocabulary import CommandType as C
from alerts.vocabulary import Criterion, EndState, Ground, Step, Verdict
from huiying.core.codec import instant_text
from huiying.core.model import Draft
from tests.alerts.scene import (
    CHIEF,
    DUTY,
    EVIDENCE,
    OFFICIAL,
    OUTCOME,
    REPLY,
    RESOLVE,
    UNIT,
    VERIFY,
    Scene,
    place,
    post,
    topic,
)

LATER = "2026-04-20T09:00:00+08:00"


def computed(scene: Scene, name: str = "2026-03", cutoff: datetime | None = None) -> Figures:
    scene.system("heartbeat", None)
    events = read_all(scene.ledger)
    return figures(events, period(name, "Asia/Shanghai"), cutoff or scene.clock.now())


def judged(scene: Scene, alert: str) -> Judged:
    scene.system("heartbeat", None)
    return next(one for one in judge_all(read_all(scene.ledger), scene.clock.now()) if one.id == alert)


def standing(scene: Scene, alert: str, criterion: Criterion) -> Standing:
    return next(one for one in judged(scene, alert).standings if one.criterion is criterion)


def verdicts(scene: Scene, alert: str) -> str:
    """Return the six verdicts by their first letter: o(k), f(ailed), p(ending)."""
    return "".join(one.verdict[0] for one in judged(scene, alert).standings)


def test_the_whole_way_is_correct_once_it_falls_due(scene: Scene) -> None:
    alert = scene.open()
    scene.confirmed(alert)
    before = computed(scene)
    assert (before.rate, before.in_progress.count) == (None, 0)
    scene.clock.set(LATER)
    made = computed(scene)
    assert made.rate is not None
    assert (made.rate.part.alerts, made.rate.whole.alerts, made.rate.permille) == ((alert,), (alert,), None)
    assert made.end_states[EndState.SOLVED].alerts == (alert,)
    assert all(rate and rate.part.count == 1 for rate in made.three_fast.values())
    assert [group.key for group in made.by_unit] == ["water-bureau"]
    assert [group.key for group in made.by_topic] == ["water"]
    assert made.observed.count == 0


def test_no_alert_due_is_no_rate(scene: Scene) -> None:
    made = computed(scene)
    assert made.rate is None
    assert made.if_excluded_counted is None
    assert json.loads(made.to_json())["rate"] is None


def test_never_touched_fails_every_criterion_and_belongs_to_the_duty_desk(scene: Scene) -> None:
    alert = scene.open()
    scene.clock.set(LATER)
    made = computed(scene)
    assert verdicts(scene, alert) == "ffffff"
    assert made.not_correct.alerts == (alert,)
    assert made.unresolved.alerts == (alert,)
    assert {one.unit for one in judged(scene, alert).standings} == {None}
    assert [group.key for group in made.by_unit] == [None]


def test_still_in_observation_is_said(scene: Scene) -> None:
    alert = scene.open()
    scene.published(alert)
    scene.clock.set("2026-03-06T09:00:00+08:00")
    scene.do(CHIEF, C.CONFIRM, alert)
    scene.clock.set("2026-03-19T09:00:00+08:00")  # due at the end of 17 March, observed until 20 March
    assert computed(scene).observed.alerts == (alert,)
    scene.clock.set("2026-03-20T09:00:01+08:00")
    assert computed(scene).observed.count == 0


# C1


def test_acknowledged_late_fails_c1(scene: Scene) -> None:
    alert = scene.open()
    scene.clock.forward(minutes=15, seconds=1)
    scene.assigned(alert)
    one = standing(scene, alert, Criterion.C1)
    assert (one.verdict, one.late, one.unit) == (Verdict.FAILED, 1, None)


def test_acknowledged_at_the_last_instant_is_in_time(scene: Scene) -> None:
    alert = scene.open()
    scene.clock.forward(minutes=15)
    scene.assigned(alert)
    assert verdicts(scene, alert)[0] == "o"


def test_acknowledged_and_forgotten_fails_c1(scene: Scene) -> None:
    alert = scene.open()
    scene.do(DUTY, C.ACKNOWLEDGE, alert)
    scene.clock.forward(minutes=60)
    assert verdicts(scene, alert)[0] == "p"
    scene.clock.forward(seconds=1)
    assert verdicts(scene, alert)[0] == "f"
    scene.system("acknowledgement_lapsed", alert, acknowledged=4)
    scene.assigned(alert)
    assert verdicts(scene, alert)[0] == "f"


def test_returned_and_assigned_anew_in_time_holds_c1(scene: Scene) -> None:
    alert = scene.open()
    scene.assigned(alert)
    scene.clock.forward(hours=3)
    scene.do(UNIT, C.RETURN, alert, reason="不归我们")
    assert verdicts(scene, alert)[0] == "p"
    scene.clock.forward(minutes=59)
    scene.do(DUTY, C.ASSIGN, alert, unit="roads-bureau")
    assert verdicts(scene, alert)[0] == "o"


def test_returned_three_times(scene: Scene) -> None:
    """The third return is refused; C1 fails where a 60-minute step lapsed."""
    alert = scene.open()
    scene.assigned(alert)
    for actor in (DUTY, CHIEF):
        scene.do(UNIT, C.RETURN, alert, reason="不归我们")
        scene.clock.forward(minutes=61 if actor is CHIEF else 1)
        scene.do(actor, C.ASSIGN, alert, unit="water-bureau")
    with pytest.raises(Exception, match="returned_twice"):
        scene.do(UNIT, C.RETURN, alert, reason="不归我们")
    one = standing(scene, alert, Criterion.C1)
    assert (one.verdict, one.late) == (Verdict.FAILED, 60)


# C2 and C3


def test_reply_before_detection(scene: Scene) -> None:
    """May satisfy C2 and C3 if its version was first fetched at most 24 h before the earliest post."""
    earliest = scene.clock.now() - timedelta(minutes=30)
    for hours, expected in ((24, "oo"), (24.1, "op")):
        alert = scene.open(post(int(hours * 10)))
        scene.assigned(alert)
        reply = scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)[1]
        scene.captured(reply, first=earliest - timedelta(hours=hours))
        assert verdicts(scene, alert)[1:3] == expected


def test_a_page_that_we_fetched_before_it_was_recorded_counts_from_our_fetch(scene: Scene) -> None:
    alert = scene.open()
    scene.assigned(alert)
    scene.do(UNIT, C.VERIFY, alert, **VERIFY)
    seen = scene.clock.now() + timedelta(hours=47)
    scene.clock.forward(hours=50)
    assert verdicts(scene, alert)[2] == "f"
    scene.captured(scene.do(UNIT, C.REPLY, alert, **REPLY)[0], first=seen)
    one = standing(scene, alert, Criterion.C3)
    assert (one.verdict, one.at) == (Verdict.OK, seen)


def test_reply_on_an_outlet_that_is_not_official_lets_c3_run_on(scene: Scene) -> None:
    alert = scene.open()
    scene.assigned(alert)
    scene.do(UNIT, C.REPLY_ELSEWHERE, alert, where="县电视台")
    assert verdicts(scene, alert)[2] == "p"
    scene.clock.forward(hours=49)
    assert verdicts(scene, alert)[2] == "f"


def test_official_site_down_when_the_reply_is_captured(scene: Scene) -> None:
    """Tried for 72 h; C3 counts from the record if it succeeds."""
    alert = scene.open()
    scene.assigned(alert)
    scene.clock.forward(hours=47)
    reply = scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)[1]
    scene.clock.forward(hours=70)
    assert verdicts(scene, alert)[2] == "p"
    scene.captured(reply)
    one = standing(scene, alert, Criterion.C3)
    assert (one.verdict, one.at) == (Verdict.OK, reply.recorded_at)


def test_a_capture_later_than_72_h_does_not_count(scene: Scene) -> None:
    alert = scene.open()
    scene.assigned(alert)
    reply = scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)[1]
    scene.clock.forward(hours=72, seconds=1)
    assert verdicts(scene, alert)[2] == "f"
    scene.captured(reply)
    assert verdicts(scene, alert)[2] == "f"


def test_a_capture_at_the_last_instant_of_72_h_counts(scene: Scene) -> None:
    alert = scene.open()
    scene.assigned(alert)
    reply = scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)[1]
    scene.clock.forward(hours=72)
    scene.captured(reply)
    assert verdicts(scene, alert)[2] == "o"


def test_a_failed_capture_fails_c3_once_the_deadline_has_passed(scene: Scene) -> None:
    alert = scene.open()
    scene.assigned(alert)
    reply = scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)[1]
    scene.system("capture_failed", alert, of=reply.seq, address=REPLY["address"], reason="timeout", attempts=9)
    assert verdicts(scene, alert)[2] == "p"
    scene.clock.forward(hours=49)
    assert verdicts(scene, alert)[2] == "f"


@pytest.mark.parametrize(("named", "place_named"), [(False, False), (True, False)])
def test_a_page_that_does_not_name_topic_and_place_is_no_reply(scene: Scene, named: bool, place_named: bool) -> None:
    alert = scene.open()
    scene.assigned(alert)
    reply = scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)[1]
    scene.captured(reply, named=named, place=place_named)
    assert verdicts(scene, alert)[2] == "p"
    better = scene.do(UNIT, C.REPLY, alert, address=f"{OFFICIAL}/better")[0]
    scene.captured(better)
    assert verdicts(scene, alert)[1:3] == "oo"


def test_a_later_version_counts_from_its_own_first_fetch(scene: Scene) -> None:
    alert = scene.open()
    scene.assigned(alert)
    reply = scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)[1]
    scene.captured(reply, named=False)
    scene.clock.forward(hours=50)
    scene.captured(reply, sha256="f" * 64)
    one = standing(scene, alert, Criterion.C3)
    assert one.verdict is Verdict.FAILED
    assert one.late == 2 * 3600


def test_verified_after_the_deadline_of_the_reply_fails_c2(scene: Scene) -> None:
    alert = scene.open()
    scene.assigned(alert)
    scene.clock.forward(hours=48, seconds=1)
    scene.do(UNIT, C.VERIFY, alert, **VERIFY)
    one = standing(scene, alert, Criterion.C2)
    assert (one.verdict, one.unit) == (Verdict.FAILED, "water-bureau")


@pytest.mark.parametrize(("first", "evidence"), [("replied", EVIDENCE), ("verified", [])])
def test_a_reply_before_verification_and_one_without_evidence_fail_c2(
    scene: Scene, first: str, evidence: list[Any]
) -> None:
    """The lifecycle refuses both; a ledger that holds them all the same is judged by the criterion."""
    alert = scene.open()
    scene.assigned(alert)
    payloads: dict[str, Any] = {"replied": REPLY, "verified": {"finding": "true", "evidence": evidence}}
    for type in sorted(payloads, reverse=first == "verified"):
        draft = Draft(type, alert, UNIT.pseudonym, UNIT.role, UNIT.unit, payload=payloads[type])
        event = scene.ledger.append([draft])[0]
        if type == "replied":
            scene.captured(event)
    scene.clock.forward(hours=49)
    assert verdicts(scene, alert)[1:3] == "fo"


def test_replied_late_is_shown_as_late_and_stays_a_failure(scene: Scene) -> None:
    alert = scene.open()
    scene.assigned(alert)
    scene.clock.forward(hours=51)
    scene.captured(scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)[1])
    one = standing(scene, alert, Criterion.C3)
    assert (one.verdict, one.late, one.unit) == (Verdict.FAILED, 3 * 3600, "water-bureau")


def test_one_page_may_serve_several_alerts(scene: Scene) -> None:
    for number in (1, 2):
        alert = scene.open(post(number))
        scene.replied(alert)
        assert verdicts(scene, alert)[:3] == "ooo"


# C4 and C5


def test_report_untrue_needs_a_captured_reply(scene: Scene) -> None:
    alert = scene.open()
    scene.assigned(alert)
    reply = scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)[1]
    scene.do(UNIT, C.RESOLVE, alert, **{**RESOLVE, "end_state": "untrue", "why": "当天供水正常"})
    assert verdicts(scene, alert)[3] == "p"
    scene.captured(reply)
    assert verdicts(scene, alert)[3] == "o"


def test_a_page_recorded_after_the_deadline_is_not_waited_for(scene: Scene) -> None:
    alert = scene.open()
    scene.assigned(alert)
    reply = scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)[1]
    scene.system("capture_failed", alert, of=reply.seq, address=REPLY["address"], reason="timeout", attempts=9)
    scene.do(UNIT, C.RESOLVE, alert, **{**RESOLVE, "end_state": "untrue", "why": "当天供水正常"})
    scene.clock.forward(days=8)
    scene.do(UNIT, C.REPLY, alert, address=f"{OFFICIAL}/late")
    scene.do(UNIT, C.PUBLISH_OUTCOME, alert, **OUTCOME)
    assert verdicts(scene, alert)[2:5] == "fff"


def test_outcome_on_the_page_of_the_reply(scene: Scene) -> None:
    """Allowed if that version was fetched after `resolved`."""
    alert = scene.open()
    scene.replied(alert)
    scene.clock.forward(hours=5)
    outcome = scene.do(UNIT, C.RESOLVE_AND_PUBLISH, alert, **RESOLVE, **REPLY)[1]
    old = scene.clock.now() - timedelta(hours=5)
    scene.captured(outcome, first=old)
    assert verdicts(scene, alert)[4] == "p"
    scene.captured(outcome, first=old, sha256="e" * 64)  # other bytes of the same page, no younger
    assert verdicts(scene, alert)[4] == "p"
    scene.captured(outcome, sha256="f" * 64)
    assert verdicts(scene, alert)[4] == "o"


def test_the_same_page_at_another_address_is_no_outcome(scene: Scene) -> None:
    alert = scene.open()
    scene.assigned(alert)
    scene.captured(scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)[1], sha256="a" * 64)
    first = scene.clock.now()
    scene.clock.forward(hours=5)
    scene.captured(scene.do(UNIT, C.RESOLVE_AND_PUBLISH, alert, **RESOLVE, **OUTCOME)[1], sha256="a" * 64, first=first)
    assert verdicts(scene, alert)[4] == "p"


def test_outcome_published_late_fails_c5_alone(scene: Scene) -> None:
    alert = scene.open()
    scene.replied(alert)
    scene.do(UNIT, C.RESOLVE, alert, **RESOLVE)
    scene.clock.forward(hours=25)
    scene.captured(scene.do(UNIT, C.PUBLISH_OUTCOME, alert, **OUTCOME)[0])
    scene.do(CHIEF, C.CONFIRM, alert)
    assert verdicts(scene, alert) == "oooofo"
    assert standing(scene, alert, Criterion.C5).late == 3600


def test_a_resolution_after_the_time_for_publishing_does_not_revive_c5(scene: Scene) -> None:
    alert = scene.open()
    scene.replied(alert)
    passed = scene.state(alert).deadlines[Step.PUBLISH].at
    scene.clock.set(passed + timedelta(hours=1))
    assert verdicts(scene, alert)[3:5] == "ff"
    scene.captured(scene.do(UNIT, C.RESOLVE_AND_PUBLISH, alert, **RESOLVE, **OUTCOME)[1])
    assert verdicts(scene, alert)[3:5] == "ff"
    assert standing(scene, alert, Criterion.C5).due == passed


def test_an_extension_before_the_deadline_holds_c4(scene: Scene) -> None:
    alert = scene.open()
    scene.replied(alert)
    was = scene.state(alert).deadlines[Step.RESOLVE].at
    scene.do(CHIEF, C.EXTEND, alert, working_days=3, reason="等配件")
    scene.clock.set(was + timedelta(hours=30))
    scene.captured(scene.do(UNIT, C.RESOLVE_AND_PUBLISH, alert, **RESOLVE, **OUTCOME)[1])
    scene.do(CHIEF, C.CONFIRM, alert)
    assert verdicts(scene, alert) == "oooooo"


def test_a_page_that_the_site_denied_counts_from_our_fetch(scene: Scene) -> None:
    alert = scene.open()
    scene.assigned(alert)
    scene.clock.forward(hours=47)
    reply = scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)[1]
    scene.clock.forward(hours=2)
    scene.captured(reply, absent=True)
    one = standing(scene, alert, Criterion.C3)
    assert (one.verdict, one.late) == (Verdict.FAILED, 3600)


def test_report_untrue_is_not_proved_by_a_late_reply(scene: Scene) -> None:
    alert = scene.open()
    scene.assigned(alert)
    scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)
    scene.do(UNIT, C.RESOLVE, alert, **{**RESOLVE, "end_state": "untrue", "why": "当天供水正常"})
    scene.clock.set(scene.state(alert).deadlines[Step.RESOLVE].at + timedelta(hours=1))
    assert verdicts(scene, alert)[3] == "f"
    scene.captured(scene.do(UNIT, C.REPLY, alert, address=f"{OFFICIAL}/late")[0])
    assert verdicts(scene, alert)[3] == "f"


def test_an_old_page_is_no_outcome(scene: Scene) -> None:
    earliest = scene.clock.now() - timedelta(minutes=30)
    for hours, expected in ((24, "o"), (24.1, "p")):
        alert = scene.open(post(int(hours * 10)))
        scene.replied(alert)
        outcome = scene.do(UNIT, C.RESOLVE_AND_PUBLISH, alert, **RESOLVE, **OUTCOME)[1]
        scene.captured(outcome, first=earliest - timedelta(hours=hours))
        assert verdicts(scene, alert)[4] == expected


def test_a_confirmation_after_the_alert_fell_due_never_turns_it(scene: Scene) -> None:
    """An extension moves the due instant by its own length; the term of confirming could outrun that."""
    scene.clock.set("2026-03-06T10:00:00+08:00")
    alert = scene.open()
    scene.do(CHIEF, C.EXTEND, alert, working_days=2, reason="等配件")
    scene.replied(alert)
    state = scene.state(alert)
    scene.clock.set(state.deadlines[Step.RESOLVE].at)
    scene.do(UNIT, C.RESOLVE, alert, **RESOLVE)
    scene.clock.set(scene.state(alert).deadlines[Step.PUBLISH].at)
    scene.captured(scene.do(UNIT, C.PUBLISH_OUTCOME, alert, **OUTCOME)[0])
    state = scene.state(alert)
    assert state.deadlines[Step.CONFIRM].at <= state.due
    assert state.deadlines[Step.CONFIRM].why.code == "until_due"
    scene.clock.set(state.due + timedelta(seconds=1))
    assert verdicts(scene, alert) == "ooooof"
    scene.do(CHIEF, C.CONFIRM, alert)
    assert verdicts(scene, alert) == "ooooof"


# C6, reopening, dismissal


def test_an_outcome_after_the_time_for_confirming_does_not_revive_c6(scene: Scene) -> None:
    alert = scene.open()
    scene.replied(alert)
    scene.do(UNIT, C.RESOLVE, alert, **RESOLVE)
    scene.clock.forward(days=20)
    scene.captured(scene.do(UNIT, C.PUBLISH_OUTCOME, alert, **OUTCOME)[0])
    scene.do(CHIEF, C.CONFIRM, alert)
    assert verdicts(scene, alert)[5] == "f"


def test_a_confirmation_by_who_resolved_fails_c6(scene: Scene) -> None:
    """The lifecycle refuses it; a ledger that holds one all the same is judged by the criterion."""
    alert = scene.open()
    scene.published(alert)
    payload = {"resolved": 0, "observed_until": instant_text(scene.clock.now() + timedelta(days=14))}
    scene.ledger.append([Draft("confirmed", alert, UNIT.pseudonym, CHIEF.role, payload=payload)])
    assert verdicts(scene, alert) == "ooooof"


def test_closed_but_never_confirmed_fails_c6(scene: Scene) -> None:
    alert = scene.open()
    scene.published(alert)
    scene.clock.set(LATER)
    assert verdicts(scene, alert) == "ooooof"
    assert computed(scene).not_correct.alerts == (alert,)


def test_reopened_from_confirmed_turns_k_into_f(scene: Scene) -> None:
    """Also when the report of the period has been issued: the same period, computed later, counts it as failed."""
    alert = scene.open()
    scene.published(alert)
    scene.clock.set("2026-03-06T09:00:00+08:00")
    scene.do(CHIEF, C.CONFIRM, alert)
    scene.clock.set("2026-03-19T09:00:00+08:00")
    issued = computed(scene)
    assert issued.correct.alerts == (alert,)
    scene.clock.forward(seconds=1)
    scene.do(DUTY, C.REOPEN, alert, reason="又停水了")
    assert verdicts(scene, alert) == "ooooof"  # the first round's, while the second is empty
    scene.confirmed(alert)
    assert verdicts(scene, alert) == "ooooof"
    assert computed(scene).not_correct.alerts == (alert,)
    assert computed(scene).reopened.alerts == (alert,)
    again = figures(read_all(scene.ledger), issued.period, issued.cutoff)
    assert again.to_json() == issued.to_json()


def test_dismissed_then_reopened(scene: Scene) -> None:
    """Original deadlines; C6 untouched."""
    alert = scene.open()
    scene.do(DUTY, C.PROPOSE_DISMISSAL, alert, ground="false_match", why="是演练")
    scene.do(CHIEF, C.DISMISS, alert)
    scene.do(DUTY, C.REOPEN, alert, reason="不是演练")
    scene.confirmed(alert)
    assert verdicts(scene, alert) == "oooooo"


def test_the_dismissed_are_counted_beside_the_rate(scene: Scene) -> None:
    alert = scene.open()
    scene.do(DUTY, C.PROPOSE_DISMISSAL, alert, ground="outside_jurisdiction", why="在邻县")
    scene.do(CHIEF, C.DISMISS, alert)
    kept = scene.open(post(2, at=scene.clock.now()))
    scene.confirmed(kept)
    scene.clock.set(LATER)
    made = computed(scene)
    assert made.excluded[Ground.OUTSIDE_JURISDICTION].alerts == (alert,)
    assert made.excluded_flagged
    assert made.rate is not None
    assert made.if_excluded_counted is not None
    assert (made.rate.part.count, made.rate.whole.count) == (1, 1)
    assert (made.if_excluded_counted.part.count, made.if_excluded_counted.whole.count) == (1, 2)


@pytest.mark.parametrize(("whole", "flagged"), [(9, True), (10, False), (11, False)])
def test_more_than_ten_percent_excluded_is_flagged(scene: Scene, whole: int, flagged: bool) -> None:
    alerts = [scene.open(post(number, at=scene.clock.now())) for number in range(whole)]
    scene.do(DUTY, C.PROPOSE_DISMISSAL, alerts[0], ground="false_match", why="是演练")
    scene.do(CHIEF, C.DISMISS, alerts[0])
    scene.clock.set(LATER)
    assert computed(scene).excluded_flagged == flagged


def test_a_percentage_only_from_twenty_alerts_on_in_every_breakdown(scene: Scene) -> None:
    """Every rate of the file, wherever it stands, has one from 20 alerts on and none below."""
    for number in range(21):
        places = (place("990101102000", "柳渡镇"),) if number == 20 else (place(),)
        scene.open(post(number, at=scene.clock.now(), places=places))
    scene.clock.set(LATER)
    found: list[tuple[int, bool]] = []

    def walk(node: object) -> None:
        if isinstance(node, dict):
            if "permille" in node:
                found.append((node["whole"]["count"], node["permille"] is not None))
            for inner in node.values():
                walk(inner)
        for inner in node if isinstance(node, list) else ():
            walk(inner)

    walk(json.loads(computed(scene).to_json()))
    assert {count for count, _ in found} == {1, 20, 21}
    assert all(printed == (count >= 20) for count, printed in found)


def test_duplicate_of_an_alert_that_fails(scene: Scene) -> None:
    """Posts and failures go to the earlier one."""
    first = scene.open()
    second = scene.open(post(2, at=scene.clock.now()))
    scene.confirmed(first)
    scene.clock.forward(minutes=16)
    later_first = judged(scene, first)
    assert later_first.correct
    original = scene.open(post(3, at=scene.clock.now()))
    late = scene.open(post(4, at=scene.clock.now()))
    scene.published(original)
    scene.clock.forward(minutes=16)
    scene.do(DUTY, C.PROPOSE_DISMISSAL, late, ground="duplicate", why="同一件事", of=original)
    scene.do(CHIEF, C.DISMISS, late)
    scene.do(CHIEF, C.CONFIRM, original)
    heir = judged(scene, original)
    assert heir.inherited == ((Criterion.C1, late),)
    assert not heir.correct
    scene.clock.forward(days=30)
    assert judged(scene, original).inherited == heir.inherited  # what it would have failed since is nobody's
    scene.do(DUTY, C.REOPEN, late, reason="不是同一件事")
    assert judged(scene, original).correct
    assert not judged(scene, second).correct


def test_opened_by_hand_days_late(scene: Scene) -> None:
    """The clock runs from the opening, and it is shown in the line "by hand"."""
    old = post(at="2026-02-20T08:00:00+08:00")
    alert = str(scene.office.open_by_hand(DUTY, old, why="电话反映")[0].alert)
    scene.confirmed(alert)
    scene.clock.set(LATER)
    made = computed(scene)
    assert made.correct.alerts == made.by_hand.alerts == (alert,)
    assert made.without_by_hand is None


def test_level_raised_after_the_reply(scene: Scene) -> None:
    """Done steps keep their deadlines."""
    alert = scene.open()
    scene.assigned(alert)
    scene.clock.forward(hours=20)
    scene.captured(scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)[1])
    scene.do(CHIEF, C.CHANGE_LEVEL, alert, level=4, reason="影响扩大")
    assert verdicts(scene, alert)[:3] == "ooo"


def test_a_level_raised_before_the_reply_shortens_its_time(scene: Scene) -> None:
    alert = scene.open()
    scene.assigned(alert)
    scene.do(CHIEF, C.CHANGE_LEVEL, alert, level=4, reason="影响扩大")
    scene.clock.forward(hours=5, seconds=1)
    assert verdicts(scene, alert)[2] == "f"


# whose failure


def test_a_failure_belongs_to_the_unit_assigned_when_the_deadline_passed(scene: Scene) -> None:
    late = scene.open()  # nobody acknowledges in time: the duty desk's, though the unit does all the rest
    scene.clock.forward(minutes=16)
    good = scene.open(post(2, at=scene.clock.now()))
    for alert in (late, good):
        scene.confirmed(alert)
    unanswered = scene.open(post(3, at=scene.clock.now()))
    scene.do(DUTY, C.ACKNOWLEDGE, unanswered)
    scene.do(DUTY, C.ASSIGN, unanswered, unit="roads-bureau")
    scene.clock.set(LATER)
    made = computed(scene)
    groups = {group.key: (group.rate.part.alerts, group.rate.whole.alerts) for group in made.by_unit}
    assert groups == {
        None: ((), (late,)),
        "roads-bureau": ((), (unanswered,)),
        "water-bureau": ((good,), (good,)),
    }


def test_what_a_duplicate_failed_belongs_to_those_who_failed_it(scene: Scene) -> None:
    original, late = scene.open(), scene.open(post(2))
    scene.published(original)
    scene.clock.forward(minutes=16)
    scene.do(DUTY, C.PROPOSE_DISMISSAL, late, ground="duplicate", why="同一件事", of=original)
    scene.do(CHIEF, C.DISMISS, late)
    scene.do(CHIEF, C.CONFIRM, original)
    assert judged(scene, original).units == (None,)


def test_a_level_lowered_again_counts_as_the_highest_reached(scene: Scene) -> None:
    alert = scene.open()
    for level in (3, 1):
        scene.do(CHIEF, C.CHANGE_LEVEL, alert, level=level, reason="调整")
    scene.clock.set(LATER)
    assert [group.key for group in computed(scene).by_level] == ["3"]


# the figures' form


def test_in_progress_counts_those_already_failed(scene: Scene) -> None:
    late, fresh = scene.open(), scene.open(post(2))
    scene.do(DUTY, C.ACKNOWLEDGE, fresh)
    scene.clock.forward(minutes=30)
    made = computed(scene)
    assert made.in_progress.alerts == (late, fresh)
    assert made.in_progress_failed.alerts == (late,)


def test_an_alert_is_in_progress_up_to_the_last_instant_of_its_time(scene: Scene) -> None:
    alert = scene.open()
    scene.clock.set(scene.state(alert).due)
    made = computed(scene)
    assert (made.in_progress.alerts, made.in_progress_failed.alerts, made.rate) == ((alert,), (alert,), None)
    scene.clock.forward(seconds=1)
    made = computed(scene)
    assert (made.in_progress.alerts, made.not_correct.alerts) == ((), (alert,))


def test_each_alert_falls_due_in_exactly_one_period(scene: Scene) -> None:
    alert = scene.open()
    scene.clock.set(LATER)
    counted = [name for name in ("2026-W11", "2026-W12", "2026-W13") if computed(scene, name).rate is not None]
    assert counted == ["2026-W12"]
    due = scene.state(alert).due
    assert computed(scene, "2026-Q1", due).rate is None
    assert computed(scene, "2026-Q1").rate is not None


def test_the_cut_off_is_never_later_than_the_last_event(scene: Scene) -> None:
    scene.open()
    last = read_all(scene.ledger)[-1]
    scene.clock.set(LATER)
    made = figures(read_all(scene.ledger), period("2026-03", "Asia/Shanghai"), scene.clock.now())
    assert (made.cutoff, made.events, made.rate) == (last.recorded_at, last.seq, None)


def test_a_percentage_only_from_twenty_alerts_on_and_never_rounded_up(scene: Scene) -> None:
    for number in range(21):
        alert = scene.open(post(number))
        if number > 1:
            scene.confirmed(alert)
        if number == 19:
            assert _due(scene).permille == 900
        if number == 18:
            assert _due(scene).permille is None
    assert _due(scene).permille == 904  # 19 of 21 are 904.76 thousandths


def _due(scene: Scene) -> Rate:
    """Return the rate as it will be when all alerts so far have fallen due."""
    events = read_all(scene.ledger)
    later = datetime.fromisoformat(LATER)
    beat = replace(events[-1], seq=events[-1].seq + 1, type="heartbeat", alert=None, recorded_at=later)
    rate = figures([*events, beat], period("2026-03", "Asia/Shanghai"), later).rate
    assert rate is not None
    return rate


def test_breakdowns_by_place_topic_and_level(scene: Scene) -> None:
    both = (topic("water"), topic("roads", "塌陷"))
    scene.open(post(1, topics=both))
    scene.open(post(2, places=(place("990101102000", "柳渡镇"),)))
    scene.clock.set(LATER)
    made = computed(scene)
    assert [(group.key, group.rate.whole.count) for group in made.by_topic] == [("roads", 1), ("water", 1)]
    assert [group.key for group in made.by_place] == ["990101101000", "990101102000"]
    assert [(group.key, group.rate.whole.count) for group in made.by_level] == [("1", 1), ("3", 1)]


def test_the_json_holds_integers_only_and_ids_behind_every_number(scene: Scene) -> None:
    scene.confirmed(scene.open())
    scene.clock.set(LATER)
    document = json.loads(computed(scene).to_json(), parse_float=_no_float)
    ids = set(document["alerts"])

    def walk(node: object) -> None:
        if isinstance(node, dict):
            if "count" in node:
                assert len(node["alerts"]) == node["count"]
                assert set(node["alerts"]) <= ids
            for inner in node.values():
                walk(inner)

    walk(document)


def _no_float(written: str) -> float:
    raise AssertionError(written)
