"""What the index promises on Elasticsearch beyond its port: months, generations, items refused, servers that fail."""

from __future__ import annotations

import signal
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from elasticsearch import BadRequestError, Elasticsearch

from deploy.servers.elasticsearch import Server
from huiying.backends import index_elastic
from huiying.backends.index_elastic import ElasticIndex, ElasticSettings, bulk
from huiying.backends.index_elastic.connection import connect
from huiying.core.errors import BackendError, Dead, StorageFull
from huiying.core.ports import Query
from tests.contract.test_index import NOON, post
from tests.elastic_server import Liar, Lie, drop, honest

pytest_plugins = ("tests.elastic_server",)

Lying = Callable[..., tuple[Liar, ElasticIndex]]
METHODS: list[Callable[[ElasticIndex], object]] = [
    lambda index: index.put([post("other")]),
    lambda index: index.get("a"),
    lambda index: index.search(Query()),
    lambda index: index.counts(Query()),
    lambda index: index.versions(["a"]),
    lambda index: index.expire(date(2020, 1, 1)),
    lambda index: index.generations(),
    lambda index: index.begin_generation(),
    lambda index: index.generation(2).put([post("other")]),
    lambda index: index.generation(2).versions(["a"]),
    lambda index: index.switch(2),
]


@pytest.fixture
def index(elastic: ElasticSettings) -> Iterator[ElasticIndex]:
    made = ElasticIndex(elastic, writer=True)
    yield made
    made.close()


@pytest.fixture
def client(elastic: ElasticSettings) -> Iterator[Elasticsearch]:
    with connect(elastic) as made:
        yield made


@pytest.fixture
def lying(elastic: ElasticSettings) -> Iterator[Lying]:
    """Open an index through a proxy that tells `lie`."""
    with ExitStack() as opened:

        def opening(lie: Lie, **changes: Any) -> tuple[Liar, ElasticIndex]:
            liar = Liar(elastic.hosts[0], lie)
            url = opened.enter_context(liar.listening())
            waits = changes.pop("wait", time.sleep)
            index = ElasticIndex(replace(elastic, hosts=(url,), **changes), writer=True, wait=waits)
            opened.callback(index.close)
            return liar, index

        yield opening


def month(number: int) -> dict[str, Any]:
    return {"month": f"2026-{number:02}", "first_seen": datetime(2026, number, 10, tzinfo=UTC)}


def names(client: Elasticsearch, settings: ElasticSettings) -> set[str]:
    return {
        name.removeprefix(f"huiying.{settings.desk}.posts.") for name in client.indices.get_alias(index=_all(settings))
    }


def _all(settings: ElasticSettings) -> str:
    return f"huiying.{settings.desk}.posts.*"


def block(client: Elasticsearch, settings: ElasticSettings, kind: str, on: bool) -> None:
    client.indices.put_settings(index=_all(settings), settings={f"index.blocks.{kind}": on or None})


# --- months, template, versions


def test_each_month_is_an_index_behind_the_alias(
    index: ElasticIndex, elastic: ElasticSettings, client: Elasticsearch
) -> None:
    index.put([post("a", **month(1)), post("b", **month(2))])
    assert names(client, elastic) == {"1.2026-01", "1.2026-02"}
    assert index.search(Query()).total == client.count(index=f"huiying.{elastic.desk}.posts")["count"] == 2


def test_the_mapping_is_strict_and_writes_are_on_disk_when_acknowledged(
    index: ElasticIndex, elastic: ElasticSettings, client: Elasticsearch
) -> None:
    index.put([post("a")])
    with pytest.raises(BadRequestError, match="strict_dynamic_mapping"):
        client.index(index=f"huiying.{elastic.desk}.posts.1.2026-01", document={"author": "x"})
    made = client.indices.get_settings(index=_all(elastic), flat_settings=True)
    assert {one["settings"]["index.translog.durability"] for one in made.values()} == {"request"}


def test_get_returns_the_newest_version_over_all_months(index: ElasticIndex) -> None:
    index.put([post("a", version=3, **month(1))])
    index.put([post("a", version=2, **month(2))])
    found = index.get("a")
    assert found is not None
    assert found.version == 3


def test_writers_that_make_a_month_at_once_lose_nothing(elastic: ElasticSettings) -> None:
    writers = [ElasticIndex(elastic, writer=True) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: writers[number].put([post(str(number))]), range(4)))
    for writer in writers[1:]:
        writer.close()
    assert writers[0].search(Query()).total == 4
    writers[0].close()


