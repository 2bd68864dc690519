"""Canonical bytes, instants and records."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huiying.core import codec
from huiying.core.errors import Dead, Tampered
from huiying.core.model import Draft, Found, Role

NOW = datetime(2026, 1, 27, 8, 0, 0, 5, UTC)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abcxyz_", min_size=1), inner),
)


def found(body: bytes) -> Found:
    return Found("d", "p", 1, "o", "o/1", "http://a/", "题", "", None, None, 200, "text/html", body, NOW, NOW, False)


@given(VALUES)
def test_canonical_json_reads_back_and_is_stable(value: object) -> None:
    once = codec.canonical(value)
    assert json.loads(once) == value
    assert codec.canonical(json.loads(once)) == once


def test_canonical_json_is_rfc_8785_for_what_it_allows() -> None:
    assert codec.canonical({"b": [True, None, 1], "a": '\u20ac\n\x0f"\\/停'}) == (
        '{"a":"€\\n\\u000f\\"\\\\/停","b":[true,null,1]}'.encode()
    )


@pytest.mark.parametrize("value", [1.5, float("nan"), {"键": 1}, {1: 2}, object(), "\ud800", {"a": b""}])
def test_what_differs_between_machines_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        codec.canonical(value)


@given(st.datetimes(timezones=st.just(timezone(timedelta(hours=8)))))
def test_instants_keep_their_microseconds_in_utc(at: datetime) -> None:
    assert codec.instant(codec.instant_text(at)) == at
    assert codec.instant_text(at).endswith("Z")


def test_a_naive_instant_is_an_error() -> None:
    with pytest.raises(ValueError, match="naive"):
        codec.instant_text(datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="naive"):
        codec.instant("2026-01-01T00:00:00")


@given(st.binary())
def test_found_posts_keep_any_bytes(body: bytes) -> None:
    assert codec.decode(Found, codec.encode(found(body))) == found(body)


@given(st.binary())
def test_what_cannot_be_read_is_dead(record: bytes) -> None:
    with pytest.raises(Dead):
        codec.decode(Found, record)


@given(VALUES)
def test_events_read_back_from_their_bytes(value: object) -> None:
    draft = Draft("noted", "A1", "p", Role.DUTY, "u", NOW, {"v": value})
    raw = codec.event_bytes(draft, "d", 7, NOW)
    event = codec.read_event(raw, codec.leaf_hash(raw), b"")
    assert (event.seq, event.recorded_at, event.claimed_at, event.payload) == (7, NOW, NOW, {"v": value})


def test_an_unknown_format_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="format"):
        codec.read_event(b"\x02{}", codec.leaf_hash(b"\x02{}"), b"")


def test_bytes_that_were_changed_are_not_read() -> None:
    raw = codec.event_bytes(Draft("noted", "A1", "p", Role.DUTY), "d", 7, NOW)
    with pytest.raises(Tampered):
        codec.read_event(raw.replace(b"A1", b"A2"), codec.leaf_hash(raw), b"")
