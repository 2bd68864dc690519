"""The timeline of an alert's page tells each event, whatever the keys of its payload hold."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from alerts.events import EventType
from huiying.core.model import Draft, Role
from tests.alerts.web.conftest import Person
from tests.alerts.web.invented import Invented


@pytest.mark.parametrize(("reason", "words"), [("http_404", "404"), ("not_named", "")])
def test_a_post_that_is_gone_is_told(desk: Invented, person: Callable[[str], Person], reason: str, words: str) -> None:
    alert = desk.alert()
    post = {"post": "a" * 32, "address": "http://127.0.0.2/a1.html", "day": 3, "checked": "2026-03-13T02:00:00.000000Z"}
    payload = {**post, "reason": reason, "capture": None}
    desk.services.ledger.append([Draft(EventType.POST_GONE, alert, "system", Role.SYSTEM, payload=payload)])
    page = person("duty").page(f"/alerts/{alert}")
    assert "http://127.0.0.2/a1.html" in page
    assert words in page
