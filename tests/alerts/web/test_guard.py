"""What every route carries and asks: headers, a session, an origin, a token."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from alerts.web.guard import HEADERS, login_token
from tests.alerts.web.conftest import Person, TestClient, field
from tests.alerts.web.invented import Invented

OPEN_TO_ALL = {
    ("GET", path) for path in ("/login", "/", "/api/v1/openapi.json", "/healthz", "/readyz", "/duty/condition")
}
BEFORE_LOG_IN = {"/login", "/api/v1/session"}


def routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Yield (method, path) of every route, with its parameters filled in, from the application's own table."""
    found = 0
    for route in _flat(app.routes):
        if isinstance(route, APIRoute):
            found += 1
            for method in route.methods:
                yield (
                    method,
                    route.path.replace("{id}", "A1")
                    .replace("{alert}", "A1")
                    .replace("{action}", "acknowledge")
                    .replace("{secret}", "guess")
                    .replace("{seq}", "1"),
                )
    assert found > 20


def _flat(routes: object) -> Iterator[object]:
    for route in routes:  # type: ignore[attr-defined]
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from _flat(inner.routes)
        else:
            yield route


def test_every_answer_carries_the_headers(app: FastAPI, stranger: Person) -> None:
    for method, path in routes(app):
        answer = stranger.client.request(method, path)
        assert answer.headers.items() >= {name.lower(): value for name, value in HEADERS.items()}.items(), path


@pytest.mark.parametrize("path", ["/static/app.js", "/static/none.js", "/nothing", "/api/v1/nothing"])
def test_files_and_errors_carry_them_too(stranger: Person, path: str) -> None:
    answer = stranger.client.get(path)
    assert answer.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_unexpected_error_is_a_sentence_with_the_headers(app: FastAPI, desk: Invented) -> None:
    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("secret detail")

    answer = TestClient(app, raise_server_exceptions=False).get("/broken")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "没有记录" in answer.text
    assert answer.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]


def test_nothing_is_shown_to_strangers(app: FastAPI, stranger: Person) -> None:
    for method, path in routes(app):
        if method == "GET" and (method, path) not in OPEN_TO_ALL:
            answer = stranger.client.get(path)
            if path.startswith("/wall/"):  # its secret is its log-in
                assert answer.status_code == 404, path
                continue
            to_login = answer.status_code == 303 and answer.headers["location"].startswith("/login?next=")
            assert to_login or answer.status_code in (401, 422), path


def changing(app: FastAPI) -> list[tuple[str, str]]:
    found = [(m, p) for m, p in routes(app) if m not in ("GET", "HEAD") and p not in BEFORE_LOG_IN]
    assert len(found) >= 7
    return found


def test_every_change_needs_the_token(app: FastAPI, person: Callable[[str], Person]) -> None:
    duty = person("duty")
    for method, path in changing(app):
        assert duty.client.request(method, path, data={"token": "guess"}).status_code == 403, path


def test_every_change_needs_this_origin(app: FastAPI, person: Callable[[str], Person]) -> None:
    duty = person("duty")
    for origin in ("http://evil.test", "null"):
        headers = {"origin": origin, "X-Huiying-Token": duty.token}
        for method, path in changing(app):
            assert duty.client.request(method, path, headers=headers).status_code == 403, path


def test_the_right_token_and_origin_pass(app: FastAPI, person: Callable[[str], Person]) -> None:
    duty = person("duty")
    headers = {"origin": "http://desk.test", "X-Huiying-Token": duty.token}
    for method, path in changing(app):
        if path not in ("/logout", "/api/v1/session"):
            answer = duty.client.request(method, path, headers=headers)
            assert answer.status_code in (200, 303, 403, 404, 422), path
            assert "页面已过期" not in answer.text, path
            assert "已拒绝" not in answer.text, path


def test_the_token_of_another_session_is_refused(person: Callable[[str], Person]) -> None:
    one, other = person("duty"), person("duty")
    assert one.client.post("/language", data={"token": other.token, "language": "en"}).status_code == 403


def test_the_log_in_form_needs_its_own_token_and_cookie(stranger: Person) -> None:
    token = field(stranger.client.get("/login").text, "token")
    fields = {"token": token, "login": "duty", "password": "x"}
    assert stranger.client.post("/login", data=fields | {"token": "-"}).status_code == 403
    assert stranger.client.post("/login", data=fields, headers={"origin": "http://evil.test"}).status_code == 403
    stranger.client.cookies.clear()
    for secret in (token, login_token(""), login_token("None")):
        assert stranger.client.post("/login", data=fields | {"token": secret}).status_code == 403


def test_the_api_s_log_in_refuses_another_origin(stranger: Person) -> None:
    body = {"login": "duty", "password": "x"}
    answer = stranger.client.post("/api/v1/session", json=body, headers={"origin": "http://evil.test"})
    assert answer.status_code == 403
