"""docker-compose.yml is valid, confines what it starts, and sets its servers as the tests' own servers are set.

No container engine runs where this is built: what is checked here is all that is known of it.
"""

from __future__ import annotations

import inspect
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from deploy.servers import elasticsearch as tests_elasticsearch
from deploy.servers.kafka import POM as KAFKA_POM
from deploy.servers.kafka import Broker
from huiying.core.config import MetricsSection
from huiying.core.config_files import read_machine
from huiying.init import init
from tests import servers as tests_postgresql
from tests.deploy.programs import DEPLOY, ROOT, complaint, program, run, tracked, yaml

FILE = ROOT / "docker-compose.yml"
ROLES = ("crawl", "process-1", "process-2", "watch", "desk")
# What is meant to differ from the tests' servers, with the reason.
KAFKA_DIFFERS = {
    "controller.quorum.voters": "addresses of the network",
    "listeners": "addresses of the network",
    "advertised.listeners": "addresses of the network",
    "log.dirs": "the volume",
}
ELASTICSEARCH_DIFFERS = {
    "cluster.name": "a cluster of the office's, not of tests",
    "network.host": "other containers reach it",
}
# Read-only roots are not known to work with these two images: their start scripts write into the program's folders.
WRITES_ITS_ROOT = {"kafka", "elasticsearch"}


@cache
def compose() -> dict[str, Any]:
    return dict(yaml(FILE))


@cache
def services() -> dict[str, Any]:
    return dict(compose()["services"])


def test_it_keeps_to_its_schema() -> None:
    done = run(program("docker-compose"), "--file", FILE, "config", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_file_against_the_schema_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "wrong.yml").write_text("services: {one: {image: x, memory: 1g}}\n")
    assert run(program("docker-compose"), "--file", tmp_path / "wrong.yml", "config", "--quiet").returncode


def test_everything_runs_confined_and_as_nobody_special() -> None:
    for name, service in services().items():
        assert re.fullmatch(r"[1-9]\d+:\d+", service["user"]), name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"], name
        assert service.get("read_only", False) == (name not in WRITES_ITS_ROOT), name
        assert "privileged" not in service
        assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "proxy" else []), name


def test_only_the_proxy_can_be_reached_and_servers_have_no_way_out() -> None:
    assert [name for name, service in services().items() if service.get("ports")] == ["proxy"]
    assert compose()["networks"]["servers"]["internal"] is True
    for name in ("kafka", "elasticsearch", "postgresql"):
        assert services()[name]["networks"] == ["servers"]
    assert services()["proxy"]["networks"] == ["front"]


def test_no_password_stands_in_it_and_none_can_be_committed() -> None:
    for secret in compose()["secrets"].values():
        assert set(secret) == {"file"}
        assert secret["file"].startswith("./deploy/compose/secrets/")
    assert [file for file in tracked() if file.startswith("deploy/compose/secrets/")] == [
        "deploy/compose/secrets/.gitignore"
    ]
    for name, service in services().items():
        words = {key for key in service.get("environment", {}) if "PASSWORD" in key and not key.endswith("_FILE")}
        assert words == set(), name


def test_everything_says_whether_it_is_well() -> None:
    for name, service in services().items():
        known = "healthcheck" in service or name in ROLES or name == "proxy"
        assert known, name
    for role in ROLES:
        assert services()[role]["depends_on"] == {
            server: {"condition": "service_healthy"} for server in ("kafka", "elasticsearch", "postgresql")
        }


def test_every_command_of_a_role_exists() -> None:
    for role in (*ROLES, "huiying"):
        assert complaint(services()[role]["command"]) is None


def test_the_health_of_a_role_is_asked_at_the_port_that_the_configuration_gives_it() -> None:
    metrics = MetricsSection()
    ports = {"crawl": metrics.port, "watch": metrics.port + 1, "desk": 8700}
    ports |= {f"process-{worker}": metrics.port + 2 + worker for worker in (1, 2)}
    asked = {role: services()[role]["environment"]["HUIYING_HEALTH"] for role in ROLES}
    assert asked == {role: f"http://127.0.0.1:{port}/readyz" for role, port in ports.items()}


def test_workers_are_named_by_number_and_the_host_keeps_its_name() -> None:
    numbers = [services()[role]["command"][-1] for role in ROLES if role.startswith("process")]
    assert sorted(set(numbers)) == sorted(numbers)
    assert {services()[role]["hostname"] for role in ROLES} == {"huiying"}


