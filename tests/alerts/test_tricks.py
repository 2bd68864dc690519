"""Twenty-four ways to make the figure look better than the work was, and what the report prints of each.

The order is that of the rate's page. What an owner of the database does beyond these stands in tests/attacks.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from alerts import joining
from alerts.commands import Command
from alerts.criteria import Standing
from alerts.vocabulary import CommandType as C
from alerts.vocabulary import Criterion, Ground, Step, Verdict
from huiying.core.codec import instant, instant_text
from huiying.core.errors import Refused
from huiying.core.model import Draft, Role
from huiying.verify import Reason
from tests.alerts.scene import (
    ADMIN,
    CHIEF,
    DUTY,
    EVERYBODY,
    OFFICIAL,
    OPENED_AT,
    OTHER_TOWNSHIP,
    OUTCOME,
    RESOLVE,
    UNIT,
    VERIFY,
    Scene,
    place,
    post,
    texts,
)
from tests.alerts.test_aftermath import again, stand_still, suspect
from tests.alerts.test_figures import LATER, computed, judged, standing, verdicts
from tests.attacks.forging import body
from tests.attacks.office import Office, noted, opened


def later(scene: Scene) -> None:
    """Let everything fall due."""
    scene.clock.set(LATER)


def c(scene: Scene, alert: str, number: int) -> Standing:
    """Return one criterion."""
    return standing(scene, alert, Criterion(f"C{number}"))


def fraction(scene: Scene) -> tuple[int, int]:
    """Return what the report prints first."""
    rate = computed(scene).rate
    assert rate is not None
    return rate.part.count, rate.whole.count


def test_01_type_100_percent(scene: Scene) -> None:
    """No command takes a figure, whoever gives it, and the rate printed is that of the events."""
    alert = scene.open()
    for actor in EVERYBODY:
        for type in C:
            typed = Command(type, alert, {"rate": 1000, "correct": True, "permille": 1000, "text": "百分之百办结"})
            try:
                scene.office.execute(actor, typed)
            except Refused:
                continue
    later(scene)
    assert fraction(scene) == (0, 1)


def test_02_delete_an_alert(tmp_path: Path) -> None:
    """A ledger without its events is no ledger: the first missing number is named."""
    office = Office(tmp_path / "desk")
    office.append(opened("A1"), opened("A2", 2), noted("A1"))
    office.overwrite([row for row in office.rows() if row["alert"] != "A2"])
    bad = office.verify().bad
    assert bad is not None
    assert (bad.seq, bad.reason) == (3, Reason.MISSING)


def test_03_mute(scene: Scene) -> None:
    """Muting silences notifications; every deadline runs on."""
    alert = scene.open()
    scene.do(DUTY, C.MUTE, alert, hours=24, reason="施工")
    later(scene)
    assert fraction(scene) == (0, 1)
    assert c(scene, alert, 1).due == instant(OPENED_AT) + timedelta(minutes=15)


def test_04_acknowledge_and_forget(scene: Scene) -> None:
    alert = scene.open()
    scene.do(DUTY, C.ACKNOWLEDGE, alert)
    later(scene)
    assert verdicts(scene, alert) == "ffffff"
    assert [group.key for group in computed(scene).by_unit] == [None]


def test_05_close_and_open_anew(scene: Scene) -> None:
    """The matter that comes back is a recurrence, and the alert that was closed too early fails."""
    alert = scene.open()
    scene.confirmed(alert)
    scene.clock.forward(days=3)
    anew = again(scene)
    assert suspect(scene, anew) == [alert]
    scene.confirmed(anew)
    later(scene)
    made = computed(scene)
    assert made.recurring.alerts == (alert,)
    assert made.correct.alerts == (anew,)


def test_06_count_the_closed_only(scene: Scene) -> None:
    """What was never closed falls due like the rest."""
    done, left = scene.open(), again(scene)
    scene.confirmed(done)
    later(scene)
    assert fraction(scene) == (1, 2)
    assert left in computed(scene).not_correct.alerts


def test_07_exclude_the_unpleasant(scene: Scene) -> None:
    """Each exclusion is counted by its ground beside the rate, a rate that counts them against us too, and a flag."""
    kept, away = scene.open(), again(scene)
    scene.confirmed(kept)
    scene.do(DUTY, C.PROPOSE_DISMISSAL, away, ground="false_match", why="不好回答")
    scene.do(CHIEF, C.DISMISS, away)
    later(scene)
    made = computed(scene)
    assert fraction(scene) == (1, 1)
    assert made.excluded[Ground.FALSE_MATCH].alerts == (away,)
    assert made.if_excluded_counted is not None
    assert (made.if_excluded_counted.part.count, made.if_excluded_counted.whole.count) == (1, 2)
    assert made.excluded_flagged


def test_08_lower_the_level(scene: Scene) -> None:
    """Every deadline stays, and the alert is counted under the highest level that it ever had."""
    alert = scene.open()
    scene.do(CHIEF, C.CHANGE_LEVEL, alert, level=3, reason="影响扩大")
    strict = scene.state(alert).deadlines[Step.REPLY]
    scene.do(CHIEF, C.CHANGE_LEVEL, alert, level=1, reason="影响不大")
    assert scene.state(alert).deadlines[Step.REPLY] == strict
    later(scene)
    assert [group.key for group in computed(scene).by_level] == ["3"]


def test_09_back_date(scene: Scene) -> None:
    """What the actor claims is shown and improves nothing."""
    alert = scene.open()
    scene.clock.forward(minutes=40)
    scene.do(DUTY, C.ACKNOWLEDGE, alert, claimed_at=instant(OPENED_AT) + timedelta(minutes=1))
    found = c(scene, alert, 1)
    assert (found.verdict, found.late) == (Verdict.FAILED, 25 * 60)


def test_10_loosen_the_policy(scene: Scene) -> None:
    """Alerts open already keep their deadlines; of the new ones the rate under the shipped policy stands beside."""
    before = scene.open()
    scene.configure(texts() | {"policy.toml": texts()["policy.toml"].replace("minutes = 15", "minutes = 600")})
    after = again(scene)
    scene.clock.forward(minutes=60)
    for alert in (before, after):
        scene.confirmed(alert)
    later(scene)
    made = computed(scene)
    assert (made.correct.alerts, made.not_correct.alerts) == ((after,), (before,))
    assert made.shipped is not None
    assert (made.shipped.part.count, made.shipped.whole.count) == (0, 2)


def test_11_drop_an_awkward_outlet(scene: Scene) -> None:
    """What it reported stays, and the report names the outlet that was removed."""
    alert = scene.open()
    dropped = texts()["outlets.toml"].replace('id = "news"', 'id = "calm"').replace("云泽新闻网", "云泽画报")
    recorded(scene, texts() | {"outlets.toml": dropped}, "outlets.toml")
    later(scene)
    made = computed(scene)
    assert made.not_correct.alerts == (alert,)
    last = json.loads(made.to_json())["beside"]["configuration"][-1]
    assert (last["removed"]["outlets"], last["added"]["outlets"]) == (["news"], ["calm"])


def test_12_let_the_crawler_be_down(scene: Scene) -> None:
    """The failure stands, the gap is listed, and coverage says how many minutes the outlets were really read."""
    alert = scene.open()
    stand_still(scene, 5 * 60)
    scene.system("coverage_recorded", None, day="2026-03-04", outlets={"news": 600, "daily": 0}, dead={}, backlog=0)
    later(scene)
    made = json.loads(computed(scene).to_json())
    assert made["not_correct"]["alerts"] == [alert]
    assert len(made["beside"]["gaps"]) == 1
    assert made["beside"]["gaps"][0]["moved"] == []
    assert made["beside"]["coverage"]["minutes"] == {"daily": 0, "news": 600}
    assert (made["beside"]["coverage"]["days"], made["beside"]["coverage"]["days_of_period"]) == (1, 31)


def test_13_soften_the_rules(scene: Scene) -> None:
    """A rule that is gone is named, with the file that changed; what it opened goes on."""
    alert = scene.open()
    rules = texts()["rules.toml"].replace('id = "water"', 'id = "flood"', 1)
    recorded(scene, texts() | {"rules.toml": rules}, "rules.toml")
    later(scene)
    made = computed(scene)
    last = json.loads(made.to_json())["beside"]["configuration"][-1]
    assert (last["removed"]["rules"], last["files"]) == (["water"], ["rules.toml"])
    assert made.not_correct.alerts == (alert,)


def test_14_detect_late_and_answer_fast(scene: Scene) -> None:
    """Beside the time from our detection stands the time from the outlet's publication."""
    early = instant(OPENED_AT) - timedelta(days=6)
    made = post(1, at=OPENED_AT)
    assert made.published is not None
    alert = scene.open(post(1, at=OPENED_AT, published=type(made.published)(early, made.published.precision, "feed")))
    scene.clock.forward(minutes=1)
    scene.confirmed(alert)
    later(scene)
    published, detected = computed(scene).times[Step.REPLY]
    assert (published.median, detected.median) == (6 * 86400 + 60, 60)


