"""The commands over a desk's accounts: `huiying users …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from huiying.core.messages import text
from huiying.terminal import language, opened, password, say

users = typer.Typer(no_args_is_help=True, help="Accounts of a desk.")


@users.command("add")
def users_add(
    login: str,
    role: Annotated[str, typer.Option(help="viewer, duty, unit, supervisor, auditor or administrator.")],
    name: Annotated[str, typer.Option(help="The person's name; it stands beside the ledger and can be erased.")],
    unit: Annotated[str | None, typer.Option(help="Id of the unit, for role unit.")] = None,
    folder: Annotated[Path, typer.Option("--desk", envvar="HUIYING_DESK")] = Path(),
) -> None:
    """Add an account. The password is asked for, or read from HUIYING_PASSWORD."""
    from huiying.people import add, new_account

    with opened(folder) as runtime:
        recorded = runtime.view().desk()
        account = new_account(login, password("new_password", True), name, role, unit, language())
        add(runtime.store.accounts, account, recorded[1] if recorded else None)
    say("user_added", login=login)


@users.command("reset")
def users_reset(login: str, folder: Annotated[Path, typer.Option("--desk", envvar="HUIYING_DESK")] = Path()) -> None:
    """Give an account a new password and end its sessions."""
    from huiying.people import reset

    with opened(folder) as runtime:
        reset(runtime.store.accounts, login, password("new_password", True))
    say("user_reset", login=login)


@users.command("list")
def users_list(folder: Annotated[Path, typer.Option("--desk", envvar="HUIYING_DESK")] = Path()) -> None:
    """List the accounts: login, role, unit, name, pseudonym."""

    with opened(folder) as runtime:
        accounts = runtime.store.accounts.all()
    for account in accounts:
        role = text(f"role.{account.role}", language())
        typer.echo("\t".join((account.login, role, account.unit or "-", account.name or "-", account.pseudonym)))
