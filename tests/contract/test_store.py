"""The contract of the store, one sentence of `states.py` a test, over every backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from time import sleep

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from huiying.backends import sql
from huiying.backends.store_sql import SqlStore
from huiying.backends.store_sql.tables import METADATA
from huiying.core.codec import instant
from huiying.core.errors import BackendError, Refused
from huiying.core.model import Role
from huiying.core.states import (
    Account,
    Candidate,
    Captured,
    Delivery,
    Folding,
    Piece,
    PostState,
    Reading,
    Session,
    Signed,
    SourceAlarm,
    SourceState,
    Store,
)
from tests.servers import Cluster, Database, at_once

pytest_plugins = ("tests.servers",)

NOW = instant("2026-01-27T08:00:00+08:00")
DAY = date(2026, 1, 27)
ACCOUNT = Account("zhiban", "p-1", "值班员", Role.DUTY, None, "zh", "hash")


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    made = SqlStore(database.url, database.desk)
    yield made
    made.close()


def test_the_migrations_make_the_tables_that_the_code_declares(store: Store) -> None:
    engine = store._engine  # type: ignore[attr-defined]
    options = {"version_table": sql.version_table(engine, "store")}
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), METADATA) == []


def test_source_states_come_back_as_saved(store: Store) -> None:
    state = SourceState("paper/1", "paper", NOW, Reading.NEW, dates=("2026-01-27",), newest=NOW, etag='"x"')
    store.crawl.save_source(replace(state, failures=3))
    store.crawl.save_source(state)
    assert store.crawl.source("paper/1") == state
    assert store.crawl.sources() == [state]
    assert store.crawl.source("other/1") is None


def test_post_states_are_found_by_id(store: Store) -> None:
    state = PostState("a" * 32, "paper/1", 1, "i", "b", NOW, NOW)
    store.crawl.save_post(state)
    store.crawl.save_post(replace(state, version=2))
    ids = [state.post, *(f"{number:032x}" for number in range(1200))]
    assert store.crawl.posts(ids) == {state.post: replace(state, version=2)}


def test_many_states_are_saved_at_once_and_of_two_the_later_one_stands(store: Store) -> None:
    sources = [SourceState(f"paper/{number}", "paper", NOW) for number in (2, 1)]
    posts = [PostState(post * 32, "paper/1", 1, "i", "b", NOW, NOW) for post in "ba"]
    store.crawl.save_sources([*sources, replace(sources[0], failures=3)])
    store.crawl.save_posts([*posts, replace(posts[0], version=2)])
    assert store.crawl.sources() == [sources[1], replace(sources[0], failures=3)]
    assert store.crawl.posts([one.post for one in posts]) == {
        "a" * 32: posts[1],
        "b" * 32: replace(posts[0], version=2),
    }


def test_many_states_are_saved_all_or_none(store: Store) -> None:
    bad = replace(PostState("b" * 32, "paper/1", 1, "i", "b", NOW, NOW), version=None)  # type: ignore[arg-type]
    with pytest.raises(BackendError):
        store.crawl.save_posts([replace(bad, post="a" * 32, version=1), bad])
    assert store.crawl.posts(["a" * 32, "b" * 32]) == {}


def test_first_fetches_are_remembered_in_turn_and_answered_in_order(store: Store) -> None:
    later = NOW + timedelta(hours=1)
    pages = [("http://b/", "one", later), ("http://a/", "one", NOW), ("http://b/", "one", NOW)]
    assert store.crawl.all_first_fetched(pages) == [later, NOW, later]


def test_the_first_fetch_of_a_version_is_remembered(store: Store) -> None:
    assert store.crawl.first_fetched("http://a/", "one", NOW) == NOW
    later = NOW + timedelta(hours=1)
    assert store.crawl.first_fetched("http://a/", "one", later) == NOW
    assert store.crawl.first_fetched("http://a/", "two", later) == later


def choose_first(candidates: Sequence[Candidate]) -> str | None:
    return candidates[0].story if candidates else None


def test_the_first_answer_for_a_post_stands(store: Store) -> None:
    assert store.stories.assign("p1", [1, 2, 2**64 - 1], DAY, DAY, choose_first) == "p1"
    assert store.stories.assign("p2", [2**64 - 1], DAY, DAY, choose_first) == "p1"
    assert store.stories.assign("p2", [99], DAY, DAY, lambda _: None) == "p1"
    assert store.stories.assign("p3", [77], DAY, DAY, choose_first) == "p3"
    assert store.stories.posts("p1") == ["p1", "p2"]


def test_candidates_count_shared_fingerprints_and_never_the_post_itself(store: Store) -> None:
    store.stories.assign("p1", [1, 2, 3], DAY, DAY, choose_first)
    seen: list[Sequence[Candidate]] = []
    store.stories.assign("p2", [2, 3, 4, 5], DAY, DAY, lambda found: seen.append(found))
    store.stories.assign("p4", [6], DAY, DAY, lambda found: seen.append(found))
    assert seen == [[Candidate("p1", "p1", 2, 3, opening=2)], []]


def test_old_and_common_fingerprints_count_for_none(store: Store) -> None:
    store.stories.assign("old", [1], DAY - timedelta(days=20), DAY, choose_first)
    assert store.stories.assign("new", [1], DAY, DAY - timedelta(days=14), choose_first) == "new"
    for number in range(21):
        store.stories.assign(f"b{number}", [7], DAY, DAY, lambda _: None)
    assert store.stories.assign("c", [7], DAY, DAY, choose_first) == "c"


def test_a_post_that_changes_is_shown_those_who_share_a_clause_with_it_that_others_would_not_be(store: Store) -> None:
    for number in range(21):
        store.stories.assign(f"p{number}", [7, 100 + number], DAY, DAY, lambda _: None)
    seen: list[Sequence[Candidate]] = []
    store.stories.assign("p0", [7, 99], DAY, DAY, lambda found: seen.append(found))
    assert sorted(one.post for one in seen[0]) == sorted(f"p{number}" for number in range(1, 21))


def test_each_post_of_a_batch_sees_those_before_it_and_all_or_none_are_kept(store: Store) -> None:
    def first(signed: Signed, found: Sequence[Candidate]) -> str | None:
        seen.append([(one.post, one.shared, one.size) for one in found])
        return choose_first(found)

    def batch(*posts: tuple[str, tuple[int, ...]]) -> list[str]:
        return store.stories.assign_all([Signed(post, prints, DAY, DAY) for post, prints in posts], first)

    seen: list[list[tuple[str, int, int]]] = []
    assert batch() == []
    assert batch(("p1", (1, 2, 3)), ("p2", (2, 3)), ("p3", (9,)), ("p1", (9,)), ("p4", (1, 9))) == [
        *("p1", "p1", "p3", "p1", "p1"),
    ]
    assert seen == [[], [("p1", 2, 3)], [], [("p3", 1, 1)], [("p1", 1, 1), ("p3", 1, 1)]]
    assert store.stories.posts("p1") == ["p1", "p2", "p4"]

    def breaks(signed: Signed, found: Sequence[Candidate]) -> str | None:
        if signed.post == "p6":
            raise ValueError("breaks")
        return None

    with pytest.raises(ValueError, match="breaks"):
        store.stories.assign_all([Signed(post, (5,), DAY, DAY) for post in ("p5", "p6")], breaks)
    assert store.stories.posts("p5") == []


def test_boilerplate_tells_nothing_and_does_not_fill_the_disk(store: Store, database: Database) -> None:
    seen: list[Sequence[Candidate]] = []
    for begin in range(0, 300, 60):
        posts = [Signed(f"p{number}", (7, 1000 + number), DAY, DAY) for number in range(begin, begin + 60)]
        store.stories.assign_all(posts, lambda _, found: seen.append(found))
    assert [len(found) for found in seen] == [*range(21), *[0] * 279]
    with database.session() as session:
        held = session.exec_driver_sql("SELECT count(*) FROM fingerprints WHERE fingerprint = 7").scalar_one()
    assert 20 < held <= 40


def test_expiry_forgets_fingerprints_and_keeps_stories(store: Store) -> None:
    store.stories.assign("p1", [1], DAY, DAY, choose_first)
    assert store.stories.expire(DAY + timedelta(days=1)) == 1
    assert store.stories.assign("p2", [1], DAY, DAY, choose_first) == "p2"
    assert store.stories.posts("p1") == ["p1"]


def test_accounts_are_found_saved_and_unique(store: Store) -> None:
    store.accounts.add(ACCOUNT)
    with pytest.raises(Refused, match="account_exists"):
        store.accounts.add(replace(ACCOUNT, pseudonym="p-2"))
    store.accounts.save(replace(ACCOUNT, language="en", salt="5a", look="dark"))
    assert store.accounts.by_login("zhiban") == replace(ACCOUNT, language="en", salt="5a", look="dark")
    assert store.accounts.by_login("nobody") is None
    assert store.accounts.all() == [replace(ACCOUNT, language="en", salt="5a", look="dark")]
    assert store.accounts.names() == {"p-1": "值班员"}


def test_an_erased_account_leaves_no_name_and_no_salt(store: Store, database: Database) -> None:
    store.accounts.add(replace(ACCOUNT, name="赵钱孙李", salt="5a17" * 16))
    store.accounts.add(replace(ACCOUNT, login="other", pseudonym="p-2"))
    store.accounts.open_session(Session("s", "zhiban", "t", NOW + timedelta(hours=1)))
    store.accounts.failed("login:zhiban", NOW)
    store.accounts.erase("zhiban")
    store.accounts.erase("nobody")
    assert store.accounts.by_login("zhiban") is None
    assert store.accounts.names() == {"p-2": "值班员"}
    assert store.accounts.session("s", NOW) is None
    assert store.accounts.failures("login:zhiban", NOW) == 0
    if database.url.startswith("sqlite"):
        file = Path(database.url.removeprefix("sqlite:///"))
        held = b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))
        assert "赵钱孙李".encode() not in held
        assert b"5a175a17" not in held


def test_sessions_end(store: Store) -> None:
    session = Session("s", "zhiban", "t", NOW + timedelta(hours=1))
    store.accounts.open_session(session)
    assert store.accounts.session("s", NOW) == session
    assert store.accounts.session("s", session.until) is None
    store.accounts.extend_session("s", NOW + timedelta(hours=2))
    assert store.accounts.session("s", session.until) is not None
    store.accounts.close_sessions(login="zhiban")
    assert store.accounts.session("s", NOW) is None


def test_failed_log_ins_are_counted_since_an_instant(store: Store) -> None:
    store.accounts.failed("zhiban", NOW)
    store.accounts.failed("zhiban", NOW + timedelta(minutes=5))
    assert store.accounts.failures("zhiban", NOW) == 2
    assert store.accounts.failures("zhiban", NOW + timedelta(minutes=1)) == 1


def test_deliveries_are_kept_by_event_and_channel(store: Store) -> None:
    first = Delivery(7, "duty", "A1", 0, NOW, None, "")
    store.deliveries.save(first)
    store.deliveries.save(Delivery(8, "duty", "A2", 0, NOW + timedelta(minutes=1), None, ""))
    assert store.deliveries.due(NOW) == [first]
    done = replace(first, attempts=1, due=None, delivered=NOW, answer="200")
    store.deliveries.save(done)
    assert store.deliveries.due(NOW) == []
    assert store.deliveries.recent(1) == [done]


def test_capture_results_come_in_order_of_attempts(store: Store) -> None:
    second = Captured(5, 2, "http://a/", "ref", NOW, NOW)
    first = Captured(5, 1, "http://a/", None, None, NOW, "unreachable")
    store.captured.save(second)
    store.captured.save(first)
    assert store.captured.of(5) == [first, second]


def test_an_alarm_that_stood_keeps_its_beginning(store: Store) -> None:
    alarm = SourceAlarm("paper/1", "stale", NOW, "x")
    store.alarms.replace([alarm])
    store.alarms.replace([replace(alarm, since=NOW + timedelta(days=1), detail="y")])
    assert store.alarms.all() == [replace(alarm, detail="y")]
    store.alarms.replace([])
    assert store.alarms.all() == []


def test_cursors_begin_at_zero(store: Store) -> None:
    assert store.cursors.get("hooks") == 0
    store.cursors.set("hooks", 9)
    assert store.cursors.get("hooks") == 9


FOLDING = Folding(7, b"\0chain", "v1", b"sum")
PIECES = (Piece("alert", "A2", 5, b"\0two"), Piece("alert", "A1", 2, b""), Piece("event", "1", 1, b"one"))


def test_a_projection_comes_back_as_saved_in_the_order_of_its_numbers(store: Store) -> None:
    assert store.projection.load() is None
    assert store.projection.save(FOLDING, PIECES, None)
    assert store.projection.load() == (FOLDING, sorted(PIECES, key=lambda piece: piece.number))


def test_of_a_projection_only_what_changed_is_saved(store: Store) -> None:
    store.projection.save(FOLDING, PIECES, None)
    later, changed = replace(FOLDING, seq=9), replace(PIECES[0], body=b"three")
    assert store.projection.save(later, [changed], FOLDING)
    assert store.projection.load() == (later, [PIECES[2], PIECES[1], changed])
    assert store.projection.save(replace(later, seq=10), [], later)


def test_a_projection_that_another_saved_meanwhile_stands(store: Store) -> None:
    store.projection.save(FOLDING, PIECES, None)
    other = replace(FOLDING, seq=8)
    assert not store.projection.save(replace(FOLDING, seq=9), [Piece("alert", "A3", 8, b"x")], other)
    loaded = store.projection.load()
    assert loaded is not None
    assert (loaded[0], len(loaded[1])) == (FOLDING, 3)


def test_a_projection_saved_in_place_of_none_drops_what_stood(store: Store) -> None:
    store.projection.save(FOLDING, PIECES, None)
    anew = replace(FOLDING, version="v2")
    assert store.projection.save(anew, PIECES[:1], None)
    assert store.projection.load() == (anew, [PIECES[0]])


def test_a_projection_is_saved_whole_or_not_at_all(store: Store) -> None:
    store.projection.save(FOLDING, PIECES, None)
    broken = Piece("alert", None, 9, b"x")  # type: ignore[arg-type]
    for before in (FOLDING, None):
        with pytest.raises(BackendError):
            store.projection.save(replace(FOLDING, seq=9), [replace(PIECES[0], body=b"new"), broken], before)
    assert store.projection.load() == (FOLDING, sorted(PIECES, key=lambda piece: piece.number))


def test_of_projections_saved_at_once_after_the_same_one_stands(store: Store) -> None:
    store.projection.save(FOLDING, PIECES, None)
    foldings = [replace(FOLDING, seq=number) for number in range(10, 16)]
    pieces = [Piece("alert", "A1", 2, str(folding.seq).encode()) for folding in foldings]
    saved = at_once(
        *[
            partial(store.projection.save, folding, [piece], FOLDING)
            for folding, piece in zip(foldings, pieces, strict=True)
        ]
    )
    assert sorted(map(str, saved)) == ["False"] * 5 + ["True"]
    won = saved.index(True)
    assert store.projection.load() == (foldings[won], [PIECES[2], pieces[won], PIECES[0]])


def test_tallies_add_up_by_day_and_kind(store: Store) -> None:
    store.tallies.add(DAY, "read", {"paper": 1, "gov": 10})
    store.tallies.add(DAY, "read", {"paper": 2})
    store.tallies.add(DAY, "dead", {"paper": 5})
    store.tallies.add(DAY, "dead", {})
    assert store.tallies.of(DAY, "read") == {"paper": 3, "gov": 10}
    assert store.tallies.of(DAY + timedelta(days=1), "read") == {}


def test_sources_are_in_the_order_of_their_code_points(store: Store) -> None:
    ids = ["a-b/1", "a/1", "B/1", "啊/1", "一/1"]
    for id in ids:
        store.crawl.save_source(SourceState(id, "o", NOW))
    assert [state.source for state in store.crawl.sources()] == sorted(ids)


def test_the_character_nul_in_a_text_does_no_harm(store: Store) -> None:
    store.accounts.failed("a\0b", NOW)
    assert store.accounts.failures("a\0b", NOW) == 1
    assert store.accounts.by_login("a\0b") is None
    store.deliveries.save(Delivery(7, "duty", "A1", 1, None, NOW, "\0"))
    assert len(store.deliveries.recent(1)) == 1


def test_of_many_accounts_with_one_login_one_is_added(store: Store) -> None:
    results = at_once(*[partial(store.accounts.add, replace(ACCOUNT, pseudonym=f"p-{number}")) for number in range(6)])
    assert sorted(str(result) for result in results) == ["None"] + ["account_exists(login='zhiban')"] * 5
    assert len(store.accounts.all()) == len(store.accounts.names()) == 1


def test_of_many_first_fetches_at_once_one_is_remembered(store: Store) -> None:
    times = [NOW + timedelta(minutes=number) for number in range(6)]
    results = at_once(*[partial(store.crawl.first_fetched, "http://a/", "one", at) for at in times])
    assert len(set(results)) == 1
    assert results[0] == store.crawl.first_fetched("http://a/", "one", NOW)


def test_posts_assigned_at_once_see_one_another(store: Store) -> None:
    def slowly(candidates: Sequence[Candidate]) -> str | None:
        sleep(0.05)  # long enough for the others to choose too, were they allowed to
        return choose_first(candidates)

    def assign(post: str) -> str:
        return store.stories.assign(post, [1, 2, 3], DAY, DAY, slowly)

    (story,) = set(at_once(*[partial(assign, f"p{number}") for number in range(6)]))
    assert store.stories.posts(str(story))[0] == story
    assert len(store.stories.posts(str(story))) == 6


def test_one_row_saved_many_times_at_once_is_one_row(store: Store) -> None:
    alarm = SourceAlarm("paper/1", "stale", NOW, "x")
    delivery = Delivery(7, "duty", "A1", 0, NOW, None, "")
    saved = at_once(
        *[lambda: store.crawl.save_source(SourceState("paper/1", "paper", NOW))] * 4,
        *[lambda: store.deliveries.save(delivery)] * 4,
        *[lambda: store.alarms.replace([alarm])] * 4,
        *[lambda: store.cursors.set("hooks", 1)] * 4,
    )
    assert saved == [None] * 16
    assert (store.deliveries.recent(9), store.alarms.all()) == ([delivery], [alarm])


READS: tuple[Callable[[Store], object], ...] = (
    lambda store: store.crawl.sources(),
    lambda store: store.crawl.source("x"),
    lambda store: store.crawl.posts(["a"]),
    lambda store: store.stories.posts("p"),
    lambda store: store.accounts.by_login("a"),
    lambda store: store.accounts.all(),
    lambda store: store.accounts.names(),
    lambda store: store.accounts.session("s", NOW),
    lambda store: store.accounts.failures("l", NOW),
    lambda store: store.deliveries.due(NOW),
    lambda store: store.deliveries.recent(1),
    lambda store: store.captured.of(1),
    lambda store: store.alarms.all(),
    lambda store: store.cursors.get("a"),
    lambda store: store.projection.load(),
)
WRITES: tuple[Callable[[Store], object], ...] = (
    lambda store: store.crawl.save_source(SourceState("a", "b", NOW)),
    lambda store: store.crawl.save_post(PostState("a", "s", 1, "", "", NOW, NOW)),
    lambda store: store.crawl.save_sources([SourceState("a", "b", NOW)]),
    lambda store: store.crawl.save_posts([PostState("a", "s", 1, "", "", NOW, NOW)]),
    lambda store: store.crawl.first_fetched("a", "b", NOW),
    lambda store: store.crawl.all_first_fetched([("a", "b", NOW)]),
    lambda store: store.stories.assign("p", [1], DAY, DAY, choose_first),
    lambda store: store.stories.expire(DAY),
    lambda store: store.accounts.add(ACCOUNT),
    lambda store: store.accounts.save(ACCOUNT),
    lambda store: store.accounts.open_session(Session("s", "l", "t", NOW)),
    lambda store: store.accounts.extend_session("s", NOW),
    lambda store: store.accounts.close_sessions(login="l"),
    lambda store: store.accounts.failed("l", NOW),
    lambda store: store.deliveries.save(Delivery(1, "c", "s", 0, NOW, None, "")),
    lambda store: store.captured.save(Captured(1, 1, "a", None, None, NOW)),
    lambda store: store.alarms.replace([]),
    lambda store: store.cursors.set("a", 1),
    lambda store: store.projection.save(FOLDING, PIECES, None),
)


def fail(store: Store, calls: Sequence[Callable[[Store], object]], why: str) -> None:
    for call in calls:
        with pytest.raises(BackendError, match=why) as failed:
            call(store)
        assert failed.value.__cause__ is not None


def nothing_was_kept(store: Store) -> None:
    """Say that no write left anything behind, and that the store works."""
    assert not any(call(store) for call in READS)
    for call in WRITES:
        call(store)


def test_every_part_says_backend_error_while_the_tables_are_gone(store: Store) -> None:
    METADATA.drop_all(store._engine)  # type: ignore[attr-defined]
    fail(store, READS + WRITES, "store_failed")


def test_every_part_says_backend_error_while_the_server_is_down_and_then_goes_on(
    own_schema: Database, cluster: Cluster
) -> None:
    store = SqlStore(own_schema.url, own_schema.desk)
    with cluster.down():
        fail(store, READS + WRITES, "store_failed")
    nothing_was_kept(store)
    store.close()


def test_every_part_says_backend_error_when_another_session_holds_the_tables(schema: Database) -> None:
    patient = schema.with_setting("lock_timeout=30ms")
    store = SqlStore(patient.url, patient.desk)
    with schema.locked():
        fail(store, READS + WRITES, "lock timeout")
    nothing_was_kept(store)
    store.close()


def test_a_read_only_server_is_read_and_refuses_every_write(schema: Database) -> None:
    writable = SqlStore(schema.url, schema.desk)
    frozen = schema.with_setting("default_transaction_read_only=on")
    store = SqlStore(frozen.url, frozen.desk)
    fail(store, WRITES, "read-only")
    assert not any(call(store) for call in READS)
    nothing_was_kept(writable)
    store.close()
    writable.close()