def test_files_that_are_mounted_are_in_git() -> None:
    mounts = {volume.split(":")[0] for service in services().values() for volume in service.get("volumes", [])}
    files = {mount.removeprefix("./") for mount in mounts if mount.startswith("./deploy")}
    assert files
    assert files <= tracked()


def test_the_manuals_steps_lead_to_these_services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`init` and the two edits that the manual gives for this file make a configuration that fits it."""
    manual = (ROOT / "docs" / "servers.md").read_text(encoding="utf-8")
    [line] = [line for line in manual.splitlines() if line.startswith("docker compose run --rm huiying init /desk")]
    given = dict(re.findall(r"--(kafka|elasticsearch|postgresql) (\S+)", line))
    monkeypatch.setattr("huiying.init.create_ledger", lambda *_, **__: None)
    fields = {"desk": "test", "title": "t", "contact": "a@b.cn", "language": "zh"}
    init(tmp_path / "desk", fields | {"area_code": "420000000000", "area_name": "n"}, given)
    edits = [line for line in manual.splitlines() if line.endswith(" desk/huiying.toml")]
    assert len(edits) == 2
    assert run("/bin/sh", "-ec", "\n".join(edits), cwd=tmp_path).returncode == 0
    machine = read_machine(tmp_path / "desk")
    assert machine.log.kafka == services()["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].split("//")[1]
    assert machine.index.elasticsearch == "http://elasticsearch:9200"
    assert machine.ledger.postgresql == "postgresql://huiying@postgresql:5432/huiying"
    assert (machine.host, machine.port, machine.metrics) == ("0.0.0.0", 8700, MetricsSection(host="0.0.0.0"))


def test_kafka_is_set_as_the_tests_kafka() -> None:
    given = services()["kafka"]["environment"]
    ours = {
        key.removeprefix("KAFKA_").lower().replace("_", "."): value
        for key, value in given.items()
        if key not in ("CLUSTER_ID", "KAFKA_HEAP_OPTS")
    }
    tests = {key: str(value) for key, value in Broker(Path("lib"), Path("data"))._settings().items()}
    assert ours.keys() - tests.keys() == set()
    both = ours.keys() & tests.keys()
    assert {key for key in both if ours[key] != tests[key]} == set(KAFKA_DIFFERS)


def test_elasticsearch_is_set_as_the_tests_elasticsearch() -> None:
    ours = services()["elasticsearch"]["environment"]
    tests = {key: str(value) for key, value in tests_elasticsearch._SETTINGS.items()}
    both = ours.keys() & tests.keys()
    assert {key for key in both if ours[key] != tests[key]} == set(ELASTICSEARCH_DIFFERS)
    assert {"discovery.type", "xpack.security.enabled", "node.store.allow_mmap"} <= both


def test_postgresql_is_made_as_the_tests_postgresql() -> None:
    made = inspect.getsource(tests_postgresql.Cluster.make)
    ours = services()["postgresql"]["environment"]
    assert set(re.findall(r'"(--(?:encoding|locale|icu)[^"]*)"', made)) <= set(ours["POSTGRES_INITDB_ARGS"].split())
    assert ours["POSTGRES_HOST_AUTH_METHOD"] in made
    script = (DEPLOY / "compose" / "postgresql.sh").read_text(encoding="utf-8")
    for statement in ("CREATE ROLE huiying LOGIN", "CREATE DATABASE huiying OWNER huiying"):
        assert statement in made
        assert statement in script


def test_the_versions_are_those_that_the_tests_run() -> None:
    kafka = re.search(r"<artifactId>kafka_2.13</artifactId>\s*<version>(.*?)<", KAFKA_POM.read_text(encoding="utf-8"))
    pom = tests_elasticsearch.POM.read_text(encoding="utf-8")
    elasticsearch = re.search(r"<artifactId>elasticsearch</artifactId>\s*<version>(8.*?)<", pom)
    assert kafka
    assert elasticsearch
    assert services()["kafka"]["image"].split(":")[1] == kafka[1]
    assert services()["elasticsearch"]["image"].split(":")[1] == elasticsearch[1]
    assert services()["postgresql"]["image"].split(":")[1] == tests_postgresql._PROGRAMS.parts[-2]