def test_15_one_evidence_page_for_all(scene: Scene) -> None:
    """A page serves an alert whose place and topic stand in it, and no other."""
    here, there = scene.open(), again(scene, places=(place(OTHER_TOWNSHIP, "柳渡镇"),))
    for alert in (here, there):
        scene.assigned(alert)
        reply = scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, address=f"{OFFICIAL}/one-for-all")[1]
        scene.captured(reply, place=alert == here)
    later(scene)
    assert (c(scene, here, 3).verdict, c(scene, there, 3).verdict) == (Verdict.OK, Verdict.FAILED)


def test_16_confirm_ones_own_work(scene: Scene) -> None:
    """Who resolved does not confirm, whoever it was recorded for; nobody else's confirmation is the report's C6."""
    alert = scene.open()
    scene.replied(alert)
    scene.captured(scene.do(DUTY, C.RESOLVE_AND_PUBLISH, alert, on_behalf_of="water-bureau", **RESOLVE, **OUTCOME)[1])
    for actor in (DUTY, UNIT, ADMIN):
        with pytest.raises(Refused):
            scene.do(actor, C.CONFIRM, alert)
    later(scene)
    assert verdicts(scene, alert) == "ooooof"


def test_17_split_and_merge(scene: Scene) -> None:
    """Two that are joined count once, and what the one had failed the other has failed."""
    first = scene.open()
    scene.assigned(first)
    second = again(scene)
    scene.clock.forward(minutes=16)
    for entry in joining.entries(scene.state(first), scene.state(second)):
        scene.ledger.append([entry.draft], key=entry.key)
    later(scene)
    made = computed(scene)
    assert fraction(scene) == (0, 1)
    assert Criterion.C1 in judged(scene, first).failed
    assert made.joined.alerts == (second,)


