"""The command `huiying capture show`: what was fetched at an address, and a trace of who looked.

reference ─► the captures ─► capture_opened, in the account's name ─► address, status, instant, SHA-256, headers, bytes
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from alerts.commands import Actor
from alerts.office import opened_capture
from alerts.view import read_all
from alerts.wording import Wording
from alerts.zones import zone_at
from huiying.core.messages import text
from huiying.core.model import Response
from huiying.core.ports import Ledger
from huiying.terminal import language, opened, password, say

capture = typer.Typer(no_args_is_help=True, help="What the system itself fetched.")


@capture.command("show")
def show(
    reference: Annotated[str, typer.Argument(metavar="ID", help='As the ledger names it: "2026-01-27/000001:4711".')],
    as_: Annotated[str, typer.Option("--as", help="Login of whoever looks; it stands in the ledger.")],
    folder: Annotated[Path, typer.Option("--desk", envvar="HUIYING_DESK")] = Path(),
    out: Annotated[Path | None, typer.Option(help="New file for the bytes as they came.")] = None,
) -> None:
    """Print what a capture holds; each opening is recorded."""
    from alerts.web.accounts import recognised

    with opened(folder) as runtime:
        account = recognised(runtime.store.accounts, as_, password("password", False), runtime.clock.now())
        held = runtime.captures.get(reference)
        actor = Actor(account.pseudonym, account.role, account.unit)
        opened_capture(runtime.ledger, actor, citing(runtime.ledger, reference), reference)
        zone = zone_at(read_all(runtime.ledger), runtime.clock.now())
    for line in described(held, Wording(language(), ZoneInfo(zone))):
        typer.echo(line)
    if out is not None:
        with out.open("xb") as file:
            file.write(held.body)
        say("capture_written", file=out, size=len(held.body))


def citing(ledger: Ledger, reference: str) -> str | None:
    """Return the alert that cites the capture first, None where none does."""
    return next((event.alert for event in read_all(ledger) if event.payload.get("capture") == reference), None)


def described(held: Response, wording: Wording) -> Iterator[str]:
    """Yield the lines that say what `held` is; the digest is that of the bytes as they came."""
    fields = {
        "address": held.address,
        "status": held.status,
        "fetched": _moment(held.fetched, wording),
        "size": len(held.body),
        "sha256": hashlib.sha256(held.body).hexdigest(),
    }
    for key, value in fields.items():
        yield text(f"cli.capture_{key}", wording.language, value=value)
    yield from (f"> {name}: {value}" for name, value in held.request)
    yield from (f"< {name}: {value}" for name, value in held.headers)


def _moment(at: datetime, wording: Wording) -> str:
    return f"{wording.moment(at)} ({at.isoformat()})"
