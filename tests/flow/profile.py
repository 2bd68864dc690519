"""What a test's office stands on: files, or servers of the session in any mixture, with a desk of its own on them.

servers(log=True, index=False, database=True) ─► Profile(desk, toml, secrets) ─► RunningOffice

PYTEST_DONT_REWRITE: modules import this before it is a plugin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from sqlalchemy.engine import make_url

from huiying.backends.index_elastic import ElasticSettings
from tests import elastic_server
from tests.servers import drop


@dataclass(frozen=True)
class Profile:
    """The desk's id, what huiying.toml says of servers, and the passwords."""

    desk: str = "test"
    toml: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict)


EMBEDDED = Profile()
Servers = Callable[..., Profile]


@pytest.fixture
def servers(request: pytest.FixtureRequest) -> Iterator[Servers]:
    """Return what makes a profile over the session's servers; what its desks left there is dropped in the end."""
    left: list[Callable[[], None]] = []

    def made(log: bool = True, index: bool = True, database: bool = True, desk: str | None = None) -> Profile:
        desk = desk or f"t-{uuid4().hex[:12]}"
        toml, secrets = "", {}
        if log:
            toml += f'[log]\nkafka = "{request.getfixturevalue("kafka")}"\npartitions = 4\n'
        if index:
            node = request.getfixturevalue("elastic_url")
            toml += f'[index]\nelasticsearch = "{node}"\nreplicas = 0\n'
            left.append(lambda: elastic_server.drop(ElasticSettings((node,), desk)))
        if database:
            address = request.getfixturevalue("postgresql")
            url = make_url(address)
            plain = f"postgresql://{url.username}@{url.host}:{url.port}/{url.database}"
            toml += f'[ledger]\npostgresql = "{plain}"\n[store]\npostgresql = "{plain}"\n'
            secrets["postgresql"] = str(url.password)
            left.append(lambda: drop(address, [desk]))
        return Profile(desk, toml, secrets)

    yield made
    for act in left:
        act()
