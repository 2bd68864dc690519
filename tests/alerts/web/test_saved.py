"""Saving a search from the search page, the desk's list, removing one; and what follows a person is refused."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.alerts.web.conftest import Person
from tests.alerts.web.invented import Invented

Log = Callable[[str], Person]


def save(who: Person, name: str, query: str, status: int = 303) -> str:
    fields = {"token": who.token, "name": name, "words": query}
    answer = who.client.post("/search/saved", data=fields)
    assert answer.status_code == status, answer.text
    return answer.headers.get("location", answer.text)


def test_a_search_is_saved_from_its_page_found_again_and_removed(desk: Invented, person: Log) -> None:
    duty, chief = person("duty"), person("supervisor")
    desk.post("p1", "青石镇停水")
    page = duty.page("/search?words=停水")
    assert re.search(r'action="/search/saved".*?name="words" value="停水"', page, re.S)
    assert save(duty, "停水", "停水 OR 断水") == "/search?words=%E5%81%9C%E6%B0%B4+OR+%E6%96%AD%E6%B0%B4"
    (event,) = (one for one in desk.services.ledger.read() if one.type == "search_saved")
    assert (event.actor, event.alert, dict(event.payload)) == (
        "P-duty",
        None,
        {"name": "停水", "query": "停水 OR 断水"},
    )
    assert 'href="/search?words=%E5%81%9C%E6%B0%B4+OR+%E6%96%AD%E6%B0%B4">停水</a>' in chief.page("/search")
    shown = chief.page("/search/saved")
    assert "值班甲" in shown
    link = f"/search/saved/{event.seq}/remove"
    assert f'action="{link}"' in shown
    assert chief.client.post(link, data={"token": chief.token}).status_code == 303
    assert "停水 OR 断水" not in duty.page("/search/saved")
    assert [one.type for one in desk.services.ledger.read()][-1] == "search_removed"


@pytest.mark.parametrize(
    ("name", "query", "said"),
    [
        ("王建国", "停水", "王建国"),
        ("停水", "停水 -王建国", "王建国"),
        ("停水", "topic:water (塌陷 OR 王建国)", "王建国"),
        ("停水", '"zhang wei"', "zhang wei"),
        ("停水", "买买提·吐尔逊", "买买提·吐尔逊"),
    ],
)
def test_a_search_for_a_person_is_refused(desk: Invented, person: Log, name: str, query: str, said: str) -> None:
    page = save(person("duty"), name, query, 422)
    assert f"“{said}”是人名" in page
    assert f'value="{name}"' in page
    assert not [one for one in desk.services.ledger.read() if one.type == "search_saved"]


def test_a_wrong_query_and_nothing_to_save_are_refused_with_a_sentence(person: Log) -> None:
    duty = person("duty")
    assert 'role="alert"' in save(duty, "停水", "(停水", 422)
    assert "没有可保存的检索" in save(duty, "停水", "", 422)
    save(duty, "停水", "停水")
    assert "已有名为“停水”的检索" in save(duty, "停水", "断水", 422)


@pytest.mark.parametrize("login", ["unit", "auditor", "viewer", "admin"])
def test_others_read_the_list_and_save_nothing(desk: Invented, person: Log, login: str) -> None:
    save(person("duty"), "停水", "停水")
    seq, other = desk.services.ledger.head(), person(login)
    for address in ("/search?words=停水", "/search/saved"):
        page = other.page(address)
        assert ">停水</a>" in page
        assert 'action="/search/saved' not in page
    save(other, "塌陷", "塌陷", 403)
    removed = other.client.post(f"/search/saved/{seq}/remove", data={"token": other.token})
    assert removed.status_code == 403
    assert desk.services.ledger.head() == seq
