"""One alert in each stage of its life, so that every form and every notice of the pages is seen."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from alerts.vocabulary import Stage
from huiying.core.model import Draft, Role
from huiying.core.model import Response as CapturedPage
from huiying.core.states import Reading, SourceAlarm, SourceState
from tests.alerts.web.invented import ACCOUNTS, Invented

REPLY, OUTCOME = "http://127.0.0.5/answer.html", "http://127.0.0.5/result.html"
EVIDENCE = [{"kind": "address", "value": REPLY}]

_ASSIGNED = [("duty", "acknowledge", {}), ("duty", "assign", {"unit": "water-bureau"})]
_VERIFIED = [*_ASSIGNED, ("unit", "verify", {"finding": "true", "evidence": EVIDENCE})]
_REPLIED = [*_VERIFIED, ("unit", "reply", {"address": REPLY})]
_RESOLVED = [*_REPLIED, ("unit", "resolve", {"end_state": "solved", "done": "管道已更换", "evidence": EVIDENCE})]
_PUBLISHED = [*_RESOLVED, ("unit", "publish_outcome", {"address": OUTCOME})]
_DISMISSED = [
    ("duty", "propose_dismissal", {"ground": "false_match", "why": "文中没有停水"}),
    ("supervisor", "dismiss", {}),
]
_WAY: dict[Stage, list[tuple[str, str, dict[str, object]]]] = {
    Stage.OPENED: [("duty", "mute", {"hours": 4, "reason": "同一事项已在处理"})],
    Stage.ACKNOWLEDGED: _ASSIGNED[:1],
    Stage.ASSIGNED: _ASSIGNED,
    Stage.VERIFIED: _VERIFIED,
    Stage.REPLIED: _REPLIED,
    Stage.RESOLVED: _RESOLVED,
    Stage.PUBLISHED: _PUBLISHED,
    Stage.CONFIRMED: [*_PUBLISHED, ("supervisor", "confirm", {})],
    Stage.DISMISSED: _DISMISSED,
}


def one_in_each_stage(desk: Invented) -> dict[Stage, str]:
    """Open an alert for every stage that people bring it to, and bring it there; return them by stage."""
    desk.post("answer", "青石镇停水情况通报", outlet="government")
    desk.post("result", "青石镇停水处置结果", outlet="government")
    made = {}
    for number, stage in enumerate(_WAY):
        alert = desk.alert(f"s{number}", f"青石镇第{number + 1}批村庄停水")
        for who, step, payload in _WAY[stage]:
            desk.press(who, alert, step, **payload)
        desk.services.view.catch_up()
        reached = desk.services.view.alert(alert)
        assert reached
        assert reached.stage is stage
        made[stage] = alert
    return made


def with_sources(desk: Invented) -> None:
    """Let crawl have left a source in each state, and an alarm."""
    now = desk.services.clock.now()
    read = SourceState("yunze-news/1", "yunze-news", now, Reading.NEW, succeeded=now, newest=now, backlog=3)
    refused = SourceState("government/1", "government", now, Reading.REFUSED, "Disallow: /", failures=3)
    for state in (read, refused):
        desk.services.store.crawl.save_source(state)
    desk.services.store.alarms.replace([SourceAlarm("government/1", "frozen", now, "2026-02-01")])


def with_a_change(desk: Invented) -> str:
    """Let a post of an alert be changed; return the address of the page that compares its two versions."""
    now, made = desk.services.clock.now(), desk.post("changed", "青石镇停水三天")
    bodies = [
        f"<h1>青石镇停水三天</h1><p>{words}，影响约三百户居民，抢修人员正在现场。</p>"
        for words in ("主管破裂", "阀门损坏")
    ]
    versions = []
    for number, body in enumerate(bodies, start=1):
        reference = desk.services.captures.put(CapturedPage(made.address, 200, (), body.encode(), now))
        text = desk.services.read_page(body.encode(), None, "Asia/Shanghai", now).text
        digest = hashlib.sha256(body.encode()).hexdigest()
        versions.append(replace(made, version=number, text=text, capture=reference, page_sha256=digest))
    alert = str(desk.services.office.open_by_hand(ACCOUNTS["duty"], versions[0], why="读者来电")[0].alert)
    desk.attach(alert, versions[1])
    (event,) = (event for event in desk.services.ledger.read(alert=alert) if event.type == "post_changed")
    return f"/alerts/{alert}/changes/{event.seq}"


def with_evidence(desk: Invented, alert: str) -> str:
    """Let the reply's page be captured; return the address of the capture's page."""
    now = desk.services.clock.now()
    (reply,) = (event for event in desk.services.view.events(alert) if event.type == "replied")
    body = "青石镇停水情况通报".encode()
    reference = desk.services.captures.put(CapturedPage(REPLY, 200, (("Content-Type", "text/html"),), body, now))
    payload = {
        "of": reply.seq, "address": REPLY, "capture": reference, "sha256": hashlib.sha256(body).hexdigest(),
        "fetched": now, "first_fetched": now, "topic_named": True, "place_named": True, "words": [],
    }  # fmt: skip
    (event,) = desk.services.ledger.append([Draft("captured", alert, "system", Role.SYSTEM, payload=payload)])
    return f"/alerts/{alert}/captures/{event.seq}"