def test_18_close_all_on_the_last_day(scene: Scene) -> None:
    """What is done after its deadline is listed as late and stays a failure."""
    alerts = [scene.open(), again(scene), again(scene, 3)]
    for alert in alerts:
        scene.assigned(alert)
    scene.clock.set("2026-03-31T23:00:00+08:00")
    for alert in alerts:
        scene.captured(scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, address=f"{OFFICIAL}/r")[1])
        scene.captured(scene.do(UNIT, C.RESOLVE_AND_PUBLISH, alert, **RESOLVE, **OUTCOME)[1])
        scene.do(CHIEF, C.CONFIRM, alert)
    later(scene)
    made = computed(scene)
    assert fraction(scene) == (0, 3)
    assert set(made.late.alerts) == set(alerts)


def test_19_edit_the_report(tmp_path: Path) -> None:
    """The figures' hash stands in the ledger: a file that says something else is no report of it."""
    office = Office(tmp_path / "desk")
    office.configure()
    office.append(opened("A1"))
    office.days(20)
    office.append(noted("A1"))
    true = office.report("2026-Q2" if b"2026-06" in office.rows()[-1]["raw"] else "2026-Q1")
    typed = true.replace(b'"excluded_flagged":false', b'"excluded_flagged":true')
    assert typed != true
    assert office.verify(reports=[true]).bad is None
    bad = office.verify(reports=[typed]).bad
    assert bad is not None
    assert bad.reason is Reason.REPORT


