"""What stands beside the rate: times, earlier periods, the shipped policy, coverage, gaps, changed configuration."""

from __future__ import annotations

import json
from datetime import timedelta
from fractions import Fraction

import pytest

from alerts.events import EventType
from alerts.judged import judge_all
from alerts.periods import before, kind, year_before
from alerts.shipped import judged_by_shipped
from alerts.view import read_all
from alerts.vocabulary import CommandType as C
from alerts.vocabulary import Step
from huiying.core.codec import instant
from huiying.core.model import Dated, Draft, Precision, Role
from tests.alerts.scene import CHIEF, DUTY, OPENED_AT, OUTCOME, RESOLVE, UNIT, Scene, post, texts, topic
from tests.alerts.test_aftermath import again, join, stand_still, suspect
from tests.alerts.test_figures import LATER, computed


@pytest.mark.parametrize(
    ("name", "previous", "last_year", "kind_"),
    [
        ("2026-W01", "2025-W52", "2025-W01", "week"),
        ("2021-W01", "2020-W53", "2020-W01", "week"),
        ("2020-W53", "2020-W52", "2019-W52", "week"),
        ("2026-01", "2025-12", "2025-01", "month"),
        ("2026-Q1", "2025-Q4", "2025-Q1", "quarter"),
        ("2026-H2", "2026-H1", "2025-H2", "half_year"),
        ("2026", "2025", "2025", "year"),
        ("2024-02-29..2024-03-10", "2024-02-19..2024-02-29", "2023-02-28..2023-03-10", "dates"),
    ],
)
def test_the_period_before_and_the_same_a_year_before(name: str, previous: str, last_year: str, kind_: str) -> None:
    assert (before(name), year_before(name), kind(name)) == (previous, last_year, kind_)


def test_times_run_from_publication_and_from_detection_and_who_never_answered_is_censored(scene: Scene) -> None:
    first = scene.open()  # published 30 minutes before
    scene.clock.forward(minutes=10)
    scene.assigned(first)
    scene.open(post(2, at=scene.clock.now()))
    scene.clock.set(LATER)
    published, detected = computed(scene).times[Step.ACKNOWLEDGE]
    assert (detected.median, detected.ninetieth, detected.done, detected.censored) == (600, None, 1, 1)
    assert published.median == 2400
    assert computed(scene).times[Step.CONFIRM][1].done == 0


def test_a_reply_before_detection_took_no_time_and_a_late_one_its_own(scene: Scene) -> None:
    alert = scene.open()
    scene.assigned(alert)
    scene.clock.forward(hours=50)
    scene.captured(scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **_verified())[1])
    early = again(scene, 2)
    scene.assigned(early)
    seen = scene.clock.now() - timedelta(hours=1)
    scene.captured(scene.do(UNIT, C.VERIFY_AND_REPLY, early, **_verified())[1], first=seen)
    scene.clock.set(LATER)
    _, detected = computed(scene).times[Step.REPLY]
    assert (detected.median, detected.ninetieth) == (0, 50 * 3600)


def _verified() -> dict[str, object]:
    return {"finding": "true", "evidence": RESOLVE["evidence"], "address": OUTCOME["address"]}


def test_a_publication_known_to_the_day_is_at_least(scene: Scene) -> None:
    day = Dated(instant("2026-03-02T00:00:00+08:00"), Precision.DAY, "feed")
    alert = scene.open(post(1, published=day))
    assert scene.state(alert).earliest == instant("2026-03-03T00:00:00+08:00")  # 24:00 of the day
    scene.confirmed(alert)
    scene.clock.set(LATER)
    made = computed(scene)
    assert made.at_least.alerts == (alert,)
    assert (
        made.times[Step.REPLY][0].median == (instant(OPENED_AT) - instant("2026-03-03T00:00:00+08:00")).total_seconds()
    )


