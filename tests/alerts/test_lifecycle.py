"""The table of the lifecycle: every allowed transition, every refusal with its sentence, and the second person."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from alerts import lifecycle
from alerts.allowed import ROLES
from alerts.attachments import LARGEST
from alerts.commands import Actor, Command
from alerts.events import EventType
from alerts.lifecycle import offers, suggest_unit
from alerts.office import Office
from alerts.repeating import RECORDED
from alerts.vocabulary import CommandType as C
from alerts.vocabulary import EndState, Ground, Stage, Step
from huiying.backends.captures_folder import FolderCaptures
from huiying.core.errors import Conflict, KeyReused, Refused
from huiying.core.model import Level, Response, Role
from tests.alerts import lifecycle_page
from tests.alerts.scene import (
    ADMIN,
    AUDITOR,
    CHIEF,
    DEPUTY,
    DUTY,
    EVERYBODY,
    EVIDENCE,
    OFFICIAL,
    OTHER_UNIT,
    OUTCOME,
    REPLY,
    RESOLVE,
    UNIT,
    VERIFY,
    VIEWER,
    Scene,
    desk,
    place,
    post,
    texts,
    topic,
)

Step_ = tuple[Actor, C, dict[str, Any]]
ACK: Step_ = (DUTY, C.ACKNOWLEDGE, {})
ASSIGN: Step_ = (DUTY, C.ASSIGN, {"unit": "water-bureau"})
RETURN: Step_ = (UNIT, C.RETURN, {"reason": "不归我们管"})
VERIFIED: Step_ = (UNIT, C.VERIFY, VERIFY)
REPLIED: Step_ = (UNIT, C.REPLY, REPLY)
RESOLVED: Step_ = (UNIT, C.RESOLVE, RESOLVE)
PUBLISHED: Step_ = (UNIT, C.PUBLISH_OUTCOME, OUTCOME)
CONFIRMED: Step_ = (CHIEF, C.CONFIRM, {})
EXTEND: Step_ = (CHIEF, C.EXTEND, {"working_days": 2, "reason": "等配件"})
PROPOSED: Step_ = (DUTY, C.PROPOSE_DISMISSAL, {"ground": "false_match", "why": "是演练"})
DISMISSED: Step_ = (CHIEF, C.DISMISS, {})
REOPEN: Step_ = (DUTY, C.REOPEN, {"reason": "又停水了"})
TWICE = [ACK, ASSIGN, RETURN, ASSIGN, RETURN]
FINAL: Step_ = (CHIEF, C.ASSIGN, {"unit": "water-bureau"})
WAY = [ACK, ASSIGN, VERIFIED, REPLIED, RESOLVED, PUBLISHED]


def walk(scene: Scene, alert: str, steps: list[Step_]) -> None:
    for actor, type, payload in steps:
        scene.clock.forward(minutes=1)
        scene.do(actor, type, alert, **payload)


ALLOWED: list[tuple[list[Step_], Step_, Stage]] = [
    ([], ACK, Stage.ACKNOWLEDGED),
    ([ACK], ASSIGN, Stage.ASSIGNED),
    ([ACK], FINAL, Stage.ASSIGNED),
    ([ACK, ASSIGN], RETURN, Stage.ACKNOWLEDGED),
    ([ACK, ASSIGN], VERIFIED, Stage.VERIFIED),
    ([ACK, ASSIGN], (UNIT, C.VERIFY_AND_REPLY, VERIFY | REPLY), Stage.REPLIED),
    ([ACK, ASSIGN], (UNIT, C.REPLY_ELSEWHERE, {"where": "县广播"}), Stage.REPLIED),
    ([ACK, ASSIGN], (UNIT, C.CORRECT, {"statement": "昨天的通报", **REPLY}), Stage.ASSIGNED),
    ([ACK, ASSIGN, VERIFIED], REPLIED, Stage.REPLIED),
    ([ACK, ASSIGN, VERIFIED], RESOLVED, Stage.RESOLVED),
    ([ACK, ASSIGN, VERIFIED, REPLIED], (UNIT, C.RESOLVE_AND_PUBLISH, RESOLVE | OUTCOME), Stage.PUBLISHED),
    ([ACK, ASSIGN, VERIFIED, RESOLVED], PUBLISHED, Stage.PUBLISHED),
    (WAY, CONFIRMED, Stage.CONFIRMED),
    ([*WAY, CONFIRMED], REOPEN, Stage.OPENED),
    ([*WAY, CONFIRMED], (AUDITOR, C.REOPEN, {"reason": "照片不是本地的"}), Stage.OPENED),
    ([PROPOSED], DISMISSED, Stage.DISMISSED),
    ([ACK, PROPOSED, DISMISSED], REOPEN, Stage.ACKNOWLEDGED),
    (TWICE, FINAL, Stage.ASSIGNED),
    ([ACK, ASSIGN], EXTEND, Stage.ASSIGNED),
    ([], (CHIEF, C.CHANGE_LEVEL, {"level": 3, "reason": "影响面大"}), Stage.OPENED),
    ([PROPOSED, DISMISSED], (AUDITOR, C.NOTE, {"text": "抽查"}), Stage.DISMISSED),
    ([ACK, ASSIGN], (DUTY, C.VERIFY, {**VERIFY, "on_behalf_of": "water-bureau"}), Stage.VERIFIED),
    ([ACK, ASSIGN], (OTHER_UNIT, C.NOTE, {"text": "看看"}), Stage.ASSIGNED),
    ([], (UNIT, C.NOTE, {"text": "看看"}), Stage.OPENED),
    ([PROPOSED, DISMISSED], (OTHER_UNIT, C.REOPEN, {"reason": "是真的"}), Stage.OPENED),
]


@pytest.mark.parametrize(("before", "step", "stage"), ALLOWED)
def test_an_allowed_command_is_recorded(scene: Scene, before: list[Step_], step: Step_, stage: Stage) -> None:
    alert = scene.open()
    walk(scene, alert, [*before, step])
    assert scene.state(alert).stage is stage


def _proved(kind: str, value: str) -> dict[str, Any]:
    return {"finding": "true", "evidence": [{"kind": kind, "value": value}]}


REFUSED: list[tuple[list[Step_], Step_, str]] = [
    ([ACK], ACK, "already_acknowledged"),
    ([ACK, ASSIGN], ACK, "already_assigned"),
    ([], ASSIGN, "acknowledge_first"),
    ([ACK, ASSIGN], ASSIGN, "already_assigned"),
    ([ACK], (DUTY, C.ASSIGN, {"unit": "nobody"}), "unit_missing"),
    (TWICE, ASSIGN, "final_needs_supervisor"),
    ([*TWICE, FINAL], RETURN, "returned_twice"),
    ([ACK, ASSIGN, VERIFIED], RETURN, "return_after_verification"),
    ([ACK, ASSIGN], (UNIT, C.RETURN, {}), "reason_missing"),
    ([ACK], VERIFIED, "assign_first"),
    ([ACK, ASSIGN], (UNIT, C.VERIFY, {"finding": "true"}), "evidence_missing"),
    ([ACK, ASSIGN], (UNIT, C.VERIFY, {"finding": "true", "evidence": [{"kind": "photo"}]}), "evidence_missing"),
    ([ACK, ASSIGN], (UNIT, C.VERIFY, {"finding": "maybe", "evidence": EVIDENCE}), "finding_missing"),
    ([ACK, ASSIGN], (UNIT, C.VERIFY, {**VERIFY, "text": "长" * 2001}), "text_too_long"),
    ([ACK, ASSIGN], (UNIT, C.VERIFY, {**VERIFY, "text": "半\ud83d"}), "text_unreadable"),
    ([ACK, ASSIGN], (UNIT, C.VERIFY, _proved("address", "https://a.example/\ud83d")), "text_unreadable"),
    ([ACK, ASSIGN], (UNIT, C.VERIFY, _proved("address", "ftp://a.example/")), "address_missing"),
    ([ACK, ASSIGN], (UNIT, C.VERIFY, _proved("address", "javascript:alert(1)")), "address_missing"),
    ([ACK, ASSIGN], REPLIED, "verify_first"),
    ([ACK, ASSIGN, VERIFIED], (UNIT, C.REPLY, {"address": "gov"}), "address_missing"),
    ([ACK, ASSIGN, VERIFIED], (UNIT, C.REPLY, {"address": "https://a.example/"}), "address_not_official"),
    ([ACK, ASSIGN], (UNIT, C.VERIFY_AND_REPLY, VERIFY | {"address": "https://a.example/"}), "address_not_official"),
    ([ACK, ASSIGN], (UNIT, C.REPLY_ELSEWHERE, {"where": "  "}), "where_missing"),
    ([ACK, ASSIGN], (UNIT, C.HOLD_BRIEFING, {"evidence": EVIDENCE}), "briefing_not_asked"),
    ([ACK, ASSIGN], (UNIT, C.CORRECT, REPLY), "statement_missing"),
    ([ACK, ASSIGN], RESOLVED, "verify_first"),
    ([ACK, ASSIGN, VERIFIED, RESOLVED], RESOLVED, "already_resolved"),
    ([ACK, ASSIGN, VERIFIED], (UNIT, C.RESOLVE, RESOLVE | {"end_state": "fine"}), "end_state_missing"),
    ([ACK, ASSIGN, VERIFIED], (UNIT, C.RESOLVE, RESOLVE | {"done": ""}), "done_missing"),
    ([ACK, ASSIGN, VERIFIED], (UNIT, C.RESOLVE, RESOLVE | {"evidence": []}), "evidence_missing"),
    ([ACK, ASSIGN, VERIFIED], (UNIT, C.RESOLVE, RESOLVE | {"end_state": "not_solved"}), "why_missing"),
    ([ACK, ASSIGN, VERIFIED], (UNIT, C.RESOLVE, RESOLVE | {"end_state": "untrue"}), "untrue_needs_reply"),
    ([ACK, ASSIGN, VERIFIED], PUBLISHED, "resolve_first"),
    ([ACK, ASSIGN, VERIFIED], CONFIRMED, "resolve_first"),
    ([ACK, ASSIGN, VERIFIED, RESOLVED], CONFIRMED, "publish_first"),
    ([EXTEND], EXTEND, "extended_before"),
    ([ACK, ASSIGN, VERIFIED, RESOLVED], EXTEND, "already_resolved"),
    ([], (CHIEF, C.EXTEND, {"working_days": 6, "reason": "忙"}), "working_days_out_of_range"),
    ([], (CHIEF, C.EXTEND, {"working_days": 2}), "reason_missing"),
    ([], (CHIEF, C.EXTEND, {"working_days": 2, "reason": "忙", "step": "reply"}), "extension_of_resolve_only"),
    ([], REOPEN, "not_closed"),
    ([PROPOSED, DISMISSED], (DUTY, C.REOPEN, {}), "reason_missing"),
    ([], DISMISSED, "propose_first"),
    ([], (DUTY, C.PROPOSE_DISMISSAL, {"ground": "no_response_needed", "why": "小事"}), "ground_missing"),
    ([], (DUTY, C.PROPOSE_DISMISSAL, {"ground": "false_match"}), "why_missing"),
    ([], (DUTY, C.PROPOSE_DISMISSAL, {"ground": "duplicate", "why": "同一件事"}), "duplicate_of_missing"),
    ([PROPOSED, DISMISSED], ACK, "closed_dismissed"),
    ([*WAY, CONFIRMED], REPLIED, "closed_confirmed"),
    ([], (CHIEF, C.CHANGE_LEVEL, {"level": 1, "reason": "一样"}), "level_same"),
    ([], (CHIEF, C.CHANGE_LEVEL, {"level": 5, "reason": "更大"}), "level_out_of_range"),
    ([], (DUTY, C.NOTE, {"text": ""}), "text_missing"),
    ([ACK, ASSIGN], (OTHER_UNIT, C.VERIFY, VERIFY), "other_unit"),
    ([ACK, ASSIGN], (DUTY, C.VERIFY, VERIFY), "on_behalf_missing"),
    ([ACK, ASSIGN], (DUTY, C.VERIFY, {**VERIFY, "on_behalf_of": "roads-bureau"}), "other_unit"),
    ([], (DUTY, C.ACKNOWLEDGE, {"on_behalf_of": "water-bureau"}), "on_behalf_not_here"),
    ([ACK, ASSIGN], (UNIT, C.VERIFY, {**VERIFY, "on_behalf_of": "water-bureau"}), "on_behalf_not_here"),
]


@pytest.mark.parametrize(("before", "step", "code"), REFUSED)
def test_a_refused_command_says_what_is_missing(scene: Scene, before: list[Step_], step: Step_, code: str) -> None:
    alert = scene.open()
    walk(scene, alert, before)
    head = scene.ledger.head()
    actor, type, payload = step
    with pytest.raises(Refused) as refused:
        scene.do(actor, type, alert, **payload)
    assert refused.value.code == code
    assert scene.ledger.head() == head
    for language in ("zh", "en"):
        sentence = refused.value.sentence(language)
        assert not sentence.startswith("error.")
        assert "{" not in sentence


def test_extending_after_the_deadline_is_refused(scene: Scene) -> None:
    alert = scene.open()
    scene.clock.forward(days=10)
    with pytest.raises(Refused, match="extension_too_late"):
        scene.do(CHIEF, C.EXTEND, alert, working_days=1, reason="忘了")


def test_reopening_after_the_observation_is_refused(scene: Scene) -> None:
    alert = scene.open()
    scene.confirmed(alert)
    scene.clock.forward(days=14, seconds=1)
    with pytest.raises(Refused, match="observation_over"):
        scene.do(*REOPEN[:2], alert, **REOPEN[2])


def test_an_unknown_alert_is_refused(scene: Scene) -> None:
    with pytest.raises(Refused, match="alert_unknown"):
        scene.do(DUTY, C.ACKNOWLEDGE, "A000000000000")


def test_a_claimed_time_in_the_future_is_refused_and_a_past_one_improves_nothing(scene: Scene) -> None:
    alert = scene.open()
    scene.clock.forward(minutes=20)
    with pytest.raises(Refused, match="claimed_in_future"):
        scene.do(DUTY, C.ACKNOWLEDGE, alert, claimed_at=scene.clock.now().replace(year=2027))
    early = scene.clock.now().replace(minute=1)
    event = scene.do(DUTY, C.ACKNOWLEDGE, alert, claimed_at=early)[0]
    assert event.claimed_at == early
    assert scene.state(alert).acknowledgements[0].at == scene.clock.now()


# who may do what: everybody else is refused, the administrator everywhere

MAY: dict[C, set[Role]] = {
    **{type: {Role.UNIT, Role.DUTY} for type in C},
    C.ACKNOWLEDGE: {Role.DUTY},
    C.ASSIGN: {Role.DUTY, Role.SUPERVISOR},
    C.EXTEND: {Role.SUPERVISOR},
    C.CONFIRM: {Role.SUPERVISOR},
    C.REOPEN: {Role.DUTY, Role.UNIT, Role.SUPERVISOR, Role.AUDITOR},
    C.PROPOSE_DISMISSAL: {Role.DUTY},
    C.DISMISS: {Role.SUPERVISOR},
    C.CHANGE_LEVEL: {Role.SUPERVISOR},
    C.NOTE: {Role.DUTY, Role.UNIT, Role.SUPERVISOR, Role.AUDITOR},
    C.AMEND: {Role.DUTY, Role.UNIT, Role.SUPERVISOR, Role.AUDITOR},
    C.JUDGE_RECURRENCE: {Role.SUPERVISOR},
    C.MUTE: {Role.DUTY, Role.SUPERVISOR},
    C.UNMUTE: {Role.DUTY, Role.SUPERVISOR},
    C.REPORT_UP: {Role.DUTY, Role.UNIT, Role.SUPERVISOR},
}
ROLE_CODES = {
    "administrator_writes_nothing",
    "reads_only",
    "needs_duty",
    "needs_supervisor",
    "needs_duty_or_unit",
    "needs_duty_or_supervisor",
}


@pytest.mark.parametrize("type", list(C))
def test_only_the_roles_of_the_table_are_let_through(scene: Scene, type: C) -> None:
    alert = scene.open()
    scene.assigned(alert)
    for actor in EVERYBODY:
        code = refused_code(lambda actor=actor: scene.do(actor, type, alert))
        assert (code in ROLE_CODES) == (actor.role not in MAY[type]), (actor, code)
    assert refused_code(lambda: scene.do(ADMIN, type, alert)) == "administrator_writes_nothing"
    assert refused_code(lambda: scene.do(VIEWER, type, alert)) == "reads_only"


def test_the_table_that_is_drawn_is_the_table_that_is_applied() -> None:
    """Each line of the docstring names its command, who may give it, and what it records."""
    lines = re.split(r"\n(?=[a-z_]+  )", (lifecycle.__doc__ or "").split("\n\n")[1])[1:]
    drawn = {}
    for line in lines:
        columns = [re.sub(r"\s+", " ", " ".join(part)).strip() for part in _columns(line)]
        who = {Role(word.strip()) for word in columns[1].split(",")} if "all" not in columns[1] else set()
        drawn[C(columns[0])] = (who, [EventType(word.strip()) for word in columns[3].split(",")])
    everybody = {Role.DUTY, Role.UNIT, Role.SUPERVISOR, Role.AUDITOR}
    for type in C:
        who, records = drawn[type]
        # duty staff record for a unit, which the text below the table says once
        assert (who or everybody) - {Role.DUTY} == set(ROLES[type]) - {Role.DUTY}, type
        assert tuple(records) == RECORDED[type][0], type


def test_the_page_of_the_documentation_is_the_table_that_is_drawn() -> None:
    assert lifecycle_page.PAGE.read_text(encoding="utf-8") == lifecycle_page.page()


def _columns(line: str) -> list[list[str]]:
    """Cut a drawn line, with those that continue it, where the heading has its columns."""
    bounds = [0, 21, 43, 99, 200]
    return [[row[begin:end] for row in line.split("\n")] for begin, end in pairwise(bounds)]


def refused_code(act: Callable[[], object]) -> str:
    try:
        act()
    except Refused as refused:
        return refused.code
    return ""


def test_who_resolved_never_confirms(scene: Scene) -> None:
    alert = scene.open()
    scene.assigned(alert)
    same = Actor("P-duty", Role.SUPERVISOR)  # the role of the person changed meanwhile
    scene.do(DUTY, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY, on_behalf_of="water-bureau")
    events = scene.do(DUTY, C.RESOLVE_AND_PUBLISH, alert, **RESOLVE, **OUTCOME, on_behalf_of="water-bureau")
    assert events[0].payload["on_behalf_of"] == "water-bureau"
    assert refused_code(lambda: scene.do(same, C.CONFIRM, alert)) == "own_resolution"
    scene.do(CHIEF, C.CONFIRM, alert)


def test_who_resolved_an_earlier_round_does_not_confirm_a_later_one(scene: Scene) -> None:
    alert = scene.open()
    scene.confirmed(alert)
    walk(scene, alert, [REOPEN, *WAY[:4]])
    scene.do(DUTY, C.RESOLVE_AND_PUBLISH, alert, **RESOLVE, **OUTCOME, on_behalf_of="water-bureau")
    first = Actor(UNIT.pseudonym, Role.SUPERVISOR)
    assert refused_code(lambda: scene.do(first, C.CONFIRM, alert)) == "own_resolution"
    scene.do(CHIEF, C.CONFIRM, alert)
    walk(scene, alert, [REOPEN, *WAY])
    for pseudonym in (DUTY.pseudonym, UNIT.pseudonym):  # of the round between, and of this one
        again = Actor(pseudonym, Role.SUPERVISOR)
        assert refused_code(lambda again=again: scene.do(again, C.CONFIRM, alert)) == "own_resolution"


def test_who_proposed_never_dismisses(scene: Scene) -> None:
    alert = scene.open()
    walk(scene, alert, [PROPOSED])
    same = Actor(DUTY.pseudonym, Role.SUPERVISOR)
    assert refused_code(lambda: scene.do(same, C.DISMISS, alert)) == "own_proposal"
    scene.do(DEPUTY, C.DISMISS, alert)
    dismissal = scene.state(alert).dismissal
    assert dismissal is not None
    assert dismissal.ground is Ground.FALSE_MATCH


# duplicates


def test_a_duplicate_passes_its_posts_to_the_earlier_alert(scene: Scene) -> None:
    first, second = scene.open(), scene.open(post(2, at=scene.clock.now()))
    scene.do(DUTY, C.PROPOSE_DISMISSAL, second, ground="duplicate", why="同一件事", of=first)
    scene.do(CHIEF, C.DISMISS, second)
    state = scene.state(first)
    assert [held.address for held in state.posts] == ["https://news.example/1", "https://news.example/2"]
    assert state.duplicates == (second,)


def test_a_duplicate_names_an_earlier_alert_that_stays_in(scene: Scene) -> None:
    first, second, third = scene.open(), scene.open(post(2)), scene.open(post(3))
    duplicate = {"ground": "duplicate", "why": "同一件事"}
    propose = C.PROPOSE_DISMISSAL
    assert refused_code(lambda: scene.do(DUTY, propose, first, **duplicate, of=second)) == "duplicate_of_later"
    assert refused_code(lambda: scene.do(DUTY, propose, first, **duplicate, of=first)) == "duplicate_of_later"
    scene.do(DUTY, propose, third, **duplicate, of=second)
    scene.do(DUTY, propose, second, **duplicate, of=first)
    scene.do(CHIEF, C.DISMISS, third)
    assert refused_code(lambda: scene.do(CHIEF, C.DISMISS, second)) == "has_duplicates"
    assert refused_code(lambda: scene.do(DUTY, propose, second, **duplicate, of=first)) == "has_duplicates"


def test_an_alert_dismissed_meanwhile_takes_no_duplicate(scene: Scene) -> None:
    first, second = scene.open(), scene.open(post(2))
    scene.do(DUTY, C.PROPOSE_DISMISSAL, second, ground="duplicate", why="同一件事", of=first)
    walk(scene, first, [PROPOSED, DISMISSED])
    assert refused_code(lambda: scene.do(CHIEF, C.DISMISS, second)) == "duplicate_of_dismissed"


def test_a_closed_alert_takes_no_duplicate(scene: Scene) -> None:
    first, second = scene.open(), scene.open(post(2))
    duplicate = {"ground": "duplicate", "why": "同一件事", "of": first}
    scene.do(DUTY, C.PROPOSE_DISMISSAL, second, **duplicate)
    scene.confirmed(first)
    assert refused_code(lambda: scene.do(CHIEF, C.DISMISS, second)) == "duplicate_of_closed"
    assert refused_code(lambda: scene.do(DUTY, C.PROPOSE_DISMISSAL, second, **duplicate)) == "duplicate_of_closed"


def test_a_reopened_duplicate_frees_the_alert_that_it_passed_to(scene: Scene) -> None:
    first, second = scene.open(), scene.open(post(2))
    scene.do(DUTY, C.PROPOSE_DISMISSAL, second, ground="duplicate", why="同一件事", of=first)
    scene.do(CHIEF, C.DISMISS, second)
    assert refused_code(lambda: scene.do(*PROPOSED[:2], first, **PROPOSED[2])) == "has_duplicates"
    scene.do(DUTY, C.REOPEN, second, reason="不是同一件事")
    assert scene.state(first).duplicates == ()
    walk(scene, first, [PROPOSED, DISMISSED])


def test_dismissing_a_duplicate_expects_the_number_of_the_alert_that_it_passes_to(scene: Scene) -> None:
    first, second = scene.open(), scene.open(post(2))
    scene.do(DUTY, C.PROPOSE_DISMISSAL, second, ground="duplicate", why="同一件事", of=first)
    expectations = []
    append = scene.ledger.append

    def observed(drafts: Any, *, key: Any = None, expected: Any = None) -> Any:
        expectations.append(expected)
        return append(drafts, key=key, expected=expected)

    before = {id: scene.state(id).seq for id in (first, second)}
    scene.ledger.append = observed  # type: ignore[method-assign]
    scene.do(CHIEF, C.DISMISS, second)
    assert expectations == [before]


# clocks that commands carry


def test_reopened_from_dismissed_keeps_the_original_deadlines(scene: Scene) -> None:
    alert = scene.open()
    before = scene.state(alert)
    walk(scene, alert, [PROPOSED, DISMISSED, REOPEN])
    after = scene.state(alert)
    assert (after.deadlines, after.due, after.judged) == (before.deadlines, before.due, None)


def test_reopened_from_confirmed_gets_fresh_deadlines_and_keeps_the_due_instant_of_the_first_round(
    scene: Scene,
) -> None:
    alert = scene.open()
    scene.confirmed(alert)
    before = scene.state(alert)
    scene.clock.forward(days=2)
    scene.do(*REOPEN[:2], alert, **REOPEN[2])
    after = scene.state(alert)
    assert after.due == before.due
    assert after.deadlines[Step.REPLY].at == scene.clock.now().replace(day=scene.clock.now().day + 2)
    assert after.judged is not None
    assert after.judged.confirmation is not None
    assert after.unit is None


def test_an_extension_moves_due_by_exactly_its_length(scene: Scene) -> None:
    alert = scene.open()
    before = scene.state(alert)
    scene.do(*EXTEND[:2], alert, **EXTEND[2])
    after = scene.state(alert)
    length = after.deadlines[Step.RESOLVE].at - before.deadlines[Step.RESOLVE].at
    assert length.days == 2
    assert after.due - before.due == length
    assert after.deadlines[Step.REPLY] == before.deadlines[Step.REPLY]


def test_raising_the_level_makes_undone_steps_earlier_and_lowering_moves_nothing(scene: Scene) -> None:
    alert = scene.open()
    scene.assigned(alert)
    before = scene.state(alert)
    scene.clock.forward(hours=1)
    scene.do(CHIEF, C.CHANGE_LEVEL, alert, level=3, reason="影响面大")
    raised = scene.state(alert)
    assert raised.deadlines[Step.REPLY].at == scene.clock.now().replace(hour=scene.clock.now().hour + 5)
    assert raised.deadlines[Step.ACKNOWLEDGE] == before.deadlines[Step.ACKNOWLEDGE]
    assert raised.deadlines[Step.RESOLVE] == before.deadlines[Step.RESOLVE]
    assert Step.BRIEFING in raised.deadlines
    assert raised.due == before.due
    scene.do(CHIEF, C.CHANGE_LEVEL, alert, level=1, reason="弄错了")
    assert scene.state(alert).deadlines == raised.deadlines


def test_raising_the_level_after_the_reply_leaves_the_reply_its_deadline(scene: Scene) -> None:
    alert = scene.open()
    scene.replied(alert)
    before = scene.state(alert)
    scene.do(CHIEF, C.CHANGE_LEVEL, alert, level=4, reason="影响面大")
    assert scene.state(alert).deadlines[Step.REPLY] == before.deadlines[Step.REPLY]
    assert scene.state(alert).level is Level.EXTRAORDINARY


def test_a_looser_policy_does_not_move_an_alert_opened_before(scene: Scene) -> None:
    alert = scene.open()
    loose = texts()
    loose["policy.toml"] = loose["policy.toml"].replace("assign = { minutes = 60 }", "assign = { minutes = 6000 }")
    scene.configure(loose)
    scene.do(DUTY, C.ACKNOWLEDGE, alert)
    assigned_by = scene.state(alert).deadlines[Step.ASSIGN].at
    assert (assigned_by - scene.clock.now()).total_seconds() == 3600


def test_lowering_the_level_does_not_loosen_the_clocks_that_begin_later(scene: Scene) -> None:
    files = texts()
    loose, strict = files["policy.toml"].split("[levels.3]")
    scene.configure(
        files
        | {
            "policy.toml": loose.replace("publish = { minutes = 1440 }", "publish = { minutes = 9000 }")
            + "[levels.3]"
            + strict
        }
    )
    alert = scene.open()
    scene.replied(alert)
    for level in (3, 1):
        scene.do(CHIEF, C.CHANGE_LEVEL, alert, level=level, reason="调整")
    scene.do(UNIT, C.RESOLVE, alert, **RESOLVE)
    publish = scene.state(alert).deadlines[Step.PUBLISH].at
    assert (publish - scene.clock.now()).total_seconds() == 24 * 3600


def test_lowering_the_level_moves_nothing_even_where_the_lower_terms_are_shorter(scene: Scene) -> None:
    files = texts()
    lower, upper = files["policy.toml"].split("[levels.3]")
    shorter = lower.replace("reply = { minutes = 2880 }", "reply = { minutes = 10 }")
    scene.configure(files | {"policy.toml": f"{shorter}[levels.3]{upper}"})
    alert = scene.open(post(1, at=scene.clock.now(), topics=(topic("roads", "塌陷"),)))
    before = scene.state(alert)
    scene.do(CHIEF, C.CHANGE_LEVEL, alert, level=1, reason="影响有限")
    assert scene.state(alert).deadlines == before.deadlines


# two people, one key


def test_the_second_of_two_people_gets_a_conflict(scene: Scene) -> None:
    alert = scene.open()
    seen = scene.state(alert).seq
    scene.do(DUTY, C.NOTE, alert, text="我来", expected=seen)
    with pytest.raises(Conflict) as conflict:
        scene.do(DUTY, C.ACKNOWLEDGE, alert, expected=seen)
    assert conflict.value.fields["expected"] == seen
    assert conflict.value.fields["actual"] == seen + 1


def test_what_the_system_records_meanwhile_is_no_conflict(scene: Scene) -> None:
    alert = scene.open()
    seen = scene.state(alert).seq
    scene.system("escalated", alert, step="acknowledge", deadline="2026-03-04T02:15:00.000000Z", unit=None, told=[])
    scene.do(DUTY, C.ACKNOWLEDGE, alert, expected=seen)


def test_the_same_key_records_once(scene: Scene) -> None:
    alert = scene.open()
    first = scene.do(DUTY, C.ACKNOWLEDGE, alert, key="k")
    assert scene.do(DUTY, C.ACKNOWLEDGE, alert, key="k") == first
    with pytest.raises(KeyReused):
        scene.do(DUTY, C.NOTE, alert, text="别的", key="k")


def test_a_persons_keys_are_their_own(scene: Scene) -> None:
    made = post(1, at=scene.clock.now())
    alert = scene.open(made)
    for actor in (DUTY, CHIEF):
        assert scene.do(actor, C.NOTE, alert, text=actor.pseudonym, key=f"opened:{made.story}")[0].type == "noted"
    assert [event.type for event in scene.ledger.by_key(f"opened:{made.story}")] == ["opened"]
    assert scene.ledger.by_key("heartbeat:2026-03-04T02") == []


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ({"text": "一"}, {"text": "二"}),
        ({"text": "一"}, {"text": "一", "claimed_at": "early"}),
    ],
)
def test_the_same_key_with_other_words_is_refused_and_records_nothing(scene: Scene, first: Any, again: Any) -> None:
    alert = scene.open()
    scene.do(DUTY, C.NOTE, alert, **first, key="k")
    head = scene.ledger.head()
    if "claimed_at" in again:
        again = again | {"claimed_at": scene.clock.now()}
    with pytest.raises(KeyReused):
        scene.do(DUTY, C.NOTE, alert, **again, key="k")
    assert scene.ledger.head() == head


@pytest.mark.parametrize(
    "other",
    [{"address": f"{OFFICIAL}/other"}, {"finding": "untrue"}, {"text": "补充"}, {"evidence": [*EVIDENCE, *EVIDENCE]}],
)
def test_every_typed_fact_is_compared_under_a_known_key(scene: Scene, other: dict[str, Any]) -> None:
    alert = scene.open()
    scene.assigned(alert)
    first = scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY, key="k")
    written = {**VERIFY, "text": "", "address": f"  {OFFICIAL}/reply?utm_source=x "}
    assert scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **written, key="k") == first
    with pytest.raises(KeyReused):
        scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **{**VERIFY, **REPLY, **other}, key="k")


def test_an_opening_by_hand_with_other_words_under_a_known_key_is_refused(scene: Scene) -> None:
    scene.office.open_by_hand(DUTY, post(), why="来电", key="k")
    for other in ({"why": "来信"}, {"level": 2}, {"topics": ["roads"]}, {"place": "990101102000"}):
        with pytest.raises(KeyReused):
            scene.office.open_by_hand(DUTY, post(), **{"why": "来电", **other}, key="k")


def test_a_capture_given_as_evidence_must_be_held(scene: Scene, tmp_path: Path) -> None:
    alert = scene.open()
    scene.assigned(alert)
    with closing(FolderCaptures(tmp_path / "captures")) as captures:
        held = captures.put(Response("https://news.example/a", 200, (), b"page", scene.clock.now()))
        scene.office = Office(scene.ledger, scene.view, scene.clock, captures)
        for unknown in ("invented", "2026-03-04/000009:0"):
            with pytest.raises(Refused, match="capture_unknown"):
                scene.do(UNIT, C.VERIFY, alert, **_proved("capture", unknown))
        scene.do(UNIT, C.VERIFY, alert, **_proved("capture", held))
        assert list(captures.references()) == [held]  # no expiry reaches it


def test_a_file_given_as_evidence_is_held_against_its_own_bytes(scene: Scene, tmp_path: Path) -> None:
    """Whoever asks, the page or a program: four kinds, at most 20 MB, and what is said of it is so."""
    captures = FolderCaptures(tmp_path / "captures")
    office = Office(scene.ledger, scene.view, scene.clock, captures)
    alert = scene.open()
    scene.assigned(alert)

    def given(name: str, body: bytes, **other: Any) -> str:
        """Keep `body`, verify with it under `name`; return the refusal's code."""
        held = captures.put(Response("https://file.invalid/1", 200, (), body, scene.clock.now()))
        piece = {"kind": "file", "value": held, "sha256": sha256(body).hexdigest(), "name": name, "size": len(body)}
        command = Command(C.VERIFY, alert, {"finding": "true", "evidence": [{**piece, **other}]})
        return refused_code(lambda: office.execute(UNIT, command))

    photo = b"\x89PNG\r\n\x1a\n"
    assert given("现场.exe", b"MZ") == "file_kind"
    assert given("现场.png", b"<html>") == "file_kind"
    assert given("现场.pdf", photo) == "file_kind"
    assert given("现场.png", photo, size=1) == "file_unknown"
    assert given("现场.png", photo, sha256="ab" * 32) == "file_unknown"
    assert given("现场.png", photo + bytes(LARGEST)) == "file_too_large"
    assert given("现场.png", photo) == ""
    captures.close()


