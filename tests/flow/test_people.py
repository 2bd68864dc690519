"""A person is forgotten: the name goes, the pseudonym and the chain stay, and it stands in the ledger who did it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.events import EventType
from huiying.core.commitment import pseudonym
from huiying.core.errors import Refused
from huiying.core.states import Account
from huiying.init import create_ledger
from huiying.people import add, forget, known, new_account
from huiying.wiring import Runtime, open_desk

WHY = "调离，本人要求删除"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Runtime]:
    (tmp_path / "huiying.toml").write_text('desk = "county"\ntitle = "t"\ncontact = "a@b.cn"\n', encoding="utf-8")
    create_ledger(tmp_path, "office")
    runtime = open_desk(tmp_path)
    for login, role in (("zhiban", "duty"), ("zhuren", "supervisor")):
        runtime.store.accounts.add(new_account(login, "p" * 9, f"{login}某", role, None, "zh"))
    yield runtime
    runtime.close()


def supervisor(office: Runtime) -> Account:
    return known(office.store.accounts, "zhuren")


def test_a_pseudonym_commits_to_the_name(office: Runtime) -> None:
    account = known(office.store.accounts, "zhiban")
    assert account.pseudonym == pseudonym("zhiban某", account.salt)
    assert account.salt not in repr(account)


def test_the_name_goes_and_the_ledger_tells_who_erased_it(office: Runtime) -> None:
    accounts = office.store.accounts
    person = known(accounts, "zhiban")
    assert forget(office.ledger, accounts, "zhiban", WHY, supervisor(office)) == person.pseudonym
    assert accounts.by_login("zhiban") is None
    assert person.pseudonym not in accounts.names()
    (event,) = [event for event in office.ledger.read() if event.type == EventType.FORGOTTEN]
    assert event.payload == {"what": "name", "subject": person.pseudonym, "why": WHY}
    assert event.actor == supervisor(office).pseudonym
    assert office.ledger.verify() == event.seq


def test_one_person_has_one_account(office: Runtime) -> None:
    accounts = office.store.accounts
    with pytest.raises(Refused, match="person_has_account") as refused:
        add(accounts, new_account("zhiban2", "p" * 9, " zhiban某 ", "supervisor", None, "zh"), None)
    assert refused.value.fields == {"name": "zhiban某", "login": "zhiban"}
    assert accounts.by_login("zhiban2") is None
    add(accounts, new_account("zhiban2", "p" * 9, "zhiban某（二科）", "supervisor", None, "zh"), None)
    forget(office.ledger, accounts, "zhiban", WHY, supervisor(office))
    add(accounts, new_account("zhiban3", "p" * 9, "zhiban某", "duty", None, "zh"), None)


@pytest.mark.parametrize(
    ("role", "unit", "fits"),
    [
        ("unit", "water", True),
        ("unit", None, False),
        ("supervisor", "water", True),
        ("supervisor", None, True),
        ("duty", "water", False),
        ("auditor", "water", False),
        ("viewer", None, True),
    ],
)
def test_units_have_a_unit_supervisors_may_and_nobody_else(
    office: Runtime, role: str, unit: str | None, fits: bool
) -> None:
    account = new_account("x", "p" * 9, "某", role, unit, "zh")
    if fits:
        add(office.store.accounts, account, None)
        return
    with pytest.raises(Refused, match="unit_for_units"):
        add(office.store.accounts, account, None)


def test_who_is_no_supervisor_erases_nobody_and_a_supervisor_not_themselves(office: Runtime) -> None:
    accounts = office.store.accounts
    for by, whom, code in (("zhiban", "zhuren", "supervisor_only"), ("zhuren", "zhuren", "forget_yourself")):
        with pytest.raises(Refused, match=code):
            forget(office.ledger, accounts, whom, WHY, known(accounts, by))
    assert len(accounts.all()) == 2
    assert EventType.FORGOTTEN not in {event.type for event in office.ledger.read()}
