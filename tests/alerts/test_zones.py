"""The zone that cuts periods is the one recorded at the cut-off."""

from __future__ import annotations

from datetime import timedelta

from alerts.periods import period
from alerts.view import read_all
from alerts.zones import zone_at
from tests.alerts.scene import Scene, texts


def test_a_later_zone_moves_no_period_of_an_earlier_cut_off(scene: Scene) -> None:
    before = scene.clock.now()
    scene.clock.forward(days=1)
    scene.configure(texts() | {"calendar.toml": 'zone = "Europe/Berlin"\n'})
    events = read_all(scene.ledger)
    assert zone_at(events, before) == "Asia/Shanghai"
    assert zone_at(events, scene.clock.now()) == "Europe/Berlin"
    assert zone_at([], before) == "Asia/Shanghai"
    shift = period("2026-Q3", "Europe/Berlin").begin - period("2026-Q3", "Asia/Shanghai").begin
    assert shift == timedelta(hours=6)