def test_an_outlet_that_was_called_official_after_the_opening_is_no_place_of_reply(scene: Scene) -> None:
    before = scene.open()
    hosts = 'hosts = ["daily.example"]'
    official = texts()["outlets.toml"].replace(hosts, f'{hosts}\nofficial = true\nunit = "water-bureau"')
    scene.configure(texts() | {"outlets.toml": official})
    after = scene.open(post(2, at=scene.clock.now()))
    page = {"address": "https://daily.example/reply"}
    for alert, code in ((before, "address_official_since"), (after, "")):
        scene.assigned(alert)
        assert refused_code(lambda alert=alert: scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **page)) == code
    [_, reply] = scene.do(UNIT, C.VERIFY_AND_REPLY, before, **VERIFY, **REPLY)
    amend = {"event": reply.seq, "field": "address", "value": page["address"], "why": "写错"}
    assert refused_code(lambda: scene.do(UNIT, C.AMEND, before, **amend)) == "address_official_since"


def test_hosts_are_compared_without_port_and_case(scene: Scene) -> None:
    files = texts()
    written = files["outlets.toml"].replace('hosts = ["www.gov.example"]', 'hosts = ["WWW.Gov.example:8443"]')
    scene.configure(files | {"outlets.toml": written})
    alert = scene.open()
    scene.assigned(alert)
    events = scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, address="https://www.gov.example:8443/r")
    assert events[1].payload["address"] == "https://www.gov.example:8443/r"


