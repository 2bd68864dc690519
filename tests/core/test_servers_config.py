"""Servers in huiying.toml and their secrets: what is refused, and what the backends are given."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from huiying.backends.index_elastic import ElasticSettings
from huiying.backends.log_kafka_settings import KafkaSettings
from huiying.backends.postgresql import database
from huiying.core.config import Machine
from huiying.core.config_files import read_machine
from huiying.core.config_text import parse_machine
from huiying.core.errors import BackendError, ConfigError, HuiyingError, Refused
from huiying.core.messages import LANGUAGES
from huiying.demo import make
from huiying.init import init
from huiying.terminal import secrets
from huiying.wiring import exclusive, open_desk

MACHINE = 'desk = "a"\ntitle = "t"\ncontact = "a@b.cn"\n'
FIELDS = {
    "desk": "a",
    "title": "t",
    "contact": "a@b.cn",
    "area_code": "110105000000",
    "area_name": "某区",
    "language": "zh",
}


def machine(servers: str) -> Machine:
    return parse_machine(MACHINE + servers)


@pytest.mark.parametrize(
    ("written", "code", "line"),
    [
        ('[log]\nkafka = "kafka-1"\n', "config_kafka", 5),
        ('[index]\nelasticsearch = "es-1:9200"\n', "config_elasticsearch", 5),
        ('[index]\nelasticsearch = "https://me:secret@es-1:9200"\n', "config_elasticsearch", 5),
        ('[ledger]\npostgresql = "postgresql://me:secret@db/huiying"\n', "config_postgresql", 5),
        ('[ledger]\npostgresql = "postgresql://db/huiying"\n', "config_postgresql", 5),
        ('[ledger]\npostgresql = "postgresql://me@db/huiying"\n', "config_one_database", 1),
        ('[store]\npostgresql = "postgresql://me@db/huiying"\n', "config_one_database", 4),
        ("[log]\npartitions = 0\n", "config_value", 5),
        ('[log]\nkafca = "kafka-1:9092"\n', "config_unknown_key", 5),
    ],
)
def test_a_wrong_address_is_named_with_its_line(written: str, code: str, line: int) -> None:
    with pytest.raises(ConfigError) as wrong:
        machine(written)
    assert (wrong.value.code, wrong.value.fields["line"]) == (code, line)
    for language in LANGUAGES:
        assert wrong.value.sentence(language).startswith("huiying.toml")


def test_kafka_is_given_what_the_section_and_the_secret_say() -> None:
    said = machine(
        '[log]\nkafka = "k-1:9092, k-2:9093"\npartitions = 12\nreplication = 3\nin_sync = 2\ncompression = "lz4"\n'
        'protocol = "SASL_SSL"\ncafile = "/ca.pem"\nmechanism = "SCRAM-SHA-512"\nusername = "huiying"\n'
        "[log.retention]\nposts_found = 30\n"
    )
    settings = KafkaSettings.of(said, {"kafka": "secret"}, "here-process-1")
    assert settings.bootstrap == ("k-1:9092", "k-2:9093")
    assert (settings.desk, settings.member, settings.partitions) == ("a", "here-process-1", 12)
    assert (settings.replication, settings.in_sync, settings.compression) == (3, 2, "lz4")
    assert settings.retention == {"posts_found": 30, "posts_ready": 400, "captures_wanted": 400, "dead": 400}
    options = settings.security.options()
    assert (options["security_protocol"], options["ssl_cafile"]) == ("SASL_SSL", "/ca.pem")
    assert (options["sasl_mechanism"], options["sasl_plain_username"]) == ("SCRAM-SHA-512", "huiying")
    assert options["sasl_plain_password"] == "secret"
    assert "secret" not in repr(settings)


def test_elasticsearch_takes_the_secret_as_password_or_as_key() -> None:
    plain = '[index]\nelasticsearch = "https://e-1:9200,https://e-2:9200"\nshards = 2\nreplicas = 0\n'
    key = ElasticSettings.of(machine(plain), {"elasticsearch": "secret"})
    assert (key.hosts, key.shards, key.replicas) == (("https://e-1:9200", "https://e-2:9200"), 2, 0)
    assert (key.api_key, key.basic_auth) == ("secret", None)
    password = ElasticSettings.of(machine(plain + 'username = "me"\n'), {"elasticsearch": "secret"})
    assert (password.api_key, password.basic_auth) == (None, ("me", "secret"))
    assert "secret" not in repr(key) + repr(password)


def test_a_password_may_hold_any_character() -> None:
    address = 'postgresql = "postgresql://me@db:5432/huiying?sslmode=require"\n'
    said = machine(f"[ledger]\n{address}[store]\n{address}")
    given = make_url(database(said, {"postgresql": "p@ss:/?# 字"}) or "")
    assert (given.password, given.username, given.host, given.query) == (
        "p@ss:/?# 字",
        "me",
        "db",
        {"sslmode": "require"},
    )
    assert database(said, {}) == "postgresql://me@db:5432/huiying?sslmode=require"
    assert database(machine(""), {"postgresql": "x"}) is None


def test_secrets_come_from_files_and_the_environment_the_later_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, (folder, names) in enumerate({"secrets": "abcd", "credentials": "bcd", "mounted": "cd"}.items()):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).write_text(f"{number}\n", encoding="utf-8")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    monkeypatch.setenv("HUIYING_SECRETS", str(tmp_path / "mounted"))
    monkeypatch.setenv("HUIYING_SECRET_D", "3")
    monkeypatch.setenv("HUIYING_SECRET_DUTY_ROOM", "4")
    assert secrets(tmp_path) == {"a": "0", "b": "1", "c": "2", "d": "3", "duty-room": "4"}


def test_a_secret_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "kafka").write_bytes(b"\xff\xfe")
    with pytest.raises(HuiyingError) as wrong:
        secrets(tmp_path)
    assert wrong.value.code == "secret_unreadable"
    assert str(tmp_path / "secrets" / "kafka") in wrong.value.sentence("zh")


def test_a_second_worker_needs_kafka_and_elasticsearch(tmp_path: Path) -> None:
    make(tmp_path / "demo", 8990, "zh")
    runtime = open_desk(tmp_path / "demo", role="process", worker=2)
    with pytest.raises(Refused) as refused:
        exclusive(runtime, "process")
    assert refused.value.code == "one_worker"
    runtime.close()


def test_servers_named_at_the_beginning_stand_in_the_file(tmp_path: Path) -> None:
    init(tmp_path / "a", FIELDS, {"kafka": "k:9092", "elasticsearch": "http://e:9200", "postgresql": ""})
    said = read_machine(tmp_path / "a")
    assert (said.log.kafka, said.index.elasticsearch, said.ledger.postgresql) == ("k:9092", "http://e:9200", None)


def test_a_database_that_is_away_leaves_no_half_of_a_desk(tmp_path: Path) -> None:
    with pytest.raises(BackendError):
        init(tmp_path / "a", FIELDS, {"postgresql": "postgresql://me@127.0.0.1:1/huiying"})
    assert not list((tmp_path / "a").glob("*.toml"))
    init(tmp_path / "a", FIELDS)
