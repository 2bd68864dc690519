"""An office whose one outlet is a site on loopback; the role is quick to look, and begun by the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from huiying.core.config import Outlet
from tests.crawlers.desk import PAGE, Office, entry, outlet
from tests.site import Site


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the role look more often than it needs to."""
    monkeypatch.setattr("crawlers.run.TICK", 0.02)
    monkeypatch.setattr("crawlers.run.WANTED_TICK", 0.02)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site("127.0.0.2") as made:
        yield made


@pytest.fixture
def offices(tmp_path: Path) -> Iterator[Callable[..., Office]]:
    opened: list[Office] = []

    def make(*outlets: Outlet) -> Office:
        opened.append(Office(tmp_path, *outlets))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def office(site: Site, offices: Callable[..., Office]) -> Office:
    """Return an office whose one outlet is `site`, with two posts in its feed; the role is not yet begun."""
    for number in (1, 2):
        site.page(f"/{number}.html", PAGE)
    site.feed("/feed.xml", [entry(site, 1), entry(site, 2, "某路封闭")], etag=True)
    made: Office = offices(outlet("bao", site.url("/feed.xml"), site.host))
    return made
