"""The projection over random histories: read from it and folded on is what is folded anew, or it is not used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.figures import figures_of
from alerts.folded import Folded, fold_all
from alerts.periods import period
from alerts.projected import Kept, read, write
from huiying.backends.store_sql import SqlStore
from huiying.core import codec
from huiying.core.model import Event
from huiying.core.states import Folding, Piece, Store
from tests.properties.histories import Move, moves, play

YEAR = period("2026", "Asia/Shanghai")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = SqlStore(f"sqlite:///{tmp_path_factory.mktemp('projected') / 'store.sqlite'}")
    yield made
    made.close()


def begun(events: Sequence[Event], store: Store) -> tuple[Folded, Kept] | None:
    """Return what a role begins with over a ledger of `events`."""

    def at(number: int) -> Event | None:
        return events[number - 1] if 0 < number <= len(events) else None

    saved = store.projection.load()
    return read(*saved, at) if saved else None


def folded_on(folded: Folded, events: Sequence[Event]) -> Folded:
    """Add the ledger's tail."""
    for event in events[folded.seq :]:
        folded.add(event)
    return folded


def saved(events: Sequence[Event], store: Store, kept: Kept | None = None) -> Kept:
    """Save all of `events` in place of whatever stands."""
    pieces, later = write(fold_all(events), kept or Kept())
    assert later.folding
    assert store.projection.save(later.folding, pieces, kept.folding if kept else None)
    return later


def same(found: Folded, events: Sequence[Event]) -> None:
    """Say that `found` is `events` folded, with what equality leaves out, and gives the same figures."""
    anew = fold_all(events)
    assert found == anew
    assert list(found.states) == list(anew.states)
    assert [codec.encode(state) for state in found.states.values()] == [
        codec.encode(state) for state in anew.states.values()
    ]
    made = [figures_of(one, YEAR, events[-1].recorded_at, list).to_json() for one in (found, anew)]
    assert made[0] == made[1]


@given(moves, st.lists(st.tuples(st.integers(1, 120), st.sampled_from(("saved", "killed before", "killed after")))))
@settings(max_examples=150, deadline=None)
def test_what_is_read_and_folded_on_is_what_is_folded_anew(
    store: Store, made: list[Move], saves: list[tuple[int, str]]
) -> None:
    events = play(made).events
    store.projection.save(Folding(1, b"", "of another program", b""), [Piece("alert", "A", 1, b"{}")], None)
    folded, kept = Folded(), Kept()
    assert begun(events, store) is None
    last = 0
    for number, ending in sorted(saves):
        folded_on(folded, events[:number])
        pieces, later = write(folded, kept)
        assert later.folding
        if ending != "killed before":
            assert store.projection.save(later.folding, pieces, kept.folding)
            kept, last = later, folded.seq
        if ending != "saved":
            folded, kept = begun(events, store) or (Folded(), Kept())
            assert folded.seq == last
    found = begun(events, store)
    assert (found[0].seq if found else 0) == last
    same(folded_on(found[0] if found else Folded(), events), events)


@given(moves, st.integers(0, 200))
@settings(max_examples=100, deadline=None)
def test_a_ledger_that_is_shorter_or_was_rewritten_does_not_bear_it_out(
    store: Store, made: list[Move], which: int
) -> None:
    events = play(made).events
    saved(events, store)
    assert begun(events, store) is not None
    assert begun(events[: which % len(events)], store) is None
    chain, rewritten = codec.GENESIS, []
    for index, event in enumerate(events):
        raw = event.raw.replace(b"yunze", b"other") if index == which % len(events) else event.raw
        chain = codec.chain_hash(chain, codec.leaf_hash(raw))
        rewritten.append(replace(event, raw=raw, leaf=codec.leaf_hash(raw), chain=chain))
    assert begun(rewritten, store) is None


@given(
    moves, st.sampled_from(("changed", "lost", "doubled", "older", "seq")), st.integers(0, 500), st.integers(0, 9999)
)
@settings(max_examples=200, deadline=None)
def test_one_piece_that_is_not_as_it_was_saved_drops_all_of_it(
    store: Store, made: list[Move], harm: str, which: int, where: int
) -> None:
    events = play(made).events
    before = saved(events[: max(1, len(events) // 2)], store)
    loaded = store.projection.load()
    assert loaded
    old = {(piece.kind, piece.id): piece for piece in loaded[1]}
    pieces, kept = write(fold_all(events), Kept())
    assert kept.folding
    index = which % len(pieces)
    piece, folding = pieces[index], kept.folding
    if harm == "changed":
        body = bytearray(piece.body)
        body[where % len(body)] ^= 1
        pieces[index] = replace(piece, body=bytes(body))
    if harm == "lost":
        del pieces[index]
    if harm == "doubled":
        pieces.append(replace(piece, id=f"{piece.id}-2"))
    if harm == "older":  # one row of a copy made before
        pieces = [old.get((piece.kind, piece.id), piece) for piece in pieces]
    if harm == "seq" and before.folding:
        folding = replace(kept.folding, seq=before.folding.seq, chain=before.folding.chain)
    if (pieces, folding) == (write(fold_all(events), Kept())[0], kept.folding):
        return  # nothing had changed since the copy
    store.projection.save(folding, pieces, None)
    assert begun(events, store) is None
