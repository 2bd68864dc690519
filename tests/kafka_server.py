"""One genuine Kafka for the session: that of KAFKA_BOOTSTRAP, else one of our own; a desk of its own for every test.

KAFKA_BOOTSTRAP ─or─ broker: deploy/servers/kafka.py ─► kafka: address ─► kafka_settings: a desk nobody else has

A test module says `pytest_plugins = ("tests.kafka_server",)`. A missing server skips on a laptop and fails where CI is
set. Tests that kill the server take `broker`, which is always our own. PYTEST_DONT_REWRITE: modules import this before
it is a plugin.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.servers.kafka import Broker, NoServer, jars
from huiying.backends.log_kafka_settings import KafkaSettings

JARS = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "huiying" / "kafka"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "servers: needs a real server: Kafka")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what needs the server."""
    given = getattr(item, "callspec", None)
    if {"broker", "kafka"} & set(getattr(item, "fixturenames", ())) or (given and "kafka" in given.params.values()):
        item.add_marker("servers")


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker that a test may kill, pause and start again; the test leaves it running."""
    try:
        made = Broker(jars(JARS), tmp_path_factory.mktemp("kafka"))
        made.start()
    except NoServer as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    yield made
    made.stop()


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> str:
    """The address of a Kafka."""
    given = os.environ.get("KAFKA_BOOTSTRAP")
    return given or str(request.getfixturevalue("broker").address)


@pytest.fixture
def kafka_settings(kafka: str) -> KafkaSettings:
    """A desk of its own on the session's Kafka."""
    return settings_at(kafka)


def settings_at(address: str) -> KafkaSettings:
    """Return the settings of a new desk at `address`, which waits less long than in an office."""
    return KafkaSettings((address,), f"t-{uuid4().hex[:12]}", partitions=3, timeout=4, session=3)