def test_the_briefing_has_its_own_rate_and_is_no_criterion(scene: Scene) -> None:
    held = scene.open(post(1, topics=(topic("roads", "塌陷"),)))
    missed = scene.open(post(2, topics=(topic("roads", "塌陷"),)))
    scene.open(post(3))  # a level without one
    scene.assigned(held)
    scene.do(UNIT, C.HOLD_BRIEFING, held, evidence=RESOLVE["evidence"])
    scene.clock.forward(hours=25)
    scene.assigned(missed)
    scene.do(UNIT, C.HOLD_BRIEFING, missed, evidence=RESOLVE["evidence"])
    scene.clock.set(LATER)
    found = computed(scene).briefing
    assert found is not None
    assert (found.part.alerts, found.whole.alerts) == ((held,), (held, missed))


def test_late_recurring_vanished_amended_and_joined_are_listed(scene: Scene) -> None:
    late, recurring = scene.open(), again(scene)
    scene.confirmed(recurring)
    scene.clock.forward(minutes=20)
    scene.assigned(late)
    scene.clock.forward(days=2)
    new = again(scene, 3)
    suspect(scene, new)
    amended, vanished, kept, ended = (again(scene, number) for number in (4, 5, 6, 7))
    note = scene.do(DUTY, C.NOTE, amended, text="错字")[0]
    scene.do(DUTY, C.AMEND, amended, event=note.seq, field="text", value="正字", why="错")
    gone = {"post": "p", "address": "a", "day": 1, "checked": "", "reason": "http_404", "capture": None}
    scene.clock.forward(days=1)
    scene.system(EventType.POST_GONE, vanished, **gone)
    scene.clock.forward(days=31)
    scene.system(EventType.POST_GONE, amended, **gone)  # longer ago than the rate looks
    join(scene, kept, ended)
    scene.clock.set(LATER)
    made = computed(scene)
    assert late in made.late.alerts
    assert made.recurring.alerts == (recurring,)
    assert (made.amended.alerts, made.vanished.alerts, made.joined.alerts) == ((amended,), (vanished,), (ended,))
    assert made.alerts[ended].joined_into == kept


def test_an_earlier_period_is_restated_beside_what_was_printed_then(scene: Scene) -> None:
    alert = scene.open()
    scene.confirmed(alert)
    scene.clock.set("2026-03-18T09:00:00+08:00")  # due at midnight, still in observation
    week = computed(scene, "2026-W12")
    assert week.rate is not None
    payload = {"period": "2026-W12", "cutoff": "", "events": week.events, "kind": "week", "figures": ""}
    counts = {"correct": week.correct.count, "not_correct": week.not_correct.count, "excluded": 0}
    report = scene.system(EventType.REPORT_ISSUED, None, **payload, **counts)
    scene.do(DUTY, C.REOPEN, alert, reason="又停水")
    now = computed(scene, "2026-W13").previous
    assert (now.period, now.correct, now.not_correct, now.excluded) == ("2026-W12", 0, 1, 0)
    assert now.printed == (report.seq, 1, 0, 0)
    written = json.loads(computed(scene, "2026-W13").to_json())["previous"]
    assert written["not_correct"] == {"alerts": [alert], "count": 1}
    assert written["correct"] == written["excluded"] == {"alerts": [], "count": 0}
    assert computed(scene, "2026-W15").previous.printed is None


def loosened() -> dict[str, str]:
    return texts() | {"policy.toml": texts()["policy.toml"].replace("minutes = 15", "minutes = 90")}


def test_a_looser_policy_stands_beside_the_shipped_one_over_the_same_alerts(scene: Scene) -> None:
    files = loosened()
    assert files != texts()
    scene.configure(files)
    alert = scene.open(post(1, at=scene.clock.now()))
    scene.clock.forward(minutes=60)  # in time by the office's own terms, late by the shipped ones
    scene.confirmed(alert)
    scene.clock.set(LATER)
    made = computed(scene)
    assert made.rate is not None
    assert made.shipped is not None
    assert (made.rate.part.count, made.shipped.part.count, made.shipped.whole.alerts) == (1, 0, (alert,))


