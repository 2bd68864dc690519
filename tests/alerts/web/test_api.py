"""The JSON API: the whole way of an alert, errors by status with a sentence, and what OpenAPI promises."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from huiying.core.errors import BackendError, StorageFull
from huiying.core.states import SourceAlarm
from tests.alerts.web.conftest import Person
from tests.alerts.web.invented import PASSWORD, Invented

PAGE = "http://127.0.0.5/answer.html"


def command(one: Person, alert: str, type: str, **more: object) -> tuple[int, dict[str, object]]:
    return one.call("POST", f"/alerts/{alert}/commands", json={"type": type, **more})


def test_an_alert_goes_its_whole_way(desk: Invented, person: Callable[[str], Person]) -> None:
    duty, unit, supervisor = person("duty"), person("unit"), person("supervisor")
    post = desk.post("p1", "青石镇停水")
    status, opened = duty.call("POST", "/alerts", json={"post": post.id, "why": "居民来电"})
    alert = str(opened["alert"])
    evidence = [{"kind": "address", "value": PAGE}]
    reply = {"finding": "true", "evidence": evidence, "address": PAGE}
    result = {"end_state": "solved", "done": "已修复", "evidence": evidence, "address": PAGE}
    statuses = [
        status,
        command(duty, alert, "acknowledge", expected=3, key="k1")[0],
        command(duty, alert, "assign", payload={"unit": "water-bureau"})[0],
        command(unit, alert, "verify_and_reply", payload=reply)[0],
        command(unit, alert, "resolve_and_publish", payload=result)[0],
        command(supervisor, alert, "confirm")[0],
    ]
    assert statuses == [201, 200, 200, 200, 200, 200]
    assert duty.call("GET", f"/alerts/{alert}")[1]["stage"] == "confirmed"
    assert len(duty.call("GET", f"/alerts/{alert}/events")[1]["events"]) == 8  # type: ignore[arg-type]
    assert duty.call("GET", "/alerts?closed=false")[1] == {"alerts": []}


def test_a_key_used_before_returns_the_first_events(desk: Invented, person: Callable[[str], Person]) -> None:
    alert = desk.alert()
    duty = person("duty")
    first = command(duty, alert, "note", payload={"text": "一"}, key="k")
    assert command(duty, alert, "note", payload={"text": "一"}, key="k") == first
    assert command(duty, alert, "acknowledge", key="k")[0] == 409


def test_errors_have_a_status_a_code_and_a_sentence(desk: Invented, person: Callable[[str], Person]) -> None:
    alert = desk.alert()
    duty = person("duty")
    head = desk.services.ledger.head()
    desk.press("duty2", alert, "note", text="先到")
    cases = {
        404: command(duty, "A0", "acknowledge"),
        409: command(duty, alert, "acknowledge", expected=head),
        422: command(duty, alert, "assign", payload={"unit": "water-bureau"}),
        403: command(duty, alert, "confirm"),
    }
    for status, (answered, body) in cases.items():
        assert answered == status
        assert set(body) == {"code", "sentence", "fields"}
        assert body["sentence"] != body["code"]


@pytest.mark.parametrize(
    "body",
    [{}, {"type": "fly"}, {"type": "note", "unknown": 1}, {"type": "note", "claimed_at": "2026-01-01T00:00:00"},
     {"type": "note", "payload": {"text": ["not", "text"]}}, {"type": "assign", "payload": {"unit": {"a": 1}}}],
)  # fmt: skip
def test_a_body_that_is_wrong_is_422(desk: Invented, person: Callable[[str], Person], body: dict[str, object]) -> None:
    alert = desk.alert()
    desk.press("duty", alert, "acknowledge")
    assert person("duty").call("POST", f"/alerts/{alert}/commands", json=body)[0] == 422


def test_logging_in_and_out(stranger: Person) -> None:
    status, answer = stranger.call("POST", "/session", json={"login": "duty", "password": PASSWORD})
    assert (status, answer["role"]) == (200, "duty")
    stranger.token = str(answer["token"])
    assert stranger.call("GET", "/ledger")[0] == 200
    assert stranger.call("DELETE", "/session")[0] == 200
    status, answer = stranger.call("GET", "/ledger")
    assert (status, answer["code"]) == (401, "not_signed_in")


def test_what_only_reads(desk: Invented, person: Callable[[str], Person]) -> None:
    post = desk.post("p1", "青石镇停水")
    desk.services.store.alarms.replace([SourceAlarm("yunze-news/1", "empty", desk.services.clock.now(), "")])
    one = person("viewer")
    _, found = one.call("GET", "/posts?words=停水")
    assert [each["id"] for each in found["posts"]] == [post.id]  # type: ignore[index, union-attr]
    assert one.call("GET", "/sources")[1] == {"sources": []}
    assert len(one.call("GET", "/alarms")[1]["alarms"]) == 1  # type: ignore[arg-type]
    assert one.call("GET", "/figures?period=2026-Q1")[1]["rate"] is None
    assert one.call("GET", "/ledger/events?after=1&limit=1")[1]["events"][0]["seq"] == 2  # type: ignore[index, call-overload]


@pytest.mark.parametrize("error", [BackendError("ledger_failed", detail="x"), StorageFull("storage_full", what="x")])
def test_a_backend_that_fails_is_503_with_a_sentence(
    desk: Invented, person: Callable[[str], Person], monkeypatch: pytest.MonkeyPatch, error: BackendError
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise error

    one = person("viewer")
    monkeypatch.setattr(desk.services.ledger, "head", failing)
    answer = one.client.get("/api/v1/ledger")
    assert answer.status_code == 503
    assert answer.json()["sentence"] != answer.json()["code"]
    monkeypatch.setattr(desk.services.ledger, "read", failing)
    page = one.client.get("/duty")
    assert page.status_code == 503
    assert "Traceback" not in page.text
    assert "<main" in page.text


def test_openapi_names_every_path_and_error(person: Callable[[str], Person], stranger: Person) -> None:
    described = stranger.client.get("/api/v1/openapi.json").json()
    assert all(path.startswith("/api/v1/") for path in described["paths"])
    assert {"/api/v1/alerts/{id}/commands", "/api/v1/posts", "/api/v1/figures"} <= set(described["paths"])
    answers = described["paths"]["/api/v1/alerts/{id}/commands"]["post"]["responses"]
    assert {"200", "401", "403", "404", "409", "422", "503"} <= set(answers)


def test_no_documentation_page_from_elsewhere(stranger: Person) -> None:
    assert stranger.client.get("/docs").status_code == 404
    assert stranger.client.get("/redoc").status_code == 404