def test_desks_on_one_server_see_nothing_of_each_other(index: ElasticIndex, elastic: ElasticSettings) -> None:
    other = ElasticIndex(replace(elastic, desk=f"{elastic.desk}-2"), writer=True)
    index.put([post("a")])
    assert other.search(Query()).total == 0
    other.put([post("b")])
    assert [one.id for one in index.search(Query()).posts] == ["a"]
    index.expire(date(2026, 2, 1))
    assert [one.id for one in other.search(Query()).posts] == ["b"]
    other.close()


def test_a_month_dropped_while_a_bulk_request_is_under_way_is_made_again_behind_the_alias(
    lying: Lying, elastic: ElasticSettings, client: Elasticsearch
) -> None:
    dropped: list[str] = []

    def drop_once(path: str, status: int, body: Any) -> tuple[int, Any]:
        if "_alias" in path and body and not dropped:
            dropped.extend(body)
            client.indices.delete(index=list(body))
        return status, body

    _, index = lying(drop_once)
    index.put([post("a")])
    assert dropped
    assert index.get("a") == post("a")


def test_a_search_waits_for_the_shards_of_a_month_that_just_began(lying: Lying) -> None:
    """A new index has its alias a moment before its shards; who asks in between is not told that the index is away."""
    beginnings: list[str] = []

    def not_yet(path: str, status: int, body: Any) -> tuple[int, Any]:
        if "_search" in path and len(beginnings) < 3:
            beginnings.append(path)
            error = {
                "type": "search_phase_execution_exception",
                "reason": "Search rejected due to missing shards [[x]]",
            }
            return 503, {"error": error, "status": 503}
        return status, body

    waits: list[float] = []
    _, index = lying(not_yet, wait=waits.append)
    index.put([post("a")])
    assert index.search(Query()).total == 1
    assert len(beginnings) == 3
    assert waits == [0.1, 0.2]


# --- items of a bulk request


def test_a_post_refused_for_good_is_dead_with_its_reason_and_the_others_are_held(index: ElasticIndex) -> None:
    with pytest.raises(Dead) as raised:
        index.put([post("a"), post("bad", story="x" * 40_000), post("b")])
    assert raised.value.code == "step_failed"
    assert raised.value.fields["posts"] == ("bad",)
    assert "immense term" in str(raised.value.fields["reasons"])
    assert index.search(Query()).total == 2


@pytest.mark.parametrize(("kind", "expected"), [("write", BackendError), ("read_only_allow_delete", StorageFull)])
def test_a_write_block_acknowledges_nothing_and_ends_when_it_is_lifted(
    index: ElasticIndex, elastic: ElasticSettings, client: Elasticsearch, kind: str, expected: type[BackendError]
) -> None:
    index.put([post("a")])
    block(client, elastic, kind, True)
    with pytest.raises(expected) as raised:
        index.put([post("b")])
    assert type(raised.value) is expected
    assert kind == "read_only_allow_delete" or "write" in str(raised.value.fields["detail"])
    assert index.get("a") == post("a")
    block(client, elastic, kind, False)
    index.put([post("b")])
    assert index.search(Query()).total == 2


def test_items_that_come_too_fast_are_sent_again_after_growing_waits(lying: Lying) -> None:
    refusals = [{"b", "c"}, {"c"}]
    sent: list[list[str]] = []

    def busy(path: str, status: int, body: Any) -> tuple[int, Any]:
        if path.startswith("/_bulk"):
            sent.append([item["index"]["_id"] for item in body["items"]])
            for item in body["items"]:
                if len(sent) <= 2 and item["index"]["_id"] in refusals[len(sent) - 1]:
                    item["index"] |= {"status": 429, "error": {"type": "es_rejected_execution_exception"}}
        return status, body

    waits: list[float] = []
    _, index = lying(busy, wait=waits.append)
    index.put([post("a"), post("b"), post("c")])
    assert sent == [["a", "b", "c"], ["b", "c"], ["c"]]
    assert 0.05 <= waits[0] <= 0.1 <= waits[1] <= 0.2


def test_a_server_that_stays_busy_is_an_error_after_a_while(lying: Lying) -> None:
    def busy(path: str, status: int, body: Any) -> tuple[int, Any]:
        return (429, {"error": {"type": "es_rejected_execution_exception"}}) if "_bulk" in path else (status, body)

    waits: list[float] = []
    _, index = lying(busy, wait=waits.append)
    with pytest.raises(BackendError, match="busy"):
        index.put([post("a")])
    assert 5 < sum(waits) < 30


