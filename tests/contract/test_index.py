"""The contract of the index, one sentence of the port a test, over every backend."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from huiying.backends.index_elastic import ElasticIndex
from huiying.backends.index_tantivy import POINTER, TantivyIndex
from huiying.core.conditions import EVERYTHING, Adjacent, All, Any, Condition, OneOf, Seen, Without, Word
from huiying.core.errors import BackendError
from huiying.core.model import PlaceLevel, PlaceTag, Post, Tier, TopicHit
from huiying.core.ports import Index, Order, Query

pytest_plugins = ("tests.elastic_server",)

Opener = Callable[[bool], Index]  # writer or reader
NOON = datetime(2026, 1, 27, 4, 0, tzinfo=UTC)  # 12:00 in Beijing
TOWN, COUNTY, CITY = "990101100000", "990101000000", "990100000000"


def place(code: str, level: PlaceLevel = PlaceLevel.TOWNSHIP) -> PlaceTag:
    return PlaceTag(code, "某镇", level, "text", 0, 2, 90, "text")


def post(id: str, **changes: object) -> Post:
    made = Post(
        desk="desk",
        id=id,
        version=1,
        outlet="paper",
        source="paper/1",
        tier=Tier.COUNTY,
        official=False,
        address=f"http://paper.test/{id}",
        title="城区停水",
        text="城区今天停水。",
        published=None,
        first_seen=NOON,
        fetched=NOON,
        month="2026-01",
        story=id,
        title_words="城区 停水",
        text_words="城区 今天 停水",
        places=(place(TOWN),),
        primary_place=TOWN,
        topics=(TopicHit("water", (("停水", "title", 2, 4),)),),
        backlog=False,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture(params=["tantivy", "elastic"])
def opened(request: pytest.FixtureRequest, folder: Path) -> Iterator[Opener]:
    settings = None if request.param == "tantivy" else request.getfixturevalue("elastic")
    made: list[Index] = []

    def opening(writer: bool) -> Index:
        made.append(TantivyIndex(folder, writer) if settings is None else ElasticIndex(settings, writer))
        return made[-1]

    yield opening
    for index in made:
        index.close()


@pytest.fixture
def index(opened: Opener) -> Index:
    return opened(True)


@pytest.fixture
def tantivy(folder: Path) -> Iterator[TantivyIndex]:
    made = TantivyIndex(folder, writer=True)
    yield made
    made.close()


def ids(index: Index, query: Query) -> list[str]:
    return [found.id for found in index.search(query).posts]


def test_a_post_reads_back_as_it_was_put(index: Index) -> None:
    index.put([post("a")])
    assert index.get("a") == post("a")
    assert index.get("b") is None


def test_put_replaces_by_id_and_ignores_older_versions(index: Index) -> None:
    index.put([post("a", version=2, title="二")])
    index.put([post("a", version=1, title="一")])
    assert index.search(Query()).posts == (post("a", version=2, title="二"),)
    index.put([post("a", version=3, title="三"), post("a", version=2, title="二")])
    index.put([post("a", version=3, title="三")])
    assert index.search(Query()).posts == (post("a", version=3, title="三"),)


def test_putting_nothing_is_nothing(index: Index) -> None:
    index.put([])
    assert index.search(Query()).total == 0


def test_all_words_must_occur_in_title_or_text_whatever_their_case(index: Index) -> None:
    index.put(
        [post("a", title_words="城区 app", text_words="今天 停水"), post("b", title_words="城区", text_words="今天")]
    )
    assert ids(index, Query(words=("停水", "城区"))) == ["a"]
    assert ids(index, Query(words=("APP",))) == ["a"]
    assert ids(index, Query(words=("停",))) == []


def test_inner_places_count_and_several_codes_are_either(index: Index) -> None:
    other = (place("990202000000", PlaceLevel.COUNTY),)
    index.put([post("a"), post("b", places=other), post("c", places=())])
    assert ids(index, Query(places=(COUNTY,))) == ["a"]
    assert ids(index, Query(places=(TOWN, "990202000000"))) == ["a", "b"]


def test_topics_outlets_and_stories_narrow(index: Index) -> None:
    index.put([post("a"), post("b", topics=(), outlet="radio", story="a")])
    assert ids(index, Query(topics=("water",))) == ["a"]
    assert ids(index, Query(outlets=("radio",))) == ["b"]
    assert ids(index, Query(stories=("a",))) == ["a", "b"]
    assert ids(index, Query(stories=("a",), outlets=("radio",), topics=("water",))) == []


def test_since_is_inclusive_and_until_exclusive(index: Index) -> None:
    index.put([post("a"), post("b", first_seen=NOON + timedelta(seconds=1))])
    assert ids(index, Query(since=NOON, until=NOON + timedelta(seconds=1))) == ["a"]
    assert ids(index, Query(since=NOON + timedelta(microseconds=1))) == ["b"]


WATER, ROADS = Word("停水"), Word("塌陷")


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (EVERYTHING, "abcde"),
        (WATER, "abd"),
        (Word("APP"), "b"),
        (All((WATER, ROADS)), "d"),
        (Any((WATER, ROADS)), "abcd"),
        (Without(WATER), "ce"),
        (Without(Without(WATER)), "abd"),
        (All((WATER, Without(ROADS))), "ab"),
        (Any((ROADS, Without(WATER))), "cde"),
        (All((Any((WATER, ROADS)), Without(All((WATER, ROADS))))), "abc"),
        (Adjacent(("计划", "停水")), "a"),
        (Adjacent(("停水", "通知")), "a"),
        (Adjacent(("停水", "计划")), "b"),
        (Adjacent(("城区", "计划")), ""),
        (Adjacent(("停水",)), "abd"),
        (Adjacent(()), "abcde"),
        (Without(Adjacent(("计划", "停水"))), "bcde"),
        (OneOf("tier", ("city", "province")), "cd"),
        (OneOf("topics", ("roads",)), "c"),
        (OneOf("outlet", ("radio",)), "e"),
        (OneOf("story", tuple(f"none-{number}" for number in range(2000))), ""),
        (OneOf("story", ("a", "e", *(f"none-{number}" for number in range(2000)))), "ae"),
        (OneOf("story", ()), ""),
        (OneOf("places", (COUNTY,)), "abcd"),
        (Without(OneOf("places", (COUNTY,))), "e"),
        (Seen(NOON + timedelta(hours=2)), "cde"),
        (Seen(NOON, NOON + timedelta(hours=2)), "ab"),
        (All((Any((OneOf("tier", ("city",)), Seen(None, NOON + timedelta(hours=1)))), Without(ROADS))), "a"),
    ],
)
@pytest.mark.parametrize("order", Order)
def test_every_condition_finds_the_same_in_every_engine(
    index: Index, where: Condition, found: str, order: Order
) -> None:
    roads = (TopicHit("roads", ()),)
    index.put(
        [
            post("a", title_words="城区", text_words="计划 停水 通知"),
            post("b", title_words="停水 计划", text_words="app", first_seen=NOON + timedelta(hours=1)),
            post(
                "c",
                title_words="塌陷",
                text_words="",
                tier=Tier.CITY,
                topics=roads,
                first_seen=NOON + timedelta(hours=2),
            ),
            post("d", title_words="塌陷", text_words="停水", tier=Tier.PROVINCE, first_seen=NOON + timedelta(hours=3)),
            post("e", title_words="", text_words="", outlet="radio", places=(), first_seen=NOON + timedelta(hours=4)),
        ]
    )
    page = index.search(Query(where=where, order=order))
    assert "".join(sorted(one.id for one in page.posts)) == found
    assert page.total == len(found) == sum(index.counts(Query(where=where)).outlets.values())


def test_best_first_the_word_in_the_title_and_the_rarer_word_come_before(index: Index) -> None:
    filling = [post(f"f{number}", title_words="城区", text_words="停水 通知 今天 抢修") for number in range(9)]
    index.put(
        [
            post("text", title_words="城区", text_words="停水 通知 今天 塌陷"),
            post("title", title_words="塌陷", text_words="停水 通知 今天 抢修"),
            *filling,
        ]
    )
    best = Query(where=Any((WATER, ROADS)), order=Order.BEST, limit=3)
    assert ids(index, best) == ["title", "text", "f0"]
    assert ids(index, Query(where=All((Any((WATER, ROADS)), OneOf("topics", ("water",)))), order=Order.BEST)) == [
        *("title", "text"),
        *(one.id for one in filling),
    ]


def test_best_first_without_a_word_is_newest_first(index: Index) -> None:
    index.put([post("a"), post("b", first_seen=NOON + timedelta(hours=1))])
    assert ids(index, Query(where=Without(ROADS), order=Order.BEST)) == ["b", "a"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_of_the_best_joined_are_the_whole_whatever_is_put_between(index: Index, limit: int) -> None:
    many = " ".join(f"词{number}" for number in range(7))
    index.put([post(f"{number:02}", text_words=f"停水 {many[: number // 5 * 6]}") for number in range(17)])
    whole = ids(index, Query(where=WATER, order=Order.BEST, limit=100))
    assert whole == [f"{number:02}" for number in range(17)]  # the shorter text first, those of one score by id
    query, joined = Query(where=WATER, order=Order.BEST, limit=limit), list[str]()
    while True:
        page = index.search(query)
        assert page.total == 17
        joined += [one.id for one in page.posts]
        if page.next is None:
            break
        index.put([post(f"later-{len(joined)}", text_words="停水")])
        query = replace(query, after=page.next)
    assert joined == whole


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_joined_are_the_whole_newest_first_then_by_id(index: Index, limit: int) -> None:
    posts = [post(f"{number:02}", first_seen=NOON + timedelta(hours=number // 5)) for number in range(17)]
    index.put(posts[9:])
    index.put(posts[:9])
    joined: list[Post] = []
    query = Query(words=("停水",), limit=limit)
    while True:
        page = index.search(query)
        assert page.total == 17
        joined += page.posts
        if page.next is None:
            break
        query = replace(query, after=page.next)
    assert joined == sorted(posts, key=lambda one: (-one.first_seen.timestamp(), one.id))


def test_counts_are_of_the_whole_result_with_parents_and_local_days(index: Index) -> None:
    late = NOON + timedelta(hours=12)  # 00:00 of the 28th in Beijing
    index.put(
        [
            post("a"),
            post("b", first_seen=late),
            post("c", first_seen=late, topics=(), places=(place(TOWN), place(COUNTY))),
        ]
    )
    counts = index.counts(Query(limit=1))
    assert counts.topics == {"water": 2}
    assert counts.places == {TOWN: 3, COUNTY: 3, CITY: 3, "990000000000": 3}
    assert counts.outlets == {"paper": 3}
    assert counts.days == {"2026-01-27": 1, "2026-01-28": 2}
    assert index.counts(Query(zone="Europe/London")).days == {"2026-01-27": 3}
    assert index.counts(Query(words=("无",))).days == {}


def test_a_reader_sees_each_put_within_half_a_second(index: Index, opened: Opener) -> None:
    reader = opened(False)
    for number in range(3):
        index.put([post(str(number))])
        until = time.monotonic() + 0.5
        while reader.get(str(number)) is None:
            assert time.monotonic() < until


def test_a_reader_before_the_first_writer_finds_nothing_and_catches_up(opened: Opener) -> None:
    reader = opened(False)
    assert reader.search(Query()).total == 0
    assert reader.get("a") is None
    assert reader.counts(Query()).topics == {}
    opened(True).put([post("a")])
    until = time.monotonic() + 0.5
    while reader.get("a") != post("a"):
        assert time.monotonic() < until


def test_a_reader_cannot_put(index: Index, opened: Opener) -> None:
    with pytest.raises(BackendError, match="index_read_only"):
        opened(False).put([post("a")])


def month(number: int) -> dict[str, object]:
    return {"month": f"2026-{number:02}", "first_seen": datetime(2026, number, 10, tzinfo=UTC)}


def test_versions_are_those_held_and_what_is_not_held_is_absent(index: Index) -> None:
    assert index.versions(["a"]) == {}
    index.put([post("a", version=3), post("b")])
    assert index.versions(["a", "b", "c"]) == {"a": 3, "b": 1}
    assert index.versions([]) == {}


def test_expiry_deletes_whole_months_that_end_before_a_day_and_says_how_many(index: Index) -> None:
    index.put([post("a", **month(1)), post("b", **month(1)), post("c", **month(2)), post("d", **month(4))])
    assert index.expire(date(2026, 1, 31)) == 0
    assert ids(index, Query()) == ["d", "c", "a", "b"]
    assert index.expire(date(2026, 4, 30)) == 2
    assert (ids(index, Query()), index.get("a")) == (["d"], None)
    assert index.expire(date(2026, 4, 30)) == 0


def test_an_expired_month_begins_again_with_a_late_post(index: Index) -> None:
    index.put([post("a", **month(1)), post("b", **month(2))])
    index.expire(date(2026, 2, 1))
    index.put([post("c", **month(1))])
    assert ids(index, Query()) == ["b", "c"]


def test_while_a_generation_is_filled_puts_reach_both_and_searches_the_old_one(index: Index) -> None:
    index.put([post("a", title="旧", version=1)])
    used, none = index.generations()
    number = index.begin_generation()
    assert (none, index.generations()) == (None, (used, number))
    filled = index.generation(number)
    assert filled.search(Query()).total == 0
    index.put([post("a", title="新", version=2), post("b")])
    filled.put([post("a", title="旧", version=1), post("only-new")])
    assert filled.versions(["a", "b", "only-new"]) == {"a": 2, "b": 1, "only-new": 1}
    assert ids(index, Query()) == ["a", "b"]
    index.switch(number)
    index.switch(number)
    assert index.generations() == (number, None)
    assert ids(index, Query()) == ["a", "b", "only-new"]
    index.put([post("c")])
    assert ids(index, Query()) == ["a", "b", "c", "only-new"]


def test_expiry_reaches_the_generation_that_is_filled(index: Index) -> None:
    index.put([post("a", **month(1)), post("b", **month(2))])
    number = index.begin_generation()
    index.put([post("a", **month(1)), post("b", **month(2))])
    assert index.expire(date(2026, 2, 1)) == 1
    assert [found.id for found in index.generation(number).search(Query()).posts] == ["b"]


def test_an_unfinished_generation_is_found_by_the_next_writer_and_dropped_by_the_next_beginning(
    index: Index, opened: Opener
) -> None:
    index.put([post("a")])
    first = index.begin_generation()
    abandoned = index.generation(first)
    abandoned.put([post("b")])
    second = index.begin_generation()
    assert second > first
    for gone in (lambda: abandoned.put([post("b")]), lambda: index.switch(first)):
        with pytest.raises(BackendError):
            gone()
    index.generation(second).put([post("c")])
    index.close()
    again = opened(True)
    assert again.generations()[1] == second
    again.put([post("d")])
    again.switch(second)
    assert ids(again, Query()) == ["c", "d"]


def test_a_reader_never_finds_less_and_sees_the_new_generation_within_half_a_second(
    index: Index, opened: Opener
) -> None:
    index.put([post("a"), post("b", **month(2))])
    reader = opened(False)
    time.sleep(0.5)
    with ThreadPoolExecutor(1) as thread:
        over: list[bool] = []
        totals = thread.submit(lambda: [reader.search(Query()).total for _ in iter(lambda: bool(over), True)])
        for _ in range(3):
            number = index.begin_generation()
            index.generation(number).put([post("a"), post("b", **month(2)), post("x")])
            index.switch(number)
            index.generation(number)
        over.append(True)
        assert set(totals.result()) <= {2, 3}
    until = time.monotonic() + 0.5
    while reader.get("x") is None:
        assert time.monotonic() < until


def test_a_second_writer_is_locked_out_until_the_first_closes(tantivy: TantivyIndex, folder: Path) -> None:
    with pytest.raises(BackendError, match="index_locked"):
        TantivyIndex(folder, writer=True)
    tantivy.close()
    again = TantivyIndex(folder, writer=True)
    again.put([post("a")])
    again.close()


def test_every_method_says_so_when_the_folder_is_broken(tantivy: TantivyIndex, folder: Path) -> None:
    tantivy.put([post("a")])
    (folder / (folder / POINTER).read_text() / "meta.json").write_text("{", encoding="utf-8")
    reader = TantivyIndex(folder, writer=False)
    for call in (lambda: reader.get("a"), lambda: reader.search(Query()), lambda: reader.counts(Query())):
        with pytest.raises(BackendError, match="index_failed"):
            call()


def test_a_writer_killed_while_committing_leaves_what_was_acknowledged(folder: Path) -> None:
    script = textwrap.dedent("""
        import sys
        from pathlib import Path
        from huiying.backends.index_tantivy import TantivyIndex
        from tests.contract.test_index import post
        index = TantivyIndex(Path(sys.argv[1]), writer=True)
        for number in range(10_000):
            index.put([post(f"{number:05}")])
            print(number, flush=True)
    """)
    child = subprocess.Popen([sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    acknowledged = [int(child.stdout.readline()) for _ in range(5)][-1]
    child.send_signal(signal.SIGKILL)
    acknowledged = max([acknowledged, *map(int, child.stdout.read().split())])
    child.wait()
    child.stdout.close()
    again = TantivyIndex(folder, writer=True)
    assert again.search(Query()).total in (acknowledged + 1, acknowledged + 2)
    again.put([post("after")])
    assert again.get("after") == post("after")
    again.close()
