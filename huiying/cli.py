"""The command: argv becomes values, then one call. What the commands share, the environment too, is in terminal.py.

Exit codes: 0 done, 1 something is wrong and the sentence says what, 2 the command line itself is wrong.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from huiying import __version__
from huiying.cli_outlets import outlets
from huiying.cli_topics import topics
from huiying.cli_users import users
from huiying.core.errors import HuiyingError
from huiying.core.messages import text
from huiying.naming import gazetteer
from huiying.proving import verify, witness
from huiying.reporting import report
from huiying.searching import search
from huiying.showing import capture
from huiying.terminal import complain, language, opened, password, progress, say, secrets
from huiying.trying import extract, tag

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="回应 Huiying: learn what outlets report, answer in public, compute the rate from a ledger nobody can alter.",
)
app.add_typer(users, name="users")
app.add_typer(outlets, name="outlets")
app.add_typer(topics, name="topics")
app.command()(verify)
app.command()(report)
app.command()(extract)
app.command()(tag)
app.command()(gazetteer)
app.command()(search)
app.add_typer(witness, name="witness")
app.add_typer(capture, name="capture")

Folder = Annotated[Path, typer.Argument(help="The desk's folder.", envvar="HUIYING_DESK")]
Parent = Annotated[int | None, typer.Option(hidden=True, help="Process number of the supervisor.")]
Worker = Annotated[int, typer.Option(min=1, help="Number of this process among those of its role on this machine.")]


def main() -> None:
    """Run the command; an error of ours is one sentence on standard error and exit code 1."""
    try:
        app()
    except HuiyingError as wrong:
        complain(wrong)
        sys.exit(1)
    except OSError as wrong:
        complain(HuiyingError("system", detail=wrong.strerror or str(wrong), file=str(wrong.filename or "-")))
        sys.exit(1)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


@app.command()
def init(
    folder: Path,
    desk: Annotated[str, typer.Option(help="Short name: a-z, 0-9, -.")],
    title: Annotated[str, typer.Option(help="The office's name as printed.")],
    contact: Annotated[str, typer.Option(help="Mail address that the crawler names in its user agent.")],
    area: Annotated[str, typer.Option(help="12-digit division code of the office's area.")],
    area_name: Annotated[str, typer.Option(help="Name of the area.")],
    kafka: Annotated[str, typer.Option(help="host:port of the brokers; without it the log is files.")] = "",
    elasticsearch: Annotated[str, typer.Option(help="Addresses of the cluster; without it the index is files.")] = "",
    postgresql: Annotated[
        str, typer.Option(help="postgresql://user@host/database of ledger and store; without it they are files.")
    ] = "",
) -> None:
    """Make an office's own desk: commented TOML files and an empty ledger."""
    from huiying.init import init as make

    fields = {"desk": desk, "title": title, "contact": contact, "area_code": area, "area_name": area_name}
    servers = {"kafka": kafka, "elasticsearch": elasticsearch, "postgresql": postgresql}
    make(folder, fields | {"language": language()}, servers, secrets(folder))
    say("initialised", folder=folder)


@app.command()
def check(folder: Folder = Path()) -> None:
    """Say in one sentence each what is wrong with the desk's files, and whether they differ from what is recorded."""
    from huiying.check import check as look

    with opened(folder) as runtime:
        findings = look(folder, runtime.ledger)
    for finding in findings:
        kind = text("cli.error" if finding.error else "cli.warning", language())
        typer.echo(f"{kind}{finding.what.sentence(language())}")
    if any(finding.error for finding in findings):
        raise typer.Exit(1)
    say("checked", warnings=len(findings))


@app.command()
def apply(
    as_: Annotated[str, typer.Option("--as", help="Login of the supervisor in whose name it is recorded.")],
    folder: Folder = Path(),
) -> None:
    """Record the desk's files in the ledger; the roles run what is recorded."""
    from alerts.web.accounts import recognised
    from huiying.apply import apply as record

    with opened(folder) as runtime:
        account = recognised(runtime.store.accounts, as_, password("password", False), runtime.clock.now())
        event = record(folder, runtime.ledger, account)
    say("unchanged") if event is None else say("applied", seq=event.seq)


def _run(role: str, folder: Path, parent: int | None, worker: int = 1) -> None:
    from huiying.roles import run

    run(role, folder, secrets(folder), parent, worker)


@app.command()
def crawl(folder: Folder = Path(), parent: Parent = None) -> None:
    """Run the crawl role: read sources that are due, politely."""
    _run("crawl", folder, parent)


@app.command()
def process(folder: Folder = Path(), parent: Parent = None, worker: Worker = 1) -> None:
    """Run the process role: posts in, tagged and indexed posts out. Several share the work where Kafka does."""
    _run("process", folder, parent, worker)


@app.command()
def watch(folder: Folder = Path(), parent: Parent = None) -> None:
    """Run the watch role: rules open alerts; deadlines, notifications, captures."""
    _run("watch", folder, parent)


@app.command()
def desk(folder: Folder = Path(), parent: Parent = None) -> None:
    """Run the desk role: pages, API, live feed."""
    _run("desk", folder, parent)