def test_the_shipped_policy_alone_is_printed_once(scene: Scene) -> None:
    scene.confirmed(scene.open())
    scene.configure(texts() | {"rules.toml": ""})
    scene.clock.set(LATER)
    assert computed(scene).shipped is None


def test_under_the_shipped_policy_every_deadline_is_the_one_that_it_would_have_given(scene: Scene) -> None:
    """Written anew from the shipped terms, a ledger that was kept under them stays the same alert for alert."""
    first = scene.open()
    scene.clock.forward(minutes=5)
    scene.assigned(first)
    scene.do(UNIT, C.RETURN, first, reason="不归我们")
    scene.do(DUTY, C.ASSIGN, first, unit="water-bureau")
    scene.do(CHIEF, C.CHANGE_LEVEL, first, level=3, reason="影响大")
    scene.do(CHIEF, C.EXTEND, first, working_days=2, reason="等配件")
    second = again(scene)
    stand_still(scene, 20)
    scene.confirmed(second)
    scene.clock.forward(days=1)
    scene.do(DUTY, C.REOPEN, second, reason="又停水")
    third = scene.open(post(3, at=scene.clock.now(), topics=(topic("roads", "塌陷"),)))
    fourth = again(scene, 4)
    join(scene, third, fourth)
    scene.clock.set(LATER)
    scene.system("heartbeat", None)
    events = read_all(scene.ledger)
    assert judged_by_shipped(events, scene.clock.now()) == judge_all(events, scene.clock.now())


def test_coverage_gaps_and_changed_configuration_of_the_period(scene: Scene) -> None:
    scene.clock.set(OPENED_AT)
    scene.open()
    stand_still(scene, 30)
    scene.system(EventType.CLOCK_ANOMALY, None, last="", clock="")
    days = {"2026-02-28": 999, "2026-03-04": 700, "2026-03-05": 1440}
    for day, minutes in days.items():
        payload = {"outlets": {"news": minutes, "daily": 1}, "dead": {"not_an_article": 2}, "backlog": 7}
        scene.system(EventType.COVERAGE_RECORDED, None, day=day, **payload)
    files = texts() | {"rules.toml": texts()["rules.toml"].replace('id = "roads"', 'id = "bridges"')}
    payload = {"files": files, "differs": {"rules.toml": ["+ x"]}}
    scene.ledger.append([_configured(payload)])
    scene.clock.set(LATER)
    beside = json.loads(computed(scene).to_json())["beside"]
    assert beside["coverage"] == {
        "backlog": 7,
        "days": 2,
        "days_of_period": 31,
        "dead": {"not_an_article": 4},
        "minutes": {"news": 2140, "daily": 2},
    }
    assert [len(gap["moved"]) for gap in beside["gaps"]] == [1]
    assert len(beside["clock_anomalies"]) == 1
    first, last = beside["configuration"]
    assert first["added"]["rules"] == ["roads", "water"]
    assert (last["files"], last["added"]["rules"], last["removed"]["rules"]) == (["rules.toml"], ["bridges"], ["roads"])
    other = json.loads(computed(scene, "2026-04").to_json())["beside"]
    assert (other["gaps"], other["configuration"], other["coverage"]["days"]) == ([], [], 0)


def _configured(payload: dict[str, object]) -> Draft:
    return Draft(EventType.CONFIGURATION_CHANGED, None, CHIEF.pseudonym, Role.SUPERVISOR, payload=payload)


def test_percentages_of_the_rate_under_the_shipped_policy_follow_the_same_rule(scene: Scene) -> None:
    scene.configure(loosened())
    for number in range(20):
        scene.open(post(number, at=scene.clock.now()))
    scene.clock.set(LATER)
    shipped = computed(scene).shipped
    assert shipped is not None
    assert (shipped.permille, Fraction(shipped.part.count, shipped.whole.count)) == (0, 0)
