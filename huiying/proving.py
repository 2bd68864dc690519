"""The commands that prove: `huiying verify` and `huiying witness …`.

Exit code 0: all holds. 1: something was changed, or is refused. 2: it could not be checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from huiying.core.errors import HuiyingError, Refused, Tampered
from huiying.core.messages import text
from huiying.terminal import complain, language, opened, progress, say

if TYPE_CHECKING:
    from huiying.core.ports import Captures
    from huiying.verify import ReadEntries, Verification

Files = list[Path] | None


def verify(
    folder: Annotated[Path, typer.Argument(help="The desk's folder.", envvar="HUIYING_DESK")] = Path(),
    checkpoint: Annotated[Files, typer.Option(help="A checkpoint kept elsewhere; may be given several times.")] = None,
    report: Annotated[
        Files, typer.Option(help="A report's JSON, whose figures are computed anew; several times.")
    ] = None,
    witness_key: Annotated[
        list[str] | None, typer.Option(help="Key of a witness whose cosignatures on the checkpoints are checked.")
    ] = None,
    ledger: Annotated[
        Path | None, typer.Option(help="A copy of a SQLite ledger, read only, without its captures.")
    ] = None,
) -> None:
    """Recompute the whole ledger from its stored bytes; check checkpoints, cited captures and reports against it."""
    from huiying.core.cosignature import cosigner_key
    from huiying.verify import verify as look

    with _cannot_be_checked():
        kept = [_note(file) for file in checkpoint or ()]
        reports = [file.read_bytes() for file in report or ()]
        keys = [cosigner_key(key) for key in witness_key or ()]
        with _entries(folder, ledger) as (entries, captures), progress("verifying"):
            found = look(entries, kept=kept, witnesses=keys, captures=captures, reports=reports)
    _tell(found, looked=ledger is None)
    raise typer.Exit(found.exit_code)


@contextmanager
def _cannot_be_checked() -> Iterator[None]:
    """Turn what stops a verification into one sentence and exit code 2, a changed first event into code 1."""
    try:
        yield
    except HuiyingError as wrong:
        complain(wrong)
        raise typer.Exit(1 if isinstance(wrong, Tampered) else 2) from wrong
    except OSError as wrong:
        complain(HuiyingError("system", detail=wrong.strerror or str(wrong), file=str(wrong.filename or "-")))
        raise typer.Exit(2) from wrong


def _note(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as cause:
        raise Refused("note_unreadable") from cause


@contextmanager
def _entries(folder: Path, ledger: Path | None) -> Iterator[tuple[ReadEntries, Captures | None]]:
    if ledger is None:
        with opened(folder) as runtime:
            yield runtime.ledger.stored, runtime.captures
        return
    from huiying.backends.ledger_sql import opened_copy

    ledger.open("rb").close()  # a file that is not there gets its own sentence
    with opened_copy(ledger) as stored:
        yield stored, None


def _tell(found: Verification, looked: bool) -> None:
    if found.bad:
        if found.bad.seq:
            complain(Tampered("tampered", seq=found.bad.seq, reason=found.bad.reason))
        typer.echo(text(f"reason.{found.bad.reason}", language()), err=True)
        return
    say("verified", seq=found.events, chain=found.chain)
    say("verifier_key", key=found.key)
    if found.held:
        say("checkpoints_hold", n=len(found.held), size=max(one.size for one in found.held))
    for lost in found.lost:
        say("checkpoint_lost", size=lost.size, origin=lost.origin)
    for one in found.restored:
        say("declared", origin=one.origin, of=one.of, last=one.last, begin=one.lost_from, end=one.lost_until)
    for by in found.cosigned:
        say("cosigned", name=by.name, size=by.size, at=datetime.fromtimestamp(by.at, UTC).isoformat())
    say("captures_hold" if looked else "captures_left_out", n=found.captures)
    if found.reports:
        say("reports_hold", n=found.reports)