def test_20_rewrite_the_database(tmp_path: Path) -> None:
    """Hashed anew from end to end it is a perfect ledger, and another one than the checkpoint on paper says."""
    office = Office(tmp_path / "desk")
    office.configure()
    office.append(opened("A1"), noted("A1", "无人接听"))
    kept = office.issue()
    other = Office(tmp_path / "other")
    other.configure()
    other.append(opened("A1"), noted("A1", "已妥善处置"))
    other.issue()
    office.overwrite(other.rows())
    assert body(office.rows()[3])["payload"]["text"] == "已妥善处置"
    bad = office.verify(kept).bad
    assert bad is not None


def test_21_set_the_clock_back(scene: Scene) -> None:
    """The ledger's own clock never goes back: the reply is late, and the report lists the anomaly."""
    alert = scene.open()
    scene.assigned(alert)
    scene.clock.forward(hours=50)
    scene.system("heartbeat", None)
    scene.clock.set(OPENED_AT)
    back = instant_text(scene.clock.now())
    scene.system("clock_anomaly", None, last=instant_text(instant(OPENED_AT) + timedelta(hours=50)), clock=back)
    scene.captured(scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, address=f"{OFFICIAL}/r")[1])
    later(scene)
    assert c(scene, alert, 2).verdict is Verdict.FAILED
    assert len(json.loads(computed(scene).to_json())["beside"]["clock_anomalies"]) == 1


def test_22_open_by_hand_what_is_solved_already(scene: Scene) -> None:
    """The rate without alerts opened by hand stands beside it."""
    left = scene.open()
    event = scene.office.open_by_hand(DUTY, post(2, at=scene.clock.now()), why="补录")[0]
    solved = str(event.alert)
    scene.confirmed(solved)
    later(scene)
    made = computed(scene)
    assert fraction(scene) == (1, 2)
    assert made.by_hand.alerts == (solved,)
    assert made.without_by_hand is not None
    assert (made.without_by_hand.part.count, made.without_by_hand.whole.alerts) == (0, (left,))


def test_23_leave_alerts_unconfirmed(scene: Scene) -> None:
    """What nobody confirms falls due all the same, and fails C6."""
    alert = scene.open()
    scene.published(alert)
    later(scene)
    assert verdicts(scene, alert) == "ooooof"
    assert fraction(scene) == (0, 1)


def test_24_answer_by_making_the_article_vanish(scene: Scene) -> None:
    """A post that is gone ends nothing and excuses nothing; the alert is listed as one whose post vanished."""
    alert = scene.open()
    scene.assigned(alert)
    gone = {"post": scene.state(alert).posts[0].id, "address": "https://news.example/1", "day": 1, "checked": ""}
    scene.system("post_gone", alert, **gone, reason="http_404", capture=None)
    for ground in ("vanished", "withdrawn", "needs_no_response"):
        with pytest.raises(Refused):
            scene.do(DUTY, C.PROPOSE_DISMISSAL, alert, ground=ground, why="稿件已删除")
    later(scene)
    made = computed(scene)
    assert fraction(scene) == (0, 1)
    assert made.vanished.alerts == (alert,)


def recorded(scene: Scene, files: dict[str, str], changed: str) -> None:
    """Record `files` as apply does, with the name of the file that differs."""
    payload = {"files": files, "differs": {changed: ["+ x"]}}
    draft = Draft("configuration_changed", None, CHIEF.pseudonym, Role.SUPERVISOR, payload=payload)
    scene.ledger.append([draft])
    scene.view.catch_up()
