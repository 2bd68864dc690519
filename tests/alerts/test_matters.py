"""Alerts that are possibly one matter are shown to a person, and nothing is joined."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alerts.matters import possibly_same
from alerts.vocabulary import CommandType
from tests.alerts.scene import CHIEF, COUNTY, DUTY, OTHER_TOWNSHIP, VILLAGE, Scene, place, post, topic

ROADS = (topic("roads", "塌陷"),)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def likely(scene: Scene, alert: str) -> list[str]:
    scene.view.catch_up()
    return [one.alert.id for one in possibly_same(scene.state(alert), scene.view.alerts())]


@pytest.mark.parametrize(
    ("hours", "fields", "found"),
    [
        (7 * 24, {}, True),
        (7 * 24 + 1, {}, False),
        (1, {"places": (place(VILLAGE, "柳泉村"),)}, True),
        (1, {"places": (place(OTHER_TOWNSHIP, "柳渡镇"),)}, False),
        (1, {"places": (place(COUNTY, "云泽县"),)}, False),
        (1, {"topics": ROADS}, False),
    ],
)
def test_another_text_on_the_same_place_and_topic_within_days_is_possibly_the_same_matter(
    scene: Scene, hours: int, fields: dict[str, Any], found: bool
) -> None:
    first = scene.open()
    scene.clock.forward(hours=hours)
    second = scene.open(post(2, at=scene.clock.now(), **fields))
    assert likely(scene, second) == ([first] if found else [])
    assert likely(scene, first) == ([second] if found else [])
    assert scene.state(first).joined == ()


def test_two_alerts_on_the_whole_county_may_be_one_matter(scene: Scene) -> None:
    whole = (place(COUNTY, "云泽县"),)
    first, second = (scene.open(post(number, places=whole)) for number in (1, 2))
    assert likely(scene, second) == [first]


def test_the_nearest_in_time_comes_first_with_what_both_have_in_common(scene: Scene) -> None:
    first = scene.open()
    scene.clock.forward(hours=30)
    second = scene.open(post(2, at=scene.clock.now()))
    scene.clock.forward(hours=10)
    third = scene.open(post(3, at=scene.clock.now()))
    assert likely(scene, third) == [second, first]
    nearest = possibly_same(scene.state(third), scene.view.alerts())[0]
    assert (nearest.topics, nearest.apart.total_seconds()) == (("water",), -36000)


def test_what_a_person_has_decided_is_asked_no_more(scene: Scene) -> None:
    first = scene.open()
    second = scene.open(post(2))
    assert likely(scene, second) == [first]
    scene.do(DUTY, CommandType.PROPOSE_DISMISSAL, second, ground="duplicate", of=first, why="同一处停水")
    assert likely(scene, second) == [first]
    scene.do(CHIEF, CommandType.DISMISS, second)
    assert likely(scene, second) == []
    assert likely(scene, first) == []
    assert scene.state(first).duplicates == (second,)