@app.command()
def up(folder: Folder = Path()) -> None:
    """Run all four roles on this machine until Ctrl-C."""
    from huiying.recorded import Recorded
    from huiying.undeclared import refuse_undeclared
    from huiying.up import free_port, supervise

    with opened(folder) as runtime:
        refuse_undeclared(runtime.data)
        runtime.ledger.verify()
        Recorded(runtime.ledger)()
        machine, data = runtime.machine, runtime.data
    free_port(machine.host, machine.port)
    address = f"http://{machine.host}:{machine.port}/"
    say("up", address=address)
    supervise(folder, data, address, language())


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Where the demonstration desk is made.")] = Path("demo"),
    port: Annotated[
        int, typer.Option(min=1, max=65534, help="Port of the pages; the invented outlets use the next one.")
    ] = 8700,
    past: Annotated[bool, typer.Option(help="With a past quarter, played under a simulated clock.")] = True,
) -> None:
    """Make the demonstration desk in a new folder, or go on with the one there, and run it until Ctrl-C."""
    try:
        from huiying.demo import run

        run(folder, port, language(), past)
    except KeyboardInterrupt:
        say("interrupted")
        raise typer.Exit(130) from None


@app.command("demo-past", hidden=True)
def demo_past(port: int, folder: Path, until: str) -> None:
    """Play the demonstration's past quarter up to an instant."""
    from huiying.core.codec import instant
    from huiying.demo import play_past

    play_past(port, folder, instant(until))


@app.command("outlets-site", hidden=True)
def outlets_site(port: int, folder: Path, parent: Parent = None) -> None:
    """Serve the invented outlets of the demonstration desk."""
    from huiying.demo import serve_outlets

    serve_outlets(port, folder, parent)


@app.command()
def checkpoint(
    folder: Folder = Path(),
    out: Annotated[Path | None, typer.Option(help="File for the note; on another machine it proves most.")] = None,
) -> None:
    """Sign the ledger as it is now; whoever keeps the note can prove later that nothing before it was changed."""
    from huiying.checkpoint import issue
    from huiying.second_file import second_folder

    with opened(folder) as runtime:
        second = second_folder(folder, runtime.data, runtime.machine.checkpoints)
        signed = issue(runtime.ledger, runtime.data, "by_hand", second)
    if out is None:
        typer.echo(signed, nl=False)
        return
    with out.open("x", encoding="utf-8") as file:
        file.write(signed)
    say("checkpoint_written", file=out)


@app.command()
def export(
    bundle: Annotated[Path, typer.Option(help="The file to write: every event, every cited capture.")],
    folder: Folder = Path(),
) -> None:
    """Write the ledger to one file for an auditor, who checks it with deploy/verify_bundle.py."""
    from huiying.bundle import export as write

    with opened(folder) as runtime, progress("exporting"):
        events, captures = write(runtime.ledger, runtime.captures, runtime.machine.desk, bundle)
    say("exported", file=bundle, events=events, captures=captures)


@app.command()
def figures(
    period: Annotated[str, typer.Option(help="2026-W38, 2026-09, 2026-Q3, 2026-H2, 2026 or 2026-07-01..2026-10-01.")],
    folder: Folder = Path(),
    as_of: Annotated[
        str | None, typer.Option(help="Cut-off, an instant with offset; now where it is left out.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the canonical JSON.")] = False,
) -> None:
    """Compute the handled-correctly rate over the alerts that fall due in a period."""
    from huiying.figure import compute

    with opened(folder) as runtime:
        typer.echo(compute(runtime, period, as_of, json, language()))


@app.command()
def backup(archive: Path, folder: Annotated[Path, typer.Option("--desk", envvar="HUIYING_DESK")] = Path()) -> None:
    """Write the desk to one file while it runs, whatever holds its ledger and store."""
    from huiying.backup import backup as write

    with opened(folder) as runtime, progress("backing_up") as bar:
        size = write(runtime, archive, lambda done, total: bar.update(bar.task_ids[0], completed=done, total=total))
    say("backed_up", file=archive, size=size)


@app.command()
def restore(
    archive: Path,
    folder: Path,
    known: Annotated[
        str, typer.Option(help="SEQ:CHAIN of the last event that is known of the ledger before, as verify prints them.")
    ] = "",
) -> None:
    """Restore a backup into an empty folder, verify its ledger, and record there that it was restored.

    A folder that holds a huiying.toml of its own, and the secrets for it, keeps that one: so a desk moves from files to
    PostgreSQL and back.
    """
    from huiying.backup import declare, read_known
    from huiying.backup import restore as unpack

    said = read_known(known)
    with progress("restoring") as bar:
        files = unpack(
            archive,
            folder,
            lambda done, total: bar.update(bar.task_ids[0], completed=done, total=total),
            secrets(folder),
        )
    with opened(folder) as runtime:
        last = runtime.ledger.verify()
        declare(runtime.ledger, runtime.clock, runtime.data, said)
    say("restored", folder=folder, files=files, seq=last)


@app.command()
def reindex(
    folder: Folder = Path(),
    wait: Annotated[
        bool, typer.Option(help="Show how far it is until it is done; Ctrl-C stops only the showing.")
    ] = True,
) -> None:
    """Let the running process role fill the search index anew; searching goes on meanwhile."""
    from huiying.reindex import follow
    from huiying.reindex import reindex as ask

    with opened(folder) as runtime:
        request = ask(runtime.data, runtime.clock.now())
        say("reindexing", request=request)
        if wait:
            index = runtime.index(writer=False)
            with progress("refilling") as bar:
                task = bar.task_ids[0]
                tell = lambda done, total: bar.update(task, completed=done, total=total)  # noqa: E731
                seen = follow(runtime.data, runtime.log, index, request, tell)
            say("reindexed" if seen else "reindex_waits")
