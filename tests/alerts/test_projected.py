"""The projection at work: every field comes back, watch's view saves it, another view begins with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import grimp
import pytest

from alerts import projected
from alerts.alert import AlertState, evolved
from alerts.figures import figures, figures_of
from alerts.folded import fold_all
from alerts.periods import period
from alerts.view import AlertView, read_all
from alerts.vocabulary import CommandType as C
from huiying.backends.store_sql import SqlStore
from huiying.core import codec
from huiying.core.model import Event
from huiying.core.states import Store
from tests.alerts.scene import DUTY, OPENED_AT, Scene, post, texts


def filled(hint: Any, choice: int, depth: int = 0) -> Any:
    """Return a value of the annotation `hint` with every field given; `choice` picks among its alternatives."""
    if hint is AlertState and depth > 1:
        return None
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        return hint(**{field.name: filled(hints[field.name], choice, depth + 1) for field in fields(hint)})  # type: ignore[operator]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return list(hint)[choice % len(hint)]
    plain = {str: f"字{choice}", int: choice, bool: bool(choice % 2), NoneType: None, Any: {"a": [1, "b", None, True]}}
    if hint in plain:
        return plain[hint]
    if get_origin(hint) is tuple:
        parts = [part for part in get_args(hint) if part is not Ellipsis]
        return tuple(filled(part, choice, depth) for part in parts)
    if get_origin(hint) is Mapping:
        return {filled(get_args(hint)[0], choice): filled(get_args(hint)[1], choice, depth)}
    if get_args(hint):
        return filled(get_args(hint)[choice % len(get_args(hint))], choice, depth)
    return codec.instant(OPENED_AT) + timedelta(microseconds=choice)


def alike(one: Any, other: Any) -> None:
    """Say that two values are equal, of the same types throughout, with the fields that equality leaves out."""
    assert type(one) is type(other)
    if is_dataclass(one):
        for field in fields(one):
            alike(getattr(one, field.name), getattr(other, field.name))
    elif isinstance(one, tuple | list):
        assert len(one) == len(other)
        for each, its in zip(one, other, strict=True):
            alike(each, its)
    elif isinstance(one, dict):
        alike(list(one.items()), list(other.items()))
    else:
        assert one == other


@pytest.mark.parametrize("choice", range(6))
def test_every_field_of_an_alert_comes_back(choice: int) -> None:
    state = filled(AlertState, choice)
    alike(codec.decode(AlertState, codec.encode(state)), state)


def test_every_module_that_a_fold_runs_is_in_its_version() -> None:
    graph = grimp.build_graph("alerts", "huiying", cache_dir=None)
    run = graph.find_upstream_modules("alerts.folded") | {"alerts.folded", "alerts.projected"}
    assert "alerts.state" in run
    assert {module.rpartition(".")[0] for module in run} <= {"", "alerts", "huiying", "huiying.core"}
    assert {module for module in run if "." not in module} <= {"alerts", "huiying"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = SqlStore(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield made
    made.close()


class Reads:
    """A ledger that remembers after which numbers it was read."""

    def __init__(self, scene: Scene) -> None:
        self._ledger = scene.ledger
        self.after: list[int] = []

    def read(self, after: int = 0, limit: int = 1000, alert: str | None = None) -> list[Event]:
        self.after.append(after)
        return self._ledger.read(after, limit, alert)


def handled(scene: Scene, store: Store) -> AlertView:
    """Return a view that saved two alerts, a hand-over and two configurations; one more entry was recorded since."""
    scene.confirmed(scene.open(post(1, at=scene.clock.now())))
    left = scene.open(post(2, at=scene.clock.now()))
    scene.configure(texts() | {"policy.toml": texts()["policy.toml"].replace("minutes = 15", "minutes = 90")})
    scene.system("handed_over", None, shift="夜班", notes="无", open=[left])
    view = AlertView(scene.ledger, store.projection)
    view.catch_up()
    view.keep()
    scene.do(DUTY, C.ACKNOWLEDGE, left)
    return view


def test_a_view_begins_with_the_projection_and_is_what_it_would_be_without(scene: Scene, store: Store) -> None:
    handled(scene, store)
    ledger = Reads(scene)
    view, anew = AlertView(ledger, store.projection), AlertView(scene.ledger)  # type: ignore[arg-type]
    head = view.catch_up()
    assert head == anew.catch_up() == scene.ledger.head()
    assert ledger.after == [head - 2, head - 1, head]  # the last entry folded, the tail, nothing more
    assert view.folded() == anew.folded() == fold_all(read_all(scene.ledger))
    assert (view.kind(), view.handed_over()) == (anew.kind(), anew.handed_over())
    assert len(view.handed_over()) == 1
    assert view.desk() == anew.desk()


def test_only_what_changed_is_saved_again(scene: Scene, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    view = handled(scene, store)
    written: list[str] = []
    encode = codec.encode
    monkeypatch.setattr(codec, "encode", lambda state: written.append(state.id) or encode(state))
    view.catch_up()
    view.keep()
    view.keep()
    assert len(written) == 1
    again = AlertView(scene.ledger, store.projection)
    again.catch_up()
    assert again.folded() == view.folded()


def test_what_another_watch_saved_meanwhile_is_replaced_as_a_whole(scene: Scene, store: Store) -> None:
    view = handled(scene, store)
    other = AlertView(scene.ledger, store.projection)
    other.catch_up()
    other.keep()
    scene.open(post(3, at=scene.clock.now()))
    for _ in range(2):  # the first finds that another one stands
        view.catch_up()
        view.keep()
    loaded = store.projection.load()
    assert loaded is not None
    assert loaded[0].seq == scene.ledger.head()
    assert len([piece for piece in loaded[1] if piece.kind == "alert"]) == 3


def test_a_program_that_was_changed_folds_anew(scene: Scene, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    handled(scene, store)
    monkeypatch.setattr(projected, "version", lambda: "another")
    ledger = Reads(scene)
    view = AlertView(ledger, store.projection)  # type: ignore[arg-type]
    view.catch_up()
    assert ledger.after[0] == 0
    assert view.folded() == fold_all(read_all(scene.ledger))
    view.keep()
    loaded = store.projection.load()
    assert loaded is not None
    assert loaded[0].version == "another"


def forged(scene: Scene, store: Store) -> int:
    """Do what an owner of the store can: make the alert left alone one that is confirmed, with a right checksum."""
    view = AlertView(scene.ledger)
    view.catch_up()
    folded = view.folded()
    good, left = folded.states.values()
    folded.states[left.id] = evolved(good, id=left.id, opened_seq=left.opened_seq)
    pieces, kept = projected.write(folded, projected.Kept())
    assert kept.folding
    assert store.projection.save(kept.folding, pieces, None)
    return left.opened_seq


def test_a_projection_altered_with_a_right_checksum_is_found_by_folding_anew(scene: Scene, store: Store) -> None:
    handled(scene, store)

    def found() -> int | None:
        """Hold what is saved against the ledger."""
        saved = store.projection.load()
        events = read_all(scene.ledger)
        assert saved
        return projected.altered(*saved, lambda number: events[number - 1], iter(events))

    assert found() is None
    seq = forged(scene, store)
    scene.clock.forward(days=90)
    scene.system("heartbeat", None)
    view = AlertView(scene.ledger, store.projection)
    view.catch_up()
    year, at = period("2026", "Asia/Shanghai"), scene.clock.now()
    shown = figures_of(view.folded(), year, at, list).correct.count
    assert shown > figures(read_all(scene.ledger), year, at).correct.count  # or there would be nothing to guard
    assert found() == seq


def test_a_projection_that_is_not_believed_is_replaced_as_a_whole(scene: Scene, store: Store) -> None:
    handled(scene, store)
    forged(scene, store)
    view = AlertView(scene.ledger, store.projection, believed=False)
    view.catch_up()
    assert view.folded() == fold_all(read_all(scene.ledger))
    view.keep()
    again = AlertView(scene.ledger, store.projection)
    again.catch_up()
    assert again.folded() == view.folded()


def test_a_view_without_a_projection_saves_none(scene: Scene, store: Store) -> None:
    view = AlertView(scene.ledger)
    view.catch_up()
    view.keep()
    assert store.projection.load() is None
