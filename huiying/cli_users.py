"""The commands over a desk's accounts: `huiying users …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from huiying.core.messages import text
from huiying.terminal import language, opened, password, say

Desk = Annotated[Path, typer.Option("--desk", envvar="HUIYING_DESK")]
users = typer.Typer(no_args_is_help=True, help="Accounts of a desk.")


@users.command("add")
def users_add(
    login: str,
    role: Annotated[str, typer.Option(help="viewer, duty, unit, supervisor, auditor or administrator.")],
    name: Annotated[str, typer.Option(help="The person's name; it stands beside the ledger and can be erased.")],
    unit: Annotated[str | None, typer.Option(help="Id of the unit, for role unit; a supervisor may have one.")] = None,
    folder: Desk = Path(),
) -> None:
    """Add an account. The password is asked for, or read from HUIYING_PASSWORD."""
    from huiying.people import add, new_account

    with opened(folder) as runtime:
        recorded = runtime.view().desk()
        account = new_account(login, password("new_password", True), name, role, unit, language())
        add(runtime.store.accounts, account, recorded[1] if recorded else None)
    say("user_added", login=login)


@users.command("reset")
def users_reset(login: str, folder: Desk = Path()) -> None:
    """Give an account a new password and end its sessions."""
    from huiying.people import reset

    with opened(folder) as runtime:
        reset(runtime.store.accounts, login, password("new_password", True))
    say("user_reset", login=login)


@users.command("list")
def users_list(folder: Desk = Path()) -> None:
    """List the accounts: login, role, unit, name, pseudonym."""

    with opened(folder) as runtime:
        accounts = runtime.store.accounts.all()
    for account in accounts:
        role = text(f"role.{account.role}", language())
        typer.echo("\t".join((account.login, role, account.unit or "-", account.name or "-", account.pseudonym)))


@users.command("forget")
def users_forget(
    login: str,
    why: Annotated[str, typer.Option(help="Why the name is erased; it stands in the ledger.")],
    as_: Annotated[str, typer.Option("--as", help="Login of the supervisor in whose name it is recorded.")],
    folder: Desk = Path(),
) -> None:
    """Erase a person's name, account and salt; the ledger keeps the pseudonym, which nobody can turn back any more."""
    from alerts.web.accounts import recognised
    from huiying.people import forget

    with opened(folder) as runtime:
        accounts = runtime.store.accounts
        supervisor = recognised(accounts, as_, password("password", False), runtime.clock.now())
        pseudonym = forget(runtime.ledger, accounts, login, why, supervisor)
    say("user_forgotten", login=login, pseudonym=pseudonym)


@users.command("disclose")
def users_disclose(login: str, folder: Desk = Path()) -> None:
    """Print what proves whose a pseudonym is: name and salt, from which anybody computes it again."""
    from huiying.people import known

    with opened(folder) as runtime:
        account = known(runtime.store.accounts, login)
    say("user_disclosed", name=account.name, salt=account.salt or "-", pseudonym=account.pseudonym)
