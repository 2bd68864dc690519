"""Kills, full disks, broken parsers: nothing is lost, and nothing doubled but identical records."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from huiying.core.addresses import post_id
from huiying.core.errors import BackendError
from huiying.core.model import Topic
from huiying.core.states import PostState, Reading, SourceState
from tests.crawlers.desk import ID, Office, until
from tests.site import Answer, Site


def test_a_parser_that_breaks_stops_nothing(office: Office, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr("crawlers.parsing.Parser.read", break_down)
    office.begin()
    assert office.wait_read(ID).reading is Reading.UNREADABLE


class Failing:
    """A port whose one method fails from the `after`-th call on, as at a kill: what was done before stays done."""

    def __init__(self, port: Any, method: str, after: int = 0) -> None:
        self._port, self._method, self._left = port, method, after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        return found if name != self._method else partial(self._call, found)

    def _call(self, method: Callable[..., Any], *given: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            raise BackendError("store_failed", detail="killed here")
        return method(*given)


@pytest.mark.parametrize("method", ["save_posts", "all_first_fetched", "save_sources"])
@pytest.mark.parametrize("after", range(4))
def test_a_kill_between_the_steps_loses_nothing_and_doubles_only_identical_records(
    office: Office, site: Site, method: str, after: int
) -> None:
    class FailingStore:
        def __init__(self, store: Any) -> None:
            self._store, self.crawl = store, Failing(store.crawl, method, after)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._store, name)

    office.begin(store=FailingStore)
    until(lambda: site.count("/feed.xml"))
    time.sleep(0.3)
    office.end()
    office.clock.forward(seconds=120)
    office.begin()
    office.wait_read(ID)
    found = office.found()
    assert {(one.post, one.version) for one in found} == {(post_id(site.url(f"/{n}.html")), 1) for n in (1, 2)}
    assert len({_recorded(one) for one in found}) == 2
    assert set(office.store.crawl.posts([one.post for one in found])) == {one.post for one in found}


def test_a_kill_after_appending_and_before_the_state_gives_the_same_record_again(office: Office, site: Site) -> None:
    office.begin()
    office.wait_read(ID)
    office.end()
    before = office.found()[0]
    store = office.store.crawl
    store.save_post(PostState(before.post, ID, 0, "", "", before.first_seen, before.first_seen))
    store.save_source(SourceState(ID, "bao", office.clock.now()))
    office.clock.forward(seconds=300)
    office.begin()
    office.wait_read(ID)
    assert [_recorded(one) for one in office.found()[2:]] == [_recorded(before)]


def test_a_full_disk_stops_nothing_and_loses_nothing(
    office: Office, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawlers.run.HOLD", 0.3)
    broken = [True]

    class Full:
        def __init__(self, log: Any) -> None:
            self._log = log

        def __getattr__(self, name: str) -> Any:
            return getattr(self._log, name)

        def append(self, topic: Topic, records: Sequence[tuple[str, bytes]]) -> None:
            if broken[0]:
                raise BackendError("storage_full", what="log")
            self._log.append(topic, records)

    office.begin(log=Full)
    until(lambda: site.count("/1.html") >= 2)
    broken[0] = False
    office.wait_read(ID)
    tried = [seen.begun for seen in site.requests if seen.path == "/1.html"]
    assert min(later - earlier for earlier, later in pairwise(tried)) >= 0.2
    assert [one.version for one in office.found()] == [1, 1]


def test_the_role_ends_within_five_seconds_of_being_told(office: Office, site: Site) -> None:
    site.set("/feed.xml", Answer(b"x", delay=8))
    office.begin()
    until(lambda: site.count("/feed.xml"))
    begun = time.monotonic()
    office.end()
    assert time.monotonic() - begun < 5


def _recorded(found: Any) -> tuple[Any, ...]:
    # The page is fetched again, and each fetch is a capture of its own.
    return tuple(getattr(found, name) for name in found.__slots__ if name != "capture")
