"""What the scale bench stands on: three servers, an office with a desk of its own on them, and what each one costs.

stand() ─► Stand(kafka, elastic, postgresql) ─► office(...) ─► RunningOffice, every trace of its desk dropped in the end
Meter   ─► CPU seconds of each server and of each worker from /proc/PID/stat, children that ended included

Servers given by KAFKA_BOOTSTRAP, ELASTICSEARCH_URL and DATABASE_URL are used instead; what they cost is not seen then.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from sqlalchemy.engine import make_url

from deploy.servers.elasticsearch import Server
from deploy.servers.kafka import Broker, jars
from huiying.backends.index_elastic import ElasticSettings
from tests import elastic_server
from tests.flow.office import RunningOffice
from tests.flow.profile import Profile
from tests.flow.water import water_texts
from tests.kafka_server import JARS
from tests.servers import Cluster, drop
from tests.site import Site

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Stand:
    """Addresses of the three servers, and the processes of those that are our own, by name."""

    kafka: str
    elastic: str
    postgresql: str
    pids: Mapping[str, int] = field(default_factory=dict)

    def profile(self, partitions: int) -> Profile:
        """Return a new desk on these servers."""
        url = make_url(self.postgresql)
        plain = f'postgresql = "postgresql://{url.username}@{url.host}:{url.port}/{url.database}"\n'
        toml = f'[log]\nkafka = "{self.kafka}"\npartitions = {partitions}\n'
        toml += f'[index]\nelasticsearch = "{self.elastic}"\nreplicas = 0\n[ledger]\n{plain}[store]\n{plain}'
        return Profile(f"bench-{uuid4().hex[:10]}", toml, {"postgresql": str(url.password)} if url.password else {})

    def drop(self, desk: str) -> None:
        """Drop what `desk` left in Elasticsearch and PostgreSQL."""
        elastic_server.drop(ElasticSettings((self.elastic,), desk))
        drop(self.postgresql, [desk])

    @contextmanager
    def office(self, partitions: int) -> Iterator[RunningOffice]:
        """Open an office without a role running, on a desk of its own."""
        profile = self.profile(partitions)
        with ExitStack() as opened:
            folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="huiying-bench-")))
            sites = [opened.enter_context(Site(host)) for host in ("127.0.0.81", "127.0.0.82")]
            opened.callback(self.drop, profile.desk)
            yield opened.enter_context(RunningOffice(folder / "desk", water_texts(*sites), None, (), profile))


@contextmanager
def stand() -> Iterator[Stand]:
    """Give the servers of the environment, and throw up those that it does not name."""
    pids: dict[str, int] = {}
    with ExitStack() as opened:
        kafka = os.environ.get("KAFKA_BOOTSTRAP") or _broker(opened, pids)
        elastic = os.environ.get("ELASTICSEARCH_URL") or _elastic(opened, pids)
        yield Stand(kafka, elastic, os.environ.get("DATABASE_URL") or _postgresql(opened, pids), pids)


def _broker(opened: ExitStack, pids: dict[str, int]) -> str:
    folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="huiying-kafka-", ignore_cleanup_errors=True))
    broker = Broker(jars(JARS), Path(folder))
    opened.callback(broker.stop)
    broker.start()
    assert broker._process is not None
    pids["kafka"] = broker._process.pid
    return broker.address


def _elastic(opened: ExitStack, pids: dict[str, int]) -> str:
    folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="huiying-es-", ignore_cleanup_errors=True))
    server = Server(Path(folder))
    opened.callback(server.stop)
    url = server.start()
    assert server.pid is not None
    pids["elasticsearch"] = server.pid
    return url


def _postgresql(opened: ExitStack, pids: dict[str, int]) -> str:
    cluster = Cluster(Path(tempfile.mkdtemp(prefix="huiying-pg-")))
    opened.callback(cluster.remove)
    cluster.make()
    pids["postgresql"] = int((cluster.folder / "data" / "postmaster.pid").read_text().split()[0])
    return cluster.url


class Meter:
    """CPU seconds of named processes since this was made; a server's children count as itself."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids)
        self._began = {name: _seconds(pid) for name, pid in self._pids.items()}

    def read(self) -> dict[str, float]:
        """Return the CPU seconds of each."""
        return {name: _seconds(pid) - self._began[name] for name, pid in self._pids.items()}


def memory(pid: int) -> int:
    """Return the most bytes that the process has had in memory."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def _seconds(pid: int) -> float:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    own = _fields(pid)
    return (sum(own) + sum(sum(_fields(int(child))[:2]) for child in children)) / _TICKS


def _fields(pid: int) -> tuple[int, ...]:
    """Return utime, stime, cutime and cstime in clock ticks (proc_pid_stat(5)); none where the process is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return (0, 0, 0, 0)
    return tuple(int(part) for part in stat.rpartition(")")[2].split()[11:15])