@pytest.mark.parametrize("told", [[], [{"index": {"_id": "z", "_index": "i", "status": 201}}], [{}], "no", None])
def test_an_answer_that_does_not_fit_acknowledges_nothing(lying: Lying, told: Any) -> None:
    _, index = lying(lambda path, status, body: (status, {"items": told}) if "_bulk" in path else (status, body))
    with pytest.raises(BackendError, match="index_failed"):
        index.put([post("a")])


def test_slices_are_written_together_and_one_that_fails_ends_after_the_others(
    lying: Lying, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "_POSTS", 2)
    together = threading.Barrier(bulk.UNDER_WAY, timeout=20)

    def one_fails(path: str, status: int, body: Any) -> tuple[int, Any]:
        if "_bulk" not in path:
            return status, body
        together.wait()
        failing = any(item["index"]["_id"] == "0" for item in body["items"])
        return (503, {"error": {"type": "unavailable"}}) if failing else (status, body)

    liar, index = lying(one_fails)
    with pytest.raises(BackendError, match="503"):
        index.put([post(str(number)) for number in range(6)])
    liar.lie = honest
    assert {"2", "3", "4", "5"} <= {one.id for one in index.search(Query()).posts}


def test_of_versions_in_one_put_the_newest_is_held_and_of_equal_ones_the_last(
    index: ElasticIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "_POSTS", 1)
    index.put([post("a", version=2, title="二"), post("a", version=1), post("a", version=2, title="又")])
    assert index.search(Query()).posts == (post("a", version=2, title="又"),)


def test_many_posts_go_in_several_requests(lying: Lying, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_POSTS", 2)
    sizes: list[int] = []

    def counting(path: str, status: int, body: Any) -> tuple[int, Any]:
        if "_bulk" in path:
            sizes.append(len(body["items"]))
        return status, body

    _, index = lying(counting)
    index.put([post(str(number)) for number in range(5)])
    assert sorted(sizes) == [1, 2, 2]


# --- pages


def test_pages_are_of_one_point_in_time(index: ElasticIndex) -> None:
    index.put([post("b"), post("d")])
    first = index.search(Query(limit=1))
    index.put([post("a"), post("c")])
    second = index.search(Query(limit=1, after=first.next))
    assert [one.id for one in (*first.posts, *second.posts)] == ["b", "d"]
    assert (second.total, second.next) == (2, None)


def test_a_page_can_be_continued_elsewhere_and_after_its_point_in_time_has_ended(
    index: ElasticIndex, elastic: ElasticSettings
) -> None:
    index.put([post("a"), post("b"), post("c")])
    first = index.search(Query(limit=1))
    other = ElasticIndex(elastic, writer=False)
    assert [one.id for one in other.search(Query(limit=1, after=first.next)).posts] == ["b"]
    other.close()
    for view in index._views.values():
        index._end(view)
    assert [one.id for one in index.search(Query(after=first.next)).posts] == ["b", "c"]


def test_a_month_dropped_between_two_pages_ends_none(index: ElasticIndex) -> None:
    index.put([post("a", **month(3)), post("b", **month(2)), post("c", **month(1))])
    first = index.search(Query(limit=1))
    index.expire(date(2026, 2, 1))
    assert [one.id for one in index.search(Query(limit=5, after=first.next)).posts] == ["b"]


def test_a_page_larger_than_the_server_gives_at_once_is_whole(
    index: ElasticIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_elastic, "_AT_ONCE", 2)
    index.put([post(str(number)) for number in range(7)])
    page = index.search(Query(limit=6))
    assert [one.id for one in page.posts] == ["0", "1", "2", "3", "4", "5"]
    assert [one.id for one in index.search(Query(limit=6, after=page.next)).posts] == ["6"]


def test_counts_that_leave_something_out_are_an_error(lying: Lying) -> None:
    def short(path: str, status: int, body: Any) -> tuple[int, Any]:
        if "aggregations" in body:
            body["aggregations"]["places"]["sum_other_doc_count"] = 1
        return status, body

    _, index = lying(short)
    index.put([post("a")])
    with pytest.raises(BackendError, match="places"):
        index.counts(Query())


def test_days_are_the_zones_own_where_clocks_change(index: ElasticIndex) -> None:
    before = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)  # 00:30 in Berlin, on the day of 23 hours
    index.put([post("a", first_seen=before), post("b", first_seen=before + timedelta(hours=22, minutes=45))])
    assert index.counts(Query(zone="Europe/Berlin")).days == {"2026-03-29": 1, "2026-03-30": 1}