def test_verify_and_reply_are_two_events_of_one_submission(scene: Scene) -> None:
    alert = scene.open()
    scene.assigned(alert)
    events = scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY, key="k")
    assert [event.type for event in events] == ["verified", "replied"]
    assert scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY, key="k") == events


# offers, units, by hand


def test_offers_say_beforehand_what_decide_would_refuse(scene: Scene) -> None:
    alert = scene.open()
    offered = {offer.type: offer.refused for offer in offers(scene.state(alert), DUTY, scene.clock.now(), desk())}
    assert offered[C.ACKNOWLEDGE] is None
    refused = offered[C.ASSIGN]
    assert refused is not None
    assert refused.code == "acknowledge_first"
    assert C.CONFIRM not in offered
    assert offers(scene.state(alert), ADMIN, scene.clock.now(), desk()) == ()


def test_duty_is_offered_the_units_commands_on_its_behalf(scene: Scene) -> None:
    alert = scene.open()
    scene.assigned(alert)
    offered = {offer.type: offer.refused for offer in offers(scene.state(alert), DUTY, scene.clock.now(), desk())}
    assert offered[C.VERIFY_AND_REPLY] is None


def test_a_unit_is_suggested_by_topic_and_narrowest_place(scene: Scene) -> None:
    alert = scene.state(scene.open())
    base = desk()
    narrow = base.units[0].model_copy(update={"id": "town-water", "places": ("990101101000",)})
    far = base.units[0].model_copy(update={"id": "far-water", "places": ("990101102000",)})
    assert suggest_unit(alert, base) == "water-bureau"
    assert suggest_unit(alert, base.model_copy(update={"units": (*base.units, far, narrow)})) == "town-water"
    assert suggest_unit(alert, base.model_copy(update={"units": (far,)})) is None


