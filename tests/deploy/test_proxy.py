"""Caddy's configuration, checked by Caddy, and tried before a desk: TLS, HTTP/2, the live feed, what is refused."""

from __future__ import annotations

import json
import os
import re
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from alerts.events import EventType
from alerts.web.guard import HEADERS
from huiying.core.model import Draft, Role
from huiying.example.make import desk_texts
from tests.deploy.programs import DEPLOY, program, run
from tests.flow.office import PASSWORD, RunningOffice, free_port, wait_for

CADDYFILE = DEPLOY / "caddy" / "Caddyfile"


def test_the_configuration_is_valid_and_formatted(tmp_path: Path) -> None:
    own = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = run(program("caddy"), "validate", "--adapter", "caddyfile", "--config", CADDYFILE, env=own)
    assert done.returncode == 0, done.stderr
    assert run(program("caddy"), "fmt", CADDYFILE).stdout == CADDYFILE.read_text(encoding="utf-8")


def test_the_machines_own_certificate_and_several_desks_can_be_named(tmp_path: Path) -> None:
    told = {"HUIYING_SITE": "desk.lan", "HUIYING_TLS": "/etc/cert.pem /etc/key.pem", "HUIYING_DESKS": "a:8700 b:8700"}
    own = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = run(program("caddy"), "adapt", "--adapter", "caddyfile", "--config", CADDYFILE, env=own | told)
    made = json.loads(done.stdout)["apps"]
    assert made["tls"]["certificates"]["load_files"][0]["certificate"] == "/etc/cert.pem"
    assert re.findall(r'"dial": "(.*?)"', json.dumps(made)) == ["a:8700", "b:8700"]


@dataclass(frozen=True)
class Front:
    """A desk, and Caddy before it."""

    office: RunningOffice
    address: str
    root: Path

    def client(self) -> httpx.Client:
        trusting = ssl.create_default_context(cafile=str(self.root))
        return httpx.Client(base_url=self.address, verify=trusting, headers={"Origin": self.address}, trust_env=False)


def signed_in(client: httpx.Client) -> httpx.Response:
    answer = client.post("/api/v1/session", json={"login": "duty", "password": PASSWORD})
    assert answer.status_code in (200, 201), answer.text
    return answer


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    caddy = program("caddy")
    folder = tmp_path_factory.mktemp("proxy")
    texts = {name: text for name, text in desk_texts(free_port()).items() if name != "huiying.toml"}
    port = free_port()
    # Neither the machine's port 80 nor the port of another Caddy's administration.
    lines = f"{{\n\tadmin off\n\thttp_port {free_port()}\n\thttps_port {port}\n"
    config = folder / "Caddyfile"
    config.write_text(CADDYFILE.read_text(encoding="utf-8").replace("{\n", lines, 1), encoding="utf-8")
    with RunningOffice(folder / "desk", texts, None, roles=("desk",)) as office:
        office.client("duty")
        told = {"HUIYING_SITE": "localhost", "HUIYING_DESKS": f"127.0.0.1:{office.port}"}
        own = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_DATA_HOME": str(folder / "data")}
        with (folder / "caddy.log").open("wb") as log:
            command = [caddy, "run", "--adapter", "caddyfile", "--config", str(config)]
            proxy = subprocess.Popen(command, env=own | told, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            root = folder / "data/caddy/pki/authorities/local/root.crt"
            made = Front(office, f"https://localhost:{port}", root)
            wait_for(lambda: root.exists() and _answers(made), 30)
            yield made
            with made.client() as client, following(client, 0):
                proxy.terminate()
                proxy.wait(10)  # an open feed must not hold it
        finally:
            proxy.kill()
            proxy.wait()


def _answers(front: Front) -> bool:
    try:
        with front.client() as client:
            return client.get("/login").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.servers
def test_pages_come_by_tls_and_http_2(front: Front) -> None:
    curl = program("curl")
    asked = ("--silent", "--show-error", "--noproxy", "*", "--cacert", front.root, "--output", "/dev/null")
    done = run(
        curl, *asked, "--write-out", "%{http_version} %{http_code} %{ssl_verify_result}", f"{front.address}/login"
    )
    assert done.stdout == "2 200 0", done.stderr


@pytest.mark.servers
def test_headers_are_the_desks_own_and_none_comes_twice(front: Front) -> None:
    with front.client() as client:
        answer = client.get("/login")
    names = [name.lower() for name, _ in answer.headers.multi_items() if name.lower() != "set-cookie"]
    assert sorted(set(names)) == sorted(names)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert "uvicorn" not in answer.headers.get("server", "")


@pytest.mark.servers
def test_a_session_behind_the_proxy_is_for_https_only(front: Front) -> None:
    with front.client() as client:
        answer = signed_in(client)
    assert "secure" in answer.headers["set-cookie"].lower()


@pytest.mark.servers
def test_metrics_are_refused(front: Front) -> None:
    with front.client() as client:
        for path in ("/metrics", "/metrics/", "/metrics/x"):
            answer = client.get(path)
            assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.servers
def test_what_is_larger_than_any_form_is_refused(front: Front) -> None:
    with front.client() as client:
        answer = client.post("/login", content=b"x" * 3_000_000, headers={"Content-Type": "text/plain"})
    assert (answer.status_code in (413, 502), answer.content) == (True, b"")


@contextmanager
def following(client: httpx.Client, after: int) -> Iterator[httpx.Response]:
    signed_in(client)
    with client.stream("GET", f"/feed?after={after}", timeout=10) as stream:
        yield stream


@pytest.mark.servers
def test_a_live_event_arrives_within_a_second(front: Front) -> None:
    ledger = front.office.runtime.ledger
    with front.client() as client, following(client, ledger.head()) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        assert "heartbeat" in next(lines)
        began = time.monotonic()
        [event] = ledger.append([Draft(EventType.HEARTBEAT, None, "system", Role.SYSTEM, payload={})])
        until = began + 5
        for line in lines:
            if line == f"id: {event.seq}":
                break
            assert time.monotonic() < until
        assert time.monotonic() - began < 1


@pytest.mark.servers
def test_a_desk_that_restarts_is_waited_for(front: Front) -> None:
    front.office.kill("desk")
    with front.client() as client:
        assert client.get("/login", timeout=20).status_code == 200