# --- generations


def test_a_reader_pages_on_through_a_switch(
    index: ElasticIndex, elastic: ElasticSettings, client: Elasticsearch
) -> None:
    posts = [post(f"{number:02}", first_seen=NOON - timedelta(hours=number)) for number in range(9)]
    index.put(posts)
    reader = ElasticIndex(elastic, writer=False)
    time.sleep(0.5)
    query, seen = Query(limit=2), []
    number = index.begin_generation()
    filling = index.generation(number)
    for step in range(5):
        page = reader.search(query)
        seen += [one.id for one in page.posts]
        query = replace(query, after=page.next)
        filling.put(posts[2 * step : 2 * step + 2])
        if step == 1:
            filling.put(posts)
            index.switch(number)
    assert seen == [one.id for one in posts]
    assert names(client, elastic) == {"2.2026-01"}
    reader.close()
    filling.close()


def test_an_unfinished_generation_is_dropped_by_the_next_and_takes_no_more(
    index: ElasticIndex, elastic: ElasticSettings, client: Elasticsearch
) -> None:
    index.put([post("a")])
    abandoned = index.generation(index.begin_generation())
    assert index.begin_generation() == 3
    assert names(client, elastic) == {"1.2026-01", "3.2026-01"}
    with pytest.raises(BackendError, match="dropped"):
        abandoned.put([post("b")])
    with pytest.raises(BackendError, match="does not exist"):
        index.switch(2)
    abandoned.close()


def test_a_month_made_for_the_old_generation_after_the_switch_is_taken_away(
    index: ElasticIndex, elastic: ElasticSettings, client: Elasticsearch
) -> None:
    index.put([post("a")])
    index.generation(index.begin_generation()).put([post("a")])
    index.switch(2)
    alias = f"huiying.{elastic.desk}.posts"
    client.indices.create(index=f"{alias}.1.2026-05", aliases={alias: {}})
    index.put([post("b")])
    assert names(client, elastic) == {"2.2026-01"}
    assert index.search(Query()).total == 2


@pytest.mark.parametrize("mend", [lambda index: index.put([post("c")]), lambda index: index.switch(2)])
def test_a_month_made_for_the_new_generation_after_the_switch_is_put_behind_the_alias(
    index: ElasticIndex, elastic: ElasticSettings, client: Elasticsearch, mend: Callable[[ElasticIndex], None]
) -> None:
    index.put([post("a")])
    index.generation(index.begin_generation()).put([post("a")])
    index.switch(2)
    alias = f"huiying.{elastic.desk}.posts"
    client.indices.create(index=f"{alias}.2.2026-05", aliases={f"huiying.{elastic.desk}.building": {}})
    client.index(index=f"{alias}.2.2026-05", id="x", document={"id": "x"})
    mend(index)
    assert index.generations() == (2, None)
    assert client.count(index=alias)["count"] >= 2
    assert "2.2026-05" in names(client, elastic)


# --- servers that fail


def test_every_method_says_so_while_the_server_is_unavailable_and_goes_on_later(lying: Lying) -> None:
    liar, index = lying(honest)
    index.put([post("a")])
    assert index.get("a") == post("a")
    liar.lie = lambda path, status, body: (503, {"error": {"type": "unavailable", "reason": "no master"}})
    for method in METHODS:
        with pytest.raises(BackendError, match="503 unavailable: no master") as raised:
            method(index)
        assert raised.value.__cause__ is not None
    liar.lie = honest
    assert index.get("a") == post("a")


def test_every_method_gives_up_a_slow_server_and_goes_on_later(lying: Lying) -> None:
    liar, index = lying(honest, timeout=1.0)
    index.put([post("a")])
    assert index.get("a") == post("a")
    liar.delay = 30.0
    for method in METHODS:
        began = time.monotonic()
        with pytest.raises(BackendError, match="ConnectionTimeout") as raised:
            method(index)
        assert raised.value.__cause__ is not None
        assert time.monotonic() - began < 6
    liar.delay = 0.0
    assert index.get("a") == post("a")


def searched(index: ElasticIndex) -> None:
    """Check that all reading methods work on the two posts."""
    assert index.get("a") == post("a")
    assert index.search(Query()).total == 2
    assert index.counts(Query()).topics == {"water": 2}
    assert index.versions(["a", "b"]) == {"a": 1}
    assert index.generations() == (1, 2)


