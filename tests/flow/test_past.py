"""The past quarter is played by the real roles: the ledger holds what the scenario says, and it goes on live."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from datetime import timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest

from alerts.figures import Figures, figures
from alerts.periods import period
from alerts.view import read_all
from alerts.vocabulary import Deadline, Step, Why
from huiying import demo
from huiying.core import codec
from huiying.core.codec import instant
from huiying.core.config_files import read_machine
from huiying.core.errors import Refused
from huiying.core.model import Event, Post, Topic
from huiying.example.pages import SITES
from huiying.example.posts import ordinary
from huiying.example.scenario import ACKNOWLEDGE, ENDINGS, Move, when
from huiying.past import LEAD, quarter_of
from huiying.verify import verify
from huiying.wiring import open_desk
from tests.flow.office import free_port

NOW = instant("2026-08-20T10:00:00+08:00")
PLAYED = ("correct", "late_acknowledge", "wrong_page", "duplicate", "by_hand", "never")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk on which a few problems of each of some endings were played, the first three weeks of a quarter."""
    folder, port = tmp_path_factory.mktemp("past") / "demo", free_port()
    begin = quarter_of(NOW)[1]
    demo.make(folder, port, "zh", begin)
    script = f"""
        import sys
        from dataclasses import replace
        from datetime import timedelta
        from pathlib import Path
        from crawlers.engine import on_reactor
        from huiying.core.codec import instant
        from huiying.example.quarter import problems
        from huiying.past import LEAD, quarter_of, replay
        from huiying.wiring import open_desk
        wanted = {PLAYED!r}
        chosen, seen = [], set()
        for one in problems():
            of = next((two for two in problems() if two.id == one.of), None)
            if one.ending in wanted and one.ending not in seen:
                seen.add(one.ending)
                chosen += [replace(two, day=len(chosen) + 1) for two in (of, one) if two]
        runtime = open_desk(Path({str(folder)!r}))
        until = instant({NOW.isoformat()!r})
        end = quarter_of(until)[1] + LEAD + timedelta(days=24)
        import huiying.past as past
        past.quarter_of = lambda now, first=quarter_of(until): first
        on_reactor(lambda: replay(runtime, {port + 1}, end, lambda at: None, chosen))
        runtime.close()
    """
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert "move_refused" not in ran.stderr
    return folder


@pytest.fixture
def events(played: Path) -> list[Event]:
    runtime = open_desk(played)
    try:
        return read_all(runtime.ledger)
    finally:
        runtime.close()


@pytest.fixture
def made(events: list[Event]) -> Figures:
    return figures(events, period("2026-Q2", "Asia/Shanghai"), events[-1].recorded_at)


def test_each_ending_comes_out_as_its_script_says(made: Figures) -> None:
    failed = sorted(tuple(str(one) for one in judged.failed) for judged in made.alerts.values() if judged.fallen_due)
    assert failed == [
        (),  # correct
        (),  # by hand
        (),  # the earlier of the two that were one matter
        (),  # the duplicate
        ("C1",),
        ("C1", "C2", "C3", "C4", "C5", "C6"),
        ("C3",),
    ]
    assert (made.by_hand.count, sum(count.count for count in made.excluded.values())) == (1, 1)
    assert made.rate
    assert (made.rate.part.count, made.rate.whole.count) == (3, 6)


def test_the_ledger_is_the_roles_own_and_holds(played: Path, events: list[Event]) -> None:
    runtime = open_desk(played)
    try:
        found = verify(runtime.ledger.stored, captures=runtime.captures)
    finally:
        runtime.close()
    assert (found.bad, found.kind) == (None, "demonstration")
    assert found.captures >= 10


def test_every_alert_cites_the_page_that_it_was_opened_on_and_the_page_is_kept(
    played: Path, events: list[Event]
) -> None:
    posts = [event.payload["posts"][0] for event in events if event.type == "opened"]
    assert posts
    runtime = open_desk(played)
    try:
        kept = set(runtime.captures.references())
        bodies = [runtime.captures.get(post["capture"]).body for post in posts]
    finally:
        runtime.close()
    assert {post["capture"] for post in posts} <= kept
    assert [sha256(body).hexdigest() for body in bodies] == [post["sha256"] for post in posts]
    types = {event.type for event in events}
    assert {"captured", "heartbeat", "coverage_recorded", "checkpoint_issued", "report_issued"} <= types
    assert all(one.recorded_at <= two.recorded_at for one, two in pairwise(events))


def test_ordinary_posts_of_every_outlet_are_read_and_open_nothing(played: Path) -> None:
    runtime = open_desk(played)
    try:
        records = runtime.log.poll(Topic.POSTS_READY, "looking", 1000)
        posts = [codec.decode(Post, record.value) for record in records]
        view = runtime.view()
    finally:
        runtime.close()
    first, begin = quarter_of(NOW)
    read = {post.title for post in ordinary() if begin < post.at(first) < begin + LEAD + timedelta(days=22)}
    assert len(read) > 40
    assert read <= {post.title for post in posts}
    assert {post.outlet for post in posts} == {site.outlet for site in SITES}
    assert {state.title for state in view.alerts()} & read == set()
    assert len(view.alerts()) >= len(PLAYED)


def test_a_bureau_with_a_site_of_its_own_replies_there(events: list[Event]) -> None:
    replies = {str(event.payload["address"]) for event in events if event.type == "replied"}
    assert any(address.startswith("http://127.0.0.7:") for address in replies)


def test_it_goes_on_under_the_machines_clock(played: Path) -> None:
    demo.go_live(played)
    assert read_machine(played).clock == "system"
    runtime = open_desk(played)
    try:
        assert runtime.clock.now() > NOW - timedelta(days=60)
        assert runtime.ledger.verify() == runtime.ledger.head()
    finally:
        runtime.close()


def test_what_was_broken_off_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = tmp_path / "demo.making"
    left.mkdir()
    (left / "huiying.toml").write_text("half", encoding="utf-8")
    monkeypatch.setattr(demo, "_play", lambda *_: None)
    demo.make_beside(tmp_path / "demo", free_port(), "zh", past=True)
    assert read_machine(tmp_path / "demo").desk == "yunze"
    assert not left.exists()


def test_a_play_that_fails_leaves_no_desk_and_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(Refused, match="demo_not_played"):
        demo.make_beside(tmp_path / "demo", free_port(), "zh", past=True)
    assert not (tmp_path / "demo").exists()


def test_a_move_comes_at_its_share_of_the_time_to_its_deadline() -> None:
    at = instant("2026-07-01T08:00:00+08:00")
    deadlines = {Step.ACKNOWLEDGE: Deadline(at + timedelta(minutes=20), Why("x", {}))}
    assert when(ACKNOWLEDGE, at, deadlines) == at + timedelta(minutes=9)
    assert when(ENDINGS["late_acknowledge"][0], at, deadlines) == at + timedelta(minutes=32)
    late = at + timedelta(hours=1)
    assert late < when(ACKNOWLEDGE, late, deadlines) < late + timedelta(minutes=1)
    assert when(Move("duty", ACKNOWLEDGE.type, None, 2), at, {}) == at + timedelta(hours=2)


def test_the_quarter_is_the_last_whole_one_and_begins_early_enough() -> None:
    first, begin = quarter_of(instant("2027-01-01T00:30:00+08:00"))
    assert (first.isoformat(), begin) == ("2026-10-01", instant("2026-10-01T00:00:00+08:00") - LEAD)
