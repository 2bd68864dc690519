"""What comes after: recurrence, pages that vanish, stories that are one, gaps, amendments. Each ruling by name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alerts import gaps, joining, recurrence
from alerts.events import EventType
from alerts.following import entries
from alerts.view import read_all
from alerts.vocabulary import CommandType as C
from alerts.vocabulary import Criterion, Step, Verdict
from huiying.core.codec import instant
from huiying.core.model import Draft, Event, Post
from tests.alerts.scene import (
    CHIEF,
    COUNTY,
    DUTY,
    OFFICIAL,
    OTHER_TOWNSHIP,
    OUTCOME,
    RESOLVE,
    UNIT,
    VERIFY,
    VILLAGE,
    Scene,
    place,
    post,
    topic,
)
from tests.alerts.test_figures import computed, judged, standing, verdicts

DUE = "2026-04-20T09:00:00+08:00"


def again(scene: Scene, number: int = 2, **fields: Any) -> str:
    return scene.open(post(number, at=scene.clock.now(), **fields))


def suspect(scene: Scene, alert: str) -> list[str]:
    """Record what `alert`, newly opened, may be a recurrence of; return those alerts."""
    known = scene.view.desk()
    assert known is not None
    scene.view.catch_up()
    found = recurrence.suspected(scene.state(alert), scene.view.alerts(), scene.clock.now(), known[1].calendar)
    return [str(scene.ledger.append([entry.draft], key=entry.key)[0].alert) for entry in found]


def judge(scene: Scene, alert: str, same: bool) -> None:
    suspicion = scene.state(alert).recurrences[-1]
    payload = {"suspected": suspicion.seq, "other": suspicion.other, "same": same, "why": "另一处管道"}
    scene.system(EventType.RECURRENCE_JUDGED, alert, **payload)


def test_the_same_matter_again_counts_as_recurring_once_nobody_judged_it_in_time(scene: Scene) -> None:
    alert = scene.open()
    scene.confirmed(alert)
    scene.clock.forward(days=5)
    assert suspect(scene, again(scene)) == [alert]
    assert verdicts(scene, alert) == "ooooop"
    assert not judged(scene, alert).correct
    scene.clock.set("2026-03-13T00:00:00+08:00")  # the last instant at which somebody may still judge
    assert verdicts(scene, alert) == "ooooop"
    scene.clock.set(DUE)
    found = standing(scene, alert, Criterion.C6)
    assert (found.verdict, found.at) == (Verdict.FAILED, instant("2026-03-13T00:00:00+08:00"))


@pytest.mark.parametrize(("same", "late", "verdict"), [(True, 0, "f"), (False, 0, "o"), (False, 4, "f")])
def test_a_judgement_in_time_decides_and_a_late_one_revives_nothing(
    scene: Scene, same: bool, late: int, verdict: str
) -> None:
    alert = scene.open()
    scene.confirmed(alert)
    scene.clock.forward(days=5)
    suspect(scene, again(scene))
    scene.clock.forward(days=late)
    judge(scene, alert, same)
    judge(scene, alert, not same)  # the first judgement stands
    assert verdicts(scene, alert) == f"ooooo{verdict}"


@pytest.mark.parametrize(
    ("days", "fields", "found"),
    [
        (5, {"places": (place(VILLAGE, "上坝村"),)}, True),
        (5, {"places": (place(OTHER_TOWNSHIP, "柳渡镇"),)}, False),
        (5, {"places": (place(COUNTY, "云泽县"),)}, False),
        (5, {"topics": (topic("roads", "塌陷"),)}, False),
        (14, {}, True),
        (15, {}, False),
    ],
)
def test_recurrence_is_the_same_topic_in_the_same_township_within_the_window(
    scene: Scene, days: int, fields: dict[str, Any], found: bool
) -> None:
    alert = scene.open()
    scene.confirmed(alert)
    scene.clock.forward(days=days)
    assert suspect(scene, again(scene, **fields)) == ([alert] if found else [])


def test_two_alerts_on_the_whole_county_are_no_recurrence(scene: Scene) -> None:
    whole = (place(COUNTY, "云泽县"),)
    scene.confirmed(scene.open(post(1, places=whole)))
    assert suspect(scene, again(scene, places=whole)) == []


def test_same_matter_again_after_a_month(scene: Scene) -> None:
    alert = scene.open()
    scene.confirmed(alert)
    scene.clock.forward(days=31)
    assert suspect(scene, again(scene)) == []
    assert verdicts(scene, alert) == "oooooo"


def test_an_alert_still_open_recurs_not(scene: Scene) -> None:
    alert = scene.open()
    scene.published(alert)
    scene.clock.forward(days=1)
    assert suspect(scene, again(scene)) == []


def test_an_alert_opened_before_the_confirmation_is_no_recurrence(scene: Scene) -> None:
    alert, meanwhile = scene.open(), again(scene)
    scene.clock.forward(days=1)
    scene.confirmed(alert)
    assert suspect(scene, meanwhile) == []


def recheck(scene: Scene, alert: str, of: int, day: int, there: bool) -> None:
    payload = {"of": of, "address": "a", "day": day, "checked": "", "reason": "", "capture": None, "sha256": None}
    scene.system(EventType.RECHECKED, alert, **payload, there=there)


@pytest.mark.parametrize(
    ("page", "day", "there", "verdict"),
    [("reply", 7, False, "f"), ("outcome", 7, False, "f"), ("reply", 7, True, "o"), ("outcome", 28, False, "o")],
)
def test_a_page_that_is_gone_after_seven_days_fails_c6(
    scene: Scene, page: str, day: int, there: bool, verdict: str
) -> None:
    alert = scene.open()
    scene.confirmed(alert)
    state = scene.state(alert)
    scene.clock.forward(days=day)
    recheck(scene, alert, (state.replies if page == "reply" else state.outcomes)[0].seq, day, there)
    assert verdicts(scene, alert) == f"ooooo{verdict}"
    if verdict == "f":
        assert standing(scene, alert, Criterion.C6).at == scene.clock.now()


def test_a_page_that_is_gone_does_no_harm_where_another_proves_the_same_in_time(scene: Scene) -> None:
    alert = scene.open()
    scene.replied(alert)
    scene.captured(scene.do(UNIT, C.REPLY, alert, address=f"{OFFICIAL}/second")[0])
    scene.captured(scene.do(UNIT, C.RESOLVE_AND_PUBLISH, alert, **RESOLVE, **OUTCOME)[1])
    scene.system(EventType.CONFIRMED, alert, resolved=0, observed_until="2026-04-01T00:00:00Z")
    scene.clock.forward(days=7)
    recheck(scene, alert, scene.state(alert).replies[0].seq, 7, there=False)
    assert verdicts(scene, alert)[-1] == "o"


def join(scene: Scene, one: str, other: str) -> None:
    for entry in joining.entries(scene.state(one), scene.state(other)):
        scene.ledger.append([entry.draft], key=entry.key)
    scene.view.catch_up()


def test_two_stories_turn_out_one(scene: Scene) -> None:
    first = scene.open()
    scene.assigned(first)
    scene.clock.forward(hours=1)
    second = scene.open(post(2, at=scene.clock.now(), topics=(topic("roads", "塌陷"),)))  # level 3: 5 h to reply
    strict = scene.state(second).deadlines[Step.REPLY].at
    due = scene.state(first).due
    join(scene, second, first)
    kept, ended = scene.state(first), scene.state(second)
    assert (kept.deadlines[Step.REPLY].at, kept.due) == (strict, due)
    assert kept.deadlines[Step.ACKNOWLEDGE].at < scene.clock.now()  # done: keeps its own
    assert Step.BRIEFING in kept.deadlines
    assert [held.id for held in kept.posts] == [
        held.id for name in (first, second) for held in scene.state(name).posts[:1]
    ]
    assert (ended.joined_into, ended.closed, ended.open_steps()) == (first, True, ())
    scene.clock.set(DUE)
    made = computed(scene)
    assert made.rate is not None
    assert made.rate.whole.alerts == (first,)


def test_a_step_that_the_kept_alert_has_done_keeps_its_deadline(scene: Scene) -> None:
    first = scene.open()
    scene.replied(first)
    before = scene.state(first).deadlines[Step.REPLY]
    second = scene.open(post(2, at=scene.clock.now(), topics=(topic("roads", "塌陷"),)))
    assert scene.state(second).deadlines[Step.REPLY].at < before.at
    join(scene, first, second)
    assert scene.state(first).deadlines[Step.REPLY] == before


def test_what_the_joined_alert_had_failed_goes_to_the_one_that_is_kept(scene: Scene) -> None:
    first = scene.open()
    scene.assigned(first)
    second = again(scene)
    scene.clock.forward(minutes=16)
    join(scene, first, second)
    assert judged(scene, first).failed == (Criterion.C1,)
    assert verdicts(scene, second)[0] == "f"
    scene.clock.set(DUE)
    assert set(judged(scene, second).failed) == {Criterion.C1}  # what it let pass later is the keeper's to answer


def test_failures_go_down_a_chain_of_joined_and_duplicate_alerts(scene: Scene) -> None:
    first, second = scene.open(), again(scene)
    scene.assigned(first)
    scene.assigned(second)
    third = again(scene, 3)
    scene.clock.forward(minutes=16)
    join(scene, second, third)
    scene.do(DUTY, C.PROPOSE_DISMISSAL, second, ground="duplicate", why="同一处停水", of=first)
    scene.system(EventType.DISMISSED, second, proposal=0, ground="duplicate", why="同一处停水", of=first)
    assert judged(scene, first).failed == (Criterion.C1,)
    assert [id for _, id in judged(scene, first).inherited] == [third]


def test_a_closed_alert_is_joined_with_nothing(scene: Scene) -> None:
    first, second = scene.open(), again(scene)
    scene.confirmed(first)
    join(scene, first, second)
    assert scene.state(second).joined_into is None


def stand_still(scene: Scene, minutes: int, earlier: list[Event] | None = None) -> Any:
    """Let monitoring stand still from now on, and record the gap; return its payload."""
    begin = scene.clock.now()
    scene.clock.forward(minutes=minutes)
    before = [event for event in read_all(scene.ledger) if event.type == EventType.MONITOR_GAP]
    scene.view.catch_up()
    payload = gaps.gap(scene.view.alerts(), begin, scene.clock.now(), earlier or before, "Asia/Shanghai")
    scene.system(EventType.MONITOR_GAP, None, **payload)
    return payload


def test_machine_down_over_a_deadline_of_c1_for_at_most_four_hours(scene: Scene) -> None:
    alert = scene.open()
    payload = stand_still(scene, 240)
    assert payload["quarter"] == 1
    back = scene.clock.now()
    found = scene.state(alert).deadlines[Step.ACKNOWLEDGE]
    assert (found.at, found.why.code) == (back + timedelta(minutes=15), "monitor_gap")
    scene.clock.forward(minutes=15)
    scene.assigned(alert)
    assert verdicts(scene, alert)[0] == "o"


@pytest.mark.parametrize(("before", "minutes", "moved"), [(15, 60, 0), (14, 60, 1), (0, 15, 1), (0, 14, 0)])
def test_a_deadline_of_c1_moves_only_from_inside_the_gap(scene: Scene, before: int, minutes: int, moved: int) -> None:
    """At the last sign of life it had passed for whoever watched; at the restart it had not been told of."""
    scene.open()
    scene.clock.forward(minutes=before)
    assert len(stand_still(scene, minutes)["moved"]) == moved


def test_a_gap_moves_nothing_of_a_closed_alert(scene: Scene) -> None:
    alert = scene.open()
    scene.do(DUTY, C.PROPOSE_DISMISSAL, alert, ground="false_match", why="是演练")
    scene.do(CHIEF, C.DISMISS, alert)
    assert stand_still(scene, 60)["moved"] == []


def test_machine_down_over_the_time_for_assigning(scene: Scene) -> None:
    alert = scene.open()
    scene.do(DUTY, C.ACKNOWLEDGE, alert)
    stand_still(scene, 61)
    assert scene.state(alert).deadlines[Step.ASSIGN].at == scene.clock.now() + timedelta(minutes=60)


def test_machine_down_longer_moves_nothing_and_the_failure_stands(scene: Scene) -> None:
    alert = scene.open()
    assert stand_still(scene, 241)["moved"] == []
    assert verdicts(scene, alert)[0] == "f"


def test_no_deadline_but_that_of_c1_moves(scene: Scene) -> None:
    alert = scene.open()
    scene.assigned(alert)
    before = scene.state(alert).deadlines
    scene.clock.set(before[Step.REPLY].at - timedelta(hours=1))
    assert stand_still(scene, 120)["moved"] == []
    assert scene.state(alert).deadlines == before


def test_three_gaps_a_quarter_move_a_deadline_and_a_fourth_none(scene: Scene) -> None:
    moved = []
    assert stand_still(scene, 20)["moved"] == []  # one that moves nothing uses none of the three up
    for number in range(4):
        scene.open(post(number, at=scene.clock.now()))
        moved.append(len(stand_still(scene, 20)["moved"]))
        scene.clock.forward(days=1)
    assert moved == [1, 1, 1, 0]
    scene.clock.set("2026-04-01T10:00:00+08:00")
    scene.open(post(9, at=scene.clock.now()))
    assert len(stand_still(scene, 20)["moved"]) == 1


def amend(scene: Scene, alert: str, of: int, field: str, value: Any) -> Event:
    return scene.system(EventType.AMENDED, alert, of=of, field=field, value=value, why="写错")


def test_an_amended_address_counts_from_the_amendment_and_the_wrong_page_proves_nothing(scene: Scene) -> None:
    alert = scene.open()
    scene.replied(alert)
    right = amend(scene, alert, scene.state(alert).replies[0].seq, "address", f"{OFFICIAL}/right")
    assert verdicts(scene, alert)[2] == "p"
    page = scene.system("noted", alert, text="", address=f"{OFFICIAL}/right")
    scene.captured(Event(**{**_fields(right), "payload": page.payload}))
    assert verdicts(scene, alert)[2] == "o"
    assert standing(scene, alert, Criterion.C3).events[0] == right.seq


def test_an_address_amended_too_late_fails_c3(scene: Scene) -> None:
    alert = scene.open()
    scene.replied(alert)
    assert verdicts(scene, alert)[2] == "o"
    scene.clock.forward(hours=49)
    amend(scene, alert, scene.state(alert).replies[0].seq, "address", f"{OFFICIAL}/right")
    assert verdicts(scene, alert)[2] == "f"


def _fields(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__slots__}


def test_an_amendment_tells_in_the_round_that_is_judged_after_a_reopening(scene: Scene) -> None:
    alert = scene.open()
    scene.confirmed(alert)
    scene.do(DUTY, C.REOPEN, alert, reason="又停水了")
    first = scene.state(alert).judged
    assert first is not None
    assert verdicts(scene, alert) == "ooooof"
    scene.clock.forward(days=3)
    amend(scene, alert, first.replies[0].seq, "address", f"{OFFICIAL}/other")
    assert verdicts(scene, alert)[2] == "f"


def test_an_end_state_amended_to_untrue_needs_the_proof_from_the_beginning(scene: Scene) -> None:
    alert = scene.open()
    scene.assigned(alert)
    scene.do(UNIT, C.VERIFY, alert, **VERIFY)
    resolved = scene.do(UNIT, C.RESOLVE, alert, **RESOLVE)[0]
    assert verdicts(scene, alert)[3] == "o"
    scene.clock.forward(hours=49)
    amend(scene, alert, resolved.seq, "end_state", "untrue")
    scene.clock.set(DUE)
    assert verdicts(scene, alert)[3] == "f"


@pytest.mark.parametrize(("days", "verdict"), [(1, "o"), (8, "f")])
def test_an_end_state_amended_from_untrue_counts_from_the_amendment(scene: Scene, days: int, verdict: str) -> None:
    alert = scene.open()
    scene.assigned(alert)
    scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, address=f"{OFFICIAL}/reply")  # never captured
    resolved = scene.do(UNIT, C.RESOLVE, alert, **{**RESOLVE, "end_state": "untrue", "why": "查无此事"})[0]
    scene.clock.forward(days=days)
    amend(scene, alert, resolved.seq, "end_state", "solved")
    scene.clock.set(DUE)
    assert verdicts(scene, alert)[3] == verdict


def test_amended_words_change_no_figure(scene: Scene) -> None:
    alert = scene.open()
    scene.confirmed(alert)
    scene.clock.set(DUE)
    before = computed(scene)
    scene.clock.set(DUE)
    amend(scene, alert, scene.state(alert).verifications[0].seq, "finding", "untrue")
    amend(scene, alert, scene.state(alert).verifications[0].seq, "text", "另一句话")
    after = computed(scene)
    assert (after.rate, after.failed, after.end_states) == (before.rate, before.failed, before.end_states)
    assert len(scene.state(alert).amendments) == 2


def test_muting_ends_by_itself_and_moves_no_deadline(scene: Scene) -> None:
    alert = scene.open()
    before = scene.state(alert).deadlines
    until = scene.clock.now() + timedelta(hours=2)
    scene.system(EventType.MUTED, alert, reason="夜间施工", until=until.isoformat())
    assert scene.state(alert).muted_until(scene.clock.now()) == until
    assert scene.state(alert).muted_until(until) is None
    scene.system(EventType.UNMUTED, alert, reason="")
    assert scene.state(alert).muted_until(scene.clock.now()) is None
    assert scene.state(alert).deadlines == before


def follow(scene: Scene, made: Post, alert: str) -> None:
    known = scene.view.desk()
    assert known is not None
    for entry in entries(scene.state(alert), made, known[1], known[0], scene.clock.now()):
        scene.ledger.append([entry.draft], key=entry.key)


def test_a_further_rule_of_a_higher_level_tightens_what_is_not_done(scene: Scene) -> None:
    alert = scene.open()
    scene.assigned(alert)
    before = scene.state(alert).deadlines
    scene.clock.forward(hours=1)
    story = scene.state(alert).story
    follow(scene, post(2, at=scene.clock.now(), story=story, topics=(topic("roads", "塌陷"),)), alert)
    state = scene.state(alert)
    assert (int(state.level), state.due) == (3, scene.state(alert).due)
    assert state.deadlines[Step.REPLY].at == scene.clock.now() + timedelta(hours=5)
    assert state.deadlines[Step.ACKNOWLEDGE] == before[Step.ACKNOWLEDGE]
    assert state.deadlines[Step.CONFIRM].at <= before[Step.CONFIRM].at


def test_what_comes_to_a_closed_duplicate_goes_to_its_original(scene: Scene) -> None:
    first, second = scene.open(), again(scene)
    scene.do(DUTY, C.PROPOSE_DISMISSAL, second, ground="duplicate", why="同一处停水", of=first)
    scene.system(EventType.DISMISSED, second, proposal=0, ground="duplicate", why="同一处停水", of=first)
    scene.view.catch_up()
    found = scene.view.standing(second)
    assert found is not None
    assert found.id == first


def test_whoever_opens_a_capture_is_in_nobodys_way(scene: Scene) -> None:
    alert = scene.open()
    version = scene.state(alert).person_seq
    scene.ledger.append([_draft(alert)])
    assert scene.state(alert).person_seq == version


def _draft(alert: str) -> Draft:
    return Draft(EventType.CAPTURE_OPENED, alert, "P-duty", DUTY.role, payload={"capture": "seen/1"})