def test_a_full_disk_stops_puts_to_any_generation_and_a_month_dropped_makes_room(
    index: ElasticIndex, elastic: ElasticSettings, client: Elasticsearch
) -> None:
    """What Elasticsearch does to every index past the flood stage of the disk."""
    index.put([post("a"), post("old", month="2025-01", first_seen=datetime(2025, 1, 1, tzinfo=UTC))])
    filling = index.generation(index.begin_generation())
    block(client, elastic, "read_only_allow_delete", True)
    for put in (lambda: index.put([post("b")]), lambda: filling.put([post("b")])):
        with pytest.raises(StorageFull):
            put()
    searched(index)
    assert index.expire(date(2026, 1, 1)) == 1
    block(client, elastic, "read_only_allow_delete", False)
    index.put([post("b")])
    assert [one.id for one in filling.search(Query()).posts] == ["b"]
    index.switch(2)


def test_a_read_only_server_is_searched_and_refuses_every_change(elastic_server: Server) -> None:
    settings = ElasticSettings((elastic_server.url,), "t-read-only", replicas=0)
    index = ElasticIndex(settings, writer=True)
    index.put([post("a"), post("old", month="2025-01", first_seen=datetime(2025, 1, 1, tzinfo=UTC))])
    filling = index.generation(index.begin_generation())
    filling.put([post("a")])
    with connect(settings) as client:
        client.cluster.put_settings(persistent={"cluster.blocks.read_only": True})
        try:
            for change in (
                lambda: index.put([post("b")]),
                lambda: filling.put([post("b")]),
                lambda: index.expire(date(2026, 1, 1)),
                lambda: index.begin_generation(),
                lambda: index.switch(2),
            ):
                with pytest.raises(BackendError, match="403 cluster_block_exception"):
                    change()
            searched(index)
        finally:
            client.cluster.put_settings(persistent={"cluster.blocks.read_only": None})
    index.switch(2)
    index.put([post("b")])
    assert [one.id for one in index.search(Query()).posts] == ["a", "b"]
    index.close()
    drop(settings)


def test_what_was_acknowledged_outlives_a_killed_server_and_everything_goes_on(elastic_server: Server) -> None:
    settings = ElasticSettings((elastic_server.url,), "t-killed", replicas=0)
    index = ElasticIndex(settings, writer=True)
    acknowledged = [f"{number:03}" for number in range(50)]
    for id in acknowledged:
        index.put([post(id)])
    elastic_server.stop(signal.SIGKILL)
    for method in METHODS:
        with pytest.raises(BackendError, match="ConnectionError") as raised:
            method(index)
        assert raised.value.__cause__ is not None
    elastic_server.start()
    index.put([post("after")])
    assert {one.id for one in index.search(Query(limit=100)).posts} == {*acknowledged, "after"}
    index.close()
    drop(settings)


# --- reaching it


def test_secrets_are_sent_and_never_printed(lying: Lying) -> None:
    liar, index = lying(honest, api_key="c2VjcmV0")
    index.get("a")
    assert liar.headers[-1]["authorization"] == "ApiKey c2VjcmV0"
    liar, index = lying(honest, basic_auth=("desk", "secret"))
    index.get("a")
    assert liar.headers[-1]["authorization"].startswith("Basic ")
    assert "secret" not in repr(ElasticSettings(("h",), "d", api_key="secret", basic_auth=("u", "secret")))


def test_settings_that_contradict_each_other_are_an_error() -> None:
    with pytest.raises(BackendError, match="index_failed"):
        ElasticIndex(ElasticSettings(("https://localhost:1",), "d", api_key="a", basic_auth=("u", "p")), writer=False)


def test_a_certificate_is_trusted_by_its_authority_or_not_at_all(elastic: ElasticSettings, tmp_path: Path) -> None:
    certificate, context = _certificate(tmp_path)
    with Liar(elastic.hosts[0]).listening(context) as url:
        trusting = ElasticIndex(replace(elastic, hosts=(url,), ca_certs=str(certificate)), writer=True)
        trusting.put([post("a")])
        assert trusting.get("a") == post("a")
        trusting.close()
        stranger = ElasticIndex(replace(elastic, hosts=(url,)), writer=False)
        with pytest.raises(BackendError, match="TlsError"):
            stranger.get("a")
        stranger.close()


def _certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Make a certificate of its own authority for localhost, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    hosts = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, secret)
    return certificate, context