def test_an_alert_opened_by_hand_runs_from_its_opening(scene: Scene) -> None:
    late = post(at="2026-02-20T08:00:00+08:00", topics=(topic("roads", "塌陷"),))
    event = scene.office.open_by_hand(DUTY, late, why="市民来电", key="k")[0]
    state = scene.state(str(event.alert))
    assert state.by_hand
    assert state.opened_at == scene.clock.now()
    assert state.deadlines[Step.REPLY].at > scene.clock.now()
    assert state.earliest == late.published.at if late.published else None
    assert scene.office.open_by_hand(DUTY, late, why="市民来电", key="k") == [event]
    with pytest.raises(Refused, match="already_opened"):
        scene.office.open_by_hand(DUTY, late, why="再来一次")


@pytest.mark.parametrize(
    ("fields", "given", "code"),
    [
        ({"outlet": "gov"}, {}, "outlet_official"),
        ({"outlet": "gone"}, {}, "outlet_unknown"),
        ({"topics": ()}, {}, "topic_missing"),
        ({}, {"topics": ["weather"]}, "topic_missing"),
        ({}, {"place": "110000000000"}, "place_outside"),
        ({}, {"level": 9}, "level_out_of_range"),
        ({}, {"why": " "}, "why_missing"),
    ],
)
def test_what_cannot_be_opened_by_hand(scene: Scene, fields: Any, given: Any, code: str) -> None:
    with pytest.raises(Refused, match=code):
        scene.office.open_by_hand(DUTY, post(**fields), **{"why": "市民来电", **given})


