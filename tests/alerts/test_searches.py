"""Saved searches: which stand, which stood in a period, what may not be saved."""

from __future__ import annotations

from itertools import pairwise

import pytest

from alerts.events import EventType
from alerts.periods import period
from alerts.searches import LONGEST_NAME, MOST, removing, saving, searches, standing, stood
from alerts.surroundings import surroundings
from alerts.view import read_all
from huiying.core.codec import instant
from huiying.core.errors import KeyReused, Refused
from tests.alerts.scene import CHIEF, DUTY, Scene


def saved(scene: Scene, name: str = "停水", query: str = "停水 place:青河镇") -> int:
    seq = scene.office.save_search(DUTY, name, query).seq
    scene.view.catch_up()
    return seq


def test_a_search_stands_until_it_is_removed_and_may_then_be_saved_again(scene: Scene) -> None:
    first = saved(scene)
    scene.clock.forward(days=1)
    scene.office.remove_search(CHIEF, first)
    again = saved(scene)
    events = read_all(scene.ledger)
    assert [(one.seq, one.name, one.query) for one in standing(events)] == [(again, "停水", "停水 place:青河镇")]
    assert scene.view.searches() == standing(events)
    assert [one.removed is None for one in searches(events)] == [False, True]


def test_a_period_has_the_searches_that_stood_at_any_instant_of_it(scene: Scene) -> None:
    scene.clock.set("2026-03-30T10:00:00+08:00")
    first = saved(scene)
    scene.clock.set("2026-04-02T10:00:00+08:00")
    scene.office.remove_search(DUTY, first)
    events = read_all(scene.ledger)
    begins = [instant(f"2026-0{month}-01T00:00:00Z") for month in (2, 3, 4, 5, 6)]
    found = [[one.seq for one in stood(events, *pair)] for pair in pairwise(begins)]
    assert found == [[], [first], [first], []]
    zone = "Asia/Shanghai"
    told = {name: surroundings(events, period(name, zone), zone) for name in ("2026-02", "2026-04")}
    assert told["2026-04"]["searches"] == [{"event": first, "name": "停水", "query": "停水 place:青河镇"}]
    assert "searches" not in told["2026-02"]


@pytest.mark.parametrize(
    ("name", "query", "code"),
    [
        (" ", "停水", "name_missing"),
        ("停水", " ", "query_missing"),
        ("停" * (LONGEST_NAME + 1), "停水", "text_too_long"),
        ("塌陷", "停水", "search_name_taken"),
    ],
)
def test_what_may_not_be_saved(scene: Scene, name: str, query: str, code: str) -> None:
    saved(scene, "塌陷")
    with pytest.raises(Refused, match=code):
        saving(name, query, scene.view.searches())


def test_there_is_a_most_and_what_does_not_stand_cannot_be_removed(scene: Scene) -> None:
    for number in range(MOST):
        saved(scene, f"停水{number}")
    with pytest.raises(Refused, match="searches_too_many"):
        saved(scene)
    with pytest.raises(Refused, match="search_not_saved"):
        removing(1, scene.view.searches())
    assert removing(scene.ledger.head(), scene.view.searches())["name"] == f"停水{MOST - 1}"


def test_the_same_key_is_one_and_stands_for_nothing_else(scene: Scene) -> None:
    first = scene.office.save_search(DUTY, "停水", "停水", key="k")
    assert scene.office.save_search(DUTY, "停水", "停水", key="k") == first
    with pytest.raises(KeyReused):
        scene.office.save_search(DUTY, "停水", "断水", key="k")
    with pytest.raises(KeyReused):
        scene.office.remove_search(DUTY, first.seq, key="k")
    assert [event.type for event in read_all(scene.ledger)].count(EventType.SEARCH_SAVED) == 1
