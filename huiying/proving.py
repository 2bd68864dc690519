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
    from huiying.checkpoint import History
    from huiying.core.ports import Captures, Ledger
    from huiying.verify import ReadEntries, Verification
    from huiying.witness import Witness

Files = list[Path] | None
Place = Annotated[Path, typer.Argument(help="The witness's folder.")]
Desk = Annotated[Path, typer.Option("--desk", envvar="HUIYING_DESK")]
Out = Annotated[Path | None, typer.Option(help="File to write; without it, standard output.")]
witness = typer.Typer(no_args_is_help=True, help="Sign other offices' checkpoints, and have ours signed.")


def verify(
    folder: Annotated[Path, typer.Argument(help="The desk's folder.", envvar="HUIYING_DESK")] = Path(),
    checkpoint: Annotated[Files, typer.Option(help="A checkpoint kept elsewhere; may be given several times.")] = None,
    report: Annotated[
        Files, typer.Option(help="A report's JSON, PDF or xlsx: computed and made anew; several times.")
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
    from huiying.paper_proof import is_paper
    from huiying.verify import verify as look

    with _cannot_be_checked():
        kept = [_note(file) for file in checkpoint or ()]
        given = [file.read_bytes() for file in report or ()]
        reports = [body for body in given if not is_paper(body)]
        keys = [cosigner_key(key) for key in witness_key or ()]
        with _entries(folder, ledger) as (entries, captures), progress("verifying"):
            found = look(entries, kept=kept, witnesses=keys, captures=captures, reports=reports)
        papers = [body for body in given if is_paper(body)]
        seqs = _papers(folder, ledger, papers) if papers and found.bad is None else []
    _tell(found, looked=ledger is None)
    for seq in seqs:
        say("paper_holds", seq=seq)
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


def _papers(folder: Path, ledger: Path | None, bodies: list[bytes]) -> list[int]:
    """Return the numbers of the reports that `bodies` are, each once the ledger gives the same bytes."""
    from huiying.paper_proof import proved
    from huiying.wiring import papers

    if ledger is not None:
        raise Refused("paper_needs_desk")
    with opened(folder) as runtime:
        return [proved(papers(runtime), body) for body in bodies]


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


@witness.command("init")
def witness_init(folder: Place, name: Annotated[str, typer.Option(help="Name of the witness, as an address.")]) -> None:
    """Make a witness with a key of its own; print its public key, for those who ask it to sign."""
    from huiying.witness import create

    typer.echo(create(folder, name))


@witness.command("trust")
def witness_trust(folder: Place, key: Annotated[str, typer.Argument(help="Public key as verify prints it.")]) -> None:
    """Sign the checkpoints of one more ledger from now on."""
    from huiying.core.note import verifier_key

    trusted = verifier_key(key)
    _witness(folder).trust(trusted)
    say("trusted", origin=trusted.name)


@witness.command("add")
def witness_add(folder: Place, request: Path, out: Out = None) -> None:
    """Check a request from a file, and write the line that is to be put beneath the note."""
    answer = _witness(folder).add(request.read_bytes())
    if answer.status != 200:
        typer.echo(text(f"witness.{answer.status}", language(), held=answer.text.strip()), err=True)
        raise typer.Exit(1)
    _write(answer.text, out)


@witness.command("serve")
def witness_serve(
    folder: Place, port: Annotated[int, typer.Option(min=1, max=65535)] = 8710, host: str = "127.0.0.1"
) -> None:
    """Answer POST /add-checkpoint until Ctrl-C; put a proxy with TLS in front."""
    from huiying.witness import serve

    serve(_witness(folder), host, port)


@witness.command("request")
def witness_request(
    old: Annotated[int, typer.Option(min=0, help="How many events the witness signed last; it says so.")] = 0,
    folder: Desk = Path(),
    out: Out = None,
) -> None:
    """Write the request for the newest checkpoint of the desk, to be carried to the witness as a file."""
    from huiying.witness import request

    with opened(folder) as runtime:
        known, signed = _newest(runtime.ledger)
    _write(request(known, old, signed).decode(), out)


@witness.command("send")
def witness_send(
    url: Annotated[str, typer.Argument(help="Address of the witness, without /add-checkpoint.")],
    key: Annotated[str, typer.Argument(help="Its public key, as init printed it.")],
    folder: Desk = Path(),
    out: Out = None,
) -> None:
    """Have the newest checkpoint of the desk signed, and write it with the signature."""
    import httpx

    from huiying.core.cosignature import cosigner_key
    from huiying.witness import send

    with opened(folder) as runtime, httpx.Client(timeout=30, trust_env=False) as client:
        known, signed = _newest(runtime.ledger)
        _write(send(client, url, known, signed, cosigner_key(key)), out)


def _witness(folder: Path) -> Witness:
    from huiying.wiring import system_now
    from huiying.witness import Witness

    return Witness(folder, system_now)


def _newest(ledger: Ledger) -> tuple[History, str]:
    from huiying.checkpoint import history

    known = history(ledger)
    if not known.issued:
        raise Refused("no_checkpoint")
    return known, known.issued[-1][1]


def _write(written: str, out: Path | None) -> None:
    if out is None:
        typer.echo(written, nl=False)
        return
    with out.open("x", encoding="utf-8") as file:
        file.write(written)
    say("written", file=out)
