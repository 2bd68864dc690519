"""Which captured versions of a page stand beside which: of a post, of a reply, of a later look."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from alerts.events import EventType
from alerts.opening import post_ref
from alerts.versions import changes, versions
from huiying.core.model import Event, Post
from tests.alerts.scene import REPLY, Scene, post

FIRST = post(1, capture="2026-03-10/000001:0", page_sha256="a" * 64)
SECOND = replace(FIRST, version=2, text="已恢复。", capture="2026-03-10/000001:9", page_sha256="b" * 64)


def told(scene: Scene, alert: str, type: EventType, made: Post, **more: Any) -> Event:
    return scene.system(type, alert, post=post_ref(made).to_json(), **more)


def captured(scene: Scene, alert: str, of: int, sha256: str, type: str = "captured", **more: Any) -> Event:
    payload = {"of": of, "address": REPLY["address"], "capture": f"2026-03-11/000001:{sha256}", "sha256": sha256}
    return scene.system(type, alert, **{**payload, "fetched": "", **more})


def pairs(scene: Scene, alert: str) -> dict[int, tuple[int, int]]:
    found = changes(scene.ledger.read(alert=alert))
    return {seq: (before.seq, after.seq) for seq, (before, after) in found.items()}


def test_a_changed_post_stands_beside_the_version_before_it(scene: Scene) -> None:
    alert = scene.open(FIRST)
    told(scene, alert, EventType.POST_ATTACHED, post(2))
    second = told(scene, alert, EventType.POST_CHANGED, SECOND, differs=["text"])
    third = told(scene, alert, EventType.POST_CHANGED, replace(SECOND, version=3, text="又停了。"), differs=["text"])
    opened = scene.state(alert).opened_seq
    assert pairs(scene, alert) == {second.seq: (opened, second.seq), third.seq: (second.seq, third.seq)}
    (version,) = versions(second)
    assert (version.capture, version.sha256, version.title) == (SECOND.capture, "b" * 64, SECOND.title)


def test_a_softened_post_stands_beside_what_was_reported_and_one_that_is_gone_beside_nothing(scene: Scene) -> None:
    alert = scene.open(FIRST)
    gone = {"post": FIRST.id, "address": FIRST.address, "day": 3, "checked": "", "capture": "c", "sha256": "c" * 64}
    softened = scene.system(EventType.POST_GONE, alert, **gone, reason="not_named")
    assert pairs(scene, alert) == {softened.seq: (scene.state(alert).opened_seq, softened.seq)}
    other = scene.open(post(3))
    scene.system(
        EventType.POST_GONE, other, **gone | {"post": post(3).id, "address": post(3).address}, reason="http_404"
    )
    assert pairs(scene, other) == {}


def test_a_reply_page_is_compared_where_its_bytes_differ_and_never_with_another_page(scene: Scene) -> None:
    alert = scene.open(post(4))
    first = captured(scene, alert, 7, "d" * 64)
    same = captured(scene, alert, 7, "d" * 64)
    other = captured(scene, alert, 8, "e" * 64)
    elsewhere = captured(scene, alert, 7, "f" * 64, address="https://elsewhere.example/")
    again = captured(scene, alert, 8, "f" * 64, type="rechecked")
    nothing = captured(scene, alert, 8, "f" * 64, type="rechecked", capture=None)
    assert first.seq < same.seq < elsewhere.seq < nothing.seq
    assert pairs(scene, alert) == {again.seq: (other.seq, again.seq)}
