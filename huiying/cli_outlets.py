"""The commands over a desk's outlets: `huiying outlets …`. They edit outlets.toml; `huiying apply` records it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from huiying.core.addresses import host
from huiying.core.config import Desk, Machine, Outlet, Source
from huiying.core.errors import Refused
from huiying.core.messages import text
from huiying.core.model import Tier
from huiying.outlets import id_for, owner, with_outlet, with_source
from huiying.terminal import language, say

if TYPE_CHECKING:
    from crawlers.items import Item
    from crawlers.prospects import Prospect

FILE = "outlets.toml"
SHOWN = 10  # newest items
Folder = Annotated[Path, typer.Option("--desk", envvar="HUIYING_DESK", help="The desk's folder.")]
Level = Annotated[Tier, typer.Option(help="Tier of the publisher.")]
outlets = typer.Typer(no_args_is_help=True, help="Outlets of a desk: look at addresses, add, import, export, try.")


@outlets.command("add")
def outlets_add(
    url: Annotated[str, typer.Argument(help="A feed, a sitemap, a list page, or a page that names its feeds.")],
    tier: Level = Tier.COUNTY,
    name: Annotated[str, typer.Option(help="The publisher's name; the host where it is left out.")] = "",
    unit: Annotated[str, typer.Option(help="Id of the unit whose own site it is: an official outlet.")] = "",
    write: Annotated[bool, typer.Option(help="Write what is proposed into outlets.toml.")] = True,
    test_site: Annotated[bool, typer.Option(hidden=True)] = False,
    folder: Folder = Path(),
) -> None:
    """Look at an address, propose kind and selectors, show the ten newest titles and times, write outlets.toml."""
    from crawlers.prospects import looking

    machine, desk = _desk(folder)
    known = owner(desk.outlets, url)
    outlet = known or _new(desk.outlets, url, name, tier, unit, test_site)
    clock = _SystemClock()
    hosts = [host(url)] if outlet.test_site else []
    found = looking(machine.contact, clock, hosts, lambda crawler: crawler.at(outlet, url))
    _show(found, outlet.zone, clock.now())
    if write:
        _write(folder, _with(_written(folder), known, outlet, found.source))
        say("outlet_added", outlet=outlet.id, file=folder / FILE)


@outlets.command("import")
def outlets_import(
    file: Annotated[Path, typer.Argument(help="An OPML file.")], tier: Level = Tier.COUNTY, folder: Folder = Path()
) -> None:
    """Add the feeds of an OPML file; those that may not be read are said and left out. Nothing is fetched."""
    from crawlers.boundary import refuse_outlet
    from crawlers.opml import read_opml

    _, desk = _desk(folder)
    added, present = list(desk.outlets), {source.address for outlet in desk.outlets for source in outlet.sources}
    written, count = _written(folder), 0
    for listed in read_opml(file.read_bytes()):
        if listed.address in present:
            continue
        source = Source(kind="feed", address=listed.address)
        known = owner(added, listed.address)
        outlet = known or _new(added, listed.address, listed.title, tier)
        if refused := refuse_outlet(outlet.model_copy(update={"sources": (source,)})):
            typer.echo(f"{text('cli.warning', language())}{refused.sentence(language())}", err=True)
            continue
        written = _with(written, known, outlet, source)
        added += [] if known else [outlet]
        count += 1
    if count:
        _write(folder, written)
    say("outlets_imported", count=count, file=folder / FILE)


@outlets.command("export")
def outlets_export(folder: Folder = Path()) -> None:
    """Print the feeds of outlets.toml as OPML, for another desk or a feed reader."""
    from crawlers.opml import write_opml

    machine, desk = _desk(folder)
    typer.echo(write_opml(machine.title, desk.outlets), nl=False)


@outlets.command("try-official")
def outlets_try_official(folder: Folder = Path()) -> None:
    """Try the office's own sites and say what to ask their webmasters."""
    from crawlers.prospects import Looking, looking
    from huiying.official import Finding, try_official

    machine, desk = _desk(folder)
    own = [outlet for outlet in desk.outlets if outlet.official]
    clock = _SystemClock()
    hosts = [host(f"http://{name}") for outlet in own if outlet.test_site for name in outlet.hosts]

    async def each(crawler: Looking) -> list[tuple[Outlet, list[Finding]]]:
        return [(outlet, await try_official(crawler, clock, outlet)) for outlet in own]

    tried = looking(machine.contact, clock, hosts, each) if own else []
    for outlet, findings in tried:
        typer.echo(f"{outlet.id} {outlet.name}")
        for one in findings:
            typer.echo(f"  {text(f'official.{one.code}', language(), address=one.address, detail=one.detail)}")
        if not findings:
            typer.echo(f"  {text('official.well', language())}")
    if not own:
        say("no_official")
    if any(findings for _, findings in tried):
        raise typer.Exit(1)


class _SystemClock:
    """The machine's clock, for commands that open no desk."""

    def now(self) -> datetime:
        from huiying.wiring import system_now

        return system_now()


def _desk(folder: Path) -> tuple[Machine, Desk]:
    from huiying.core.config_files import read_machine, read_texts
    from huiying.core.config_text import read_desk

    return read_machine(folder), read_desk(read_texts(folder))


def _written(folder: Path) -> str:
    return (folder / FILE).read_text(encoding="utf-8")


def _new(known: Sequence[Outlet], url: str, name: str, tier: Tier, unit: str = "", test_site: bool = False) -> Outlet:
    place = host(url)
    if not place:
        raise Refused("source_not_http", source="-", address=url)
    id = id_for(place, [outlet.id for outlet in known])
    made = Outlet(id=id, name=name or place, tier=tier, hosts=(place,), official=bool(unit), unit=unit or None)
    return made.model_copy(update={"test_site": True, "pace": 0}) if test_site else made


def _with(written: str, known: Outlet | None, outlet: Outlet, source: Source) -> str:
    notes = {key: text(f"outlet_note.{key}", language()) for key in ("", "tier", "hosts", "every", "items", "time")}
    if known is None:
        return with_outlet(written, outlet.model_copy(update={"sources": (source,)}), notes)
    try:
        return with_source(written, known.id, source, notes)
    except KeyError as cause:
        raise Refused("outlet_table", outlet=known.id) from cause


def _write(folder: Path, written: str) -> None:
    """Write outlets.toml if it can be read as configuration; what would spoil it is not written."""
    from huiying.core.config_files import read_texts
    from huiying.core.config_text import read_desk

    read_desk(read_texts(folder) | {FILE: written})
    beside = folder / f"{FILE}.new"
    beside.write_text(written, encoding="utf-8")
    beside.replace(folder / FILE)


def _show(found: Prospect, zone: str, now: datetime) -> None:
    """Print the proposal and its newest items; what has no time that can be read comes last."""
    fields = found.source.model_dump(exclude_unset=True)
    typer.echo("\n".join(f"{key}: {value}" for key, value in fields.items()))
    for item, at in _newest(found.items, zone, now)[:SHOWN]:
        shown = at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M") if at else text("cli.no_time", language())
        typer.echo(f"{shown:16}  {item.title or item.address}")


def _newest(items: Sequence[Item], zone: str, now: datetime) -> list[tuple[Item, datetime | None]]:
    from huiying.core.dates import read_date

    read = [(item, read_date(item.date, zone, now) if item.date else None) for item in items]
    dated = sorted(((item, one.at) for item, one in read if one), key=lambda pair: pair[1], reverse=True)
    return [*dated, *((item, None) for item, one in read if one is None)]