def test_only_duty_opens_by_hand(scene: Scene) -> None:
    for actor in (UNIT, CHIEF, ADMIN, VIEWER, AUDITOR):
        with pytest.raises(Refused):
            scene.office.open_by_hand(actor, post(), why="市民来电")


def test_a_place_chosen_by_hand_has_the_name_of_the_configuration(scene: Scene) -> None:
    event = scene.office.open_by_hand(DUTY, post(places=()), why="来电", place="990101102000")[0]
    assert scene.state(str(event.alert)).place_name == "柳渡镇"
    elsewhere = scene.office.open_by_hand(DUTY, post(9, places=(place(),)), why="来电")[0]
    assert scene.state(str(elsewhere.alert)).place_name == "青河镇"


def test_report_untrue_is_accepted_after_a_public_reply(scene: Scene) -> None:
    alert = scene.open()
    scene.replied(alert)
    payload = {**RESOLVE, "end_state": "untrue", "why": "当天供水正常"}
    scene.do(UNIT, C.RESOLVE, alert, **payload)
    resolution = scene.state(alert).resolution
    assert resolution is not None
    assert resolution.end_state is EndState.UNTRUE


def test_addresses_are_kept_in_their_canonical_form(scene: Scene) -> None:
    alert = scene.open()
    scene.assigned(alert)
    address = f"{OFFICIAL.upper().replace('HTTPS', 'https')}/reply?utm_source=x#top"
    event = scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, address=address)[1]
    assert event.payload["address"] == f"{OFFICIAL}/reply"
