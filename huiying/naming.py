"""The command `huiying gazetteer`: what the gazetteer is, which places bear a name, and names of the desk's own.

NAME ─► divisions of that name or short form, with codes ─► for places.toml, rules.toml, units.toml
--add NAME --code CODE ─► an entry of places.toml, refused like any other file that check refuses
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from huiying.core.errors import Refused
from huiying.core.model import PlaceLevel
from huiying.core.places import covers
from huiying.terminal import say

if TYPE_CHECKING:
    from huiying.core.config import Desk
    from pipeline.gazetteer import Division

_FILE = "places.toml"
_ARRAY = re.compile(r"(?ms)^places = \[\n.*?^\]")

Name = Annotated[str, typer.Argument(help="A name to look up; without one, what the gazetteer is.")]
Add = Annotated[str, typer.Option(help="A local name for the desk's places.toml: an estate, a market, a reservoir.")]
Code = Annotated[str, typer.Option(help="12-digit code of the division that it lies in or is.")]
Alias = Annotated[list[str] | None, typer.Option(help="Another name of it, an abbreviation; may be repeated.")]
Folder = Annotated[Path, typer.Option("--desk", help="The desk's folder, for --add.", envvar="HUIYING_DESK")]


def gazetteer(
    name: Name = "",
    add: Add = "",
    code: Code = "",
    level: Annotated[PlaceLevel, typer.Option(help="Level of the name that is added.")] = PlaceLevel.VILLAGE,
    alias: Alias = None,
    folder: Folder = Path(),
) -> None:
    """Say what the gazetteer is, look up a name's codes, or add a local name to the desk's places."""
    from pipeline.gazetteer import gazetteer as shipped

    if add:
        add_place(folder, add, code, level, alias or [])
        say("place_added", name=add, file=folder / _FILE)
        return
    if not name:
        about = shipped().about
        levels = dict(zip(map(str, PlaceLevel), about["counts"], strict=True))
        say("gazetteer", **levels, **{key: about[key] for key in ("package", "as_of", "renames", "former")})
        return
    for division in found(name):
        typer.echo(f"{division.code}  {division.level:<8}  {' '.join(shipped().path(division.code))}")


def found(name: str) -> Iterator[Division]:
    """Yield the divisions that bear a name in full or short, or bore it; Refused where there is none."""
    from pipeline.aliases import short_forms
    from pipeline.gazetteer import gazetteer as shipped

    held = shipped()
    villages = (village for county in held.counties() for village in held.villages(county))
    bearing = [one for one in held.divisions if name == one.name or name in short_forms(one.name, one.level)]
    bearing += [one for one in (*held.former, *villages) if name == one.name]
    if not bearing:
        raise Refused("place_unknown", name=name)
    yield from bearing


def add_place(folder: Path, name: str, code: str, level: PlaceLevel, aliases: Sequence[str]) -> None:
    """Append a place to the folder's places.toml. What check would refuse is Refused and nothing is written."""
    from huiying.check import errors
    from huiying.core.config_files import read_texts
    from huiying.core.config_text import read_desk
    from pipeline.gazetteer import gazetteer as shipped

    texts = read_texts(folder)
    desk = read_desk(texts)
    taken = _names(desk)
    if known := [each for each in (name, *aliases) if each in taken]:
        raise Refused("place_known", name=known[0])
    if not (re.fullmatch("[0-9]{12}", code) and (covers(desk.area.code, code) or shipped().name(code))):
        raise Refused("place_nowhere", name=name, code=code, area=desk.area.code)
    entry = {"code": code, "name": name, "level": str(level), "aliases": list(aliases)}
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in entry.items()]
    written = _appended(texts[_FILE], lines)
    wrong = errors(read_desk(texts | {_FILE: written}))
    before = {str(error) for error in errors(desk)}
    for error in wrong:
        if str(error) not in before:
            raise error
    (folder / _FILE).write_text(written, encoding="utf-8")


def _appended(written: str, lines: Sequence[str]) -> str:
    """Return the file with one more place, in whichever form its places are written."""
    if array := _ARRAY.search(written):
        return f"{written[: array.end() - 1]}  {{ {', '.join(lines)} }},\n{written[array.end() - 1 :]}"
    return "\n".join([written.rstrip("\n"), "", "[[places]]", *lines, ""])


def _names(desk: Desk) -> set[str]:
    return {desk.area.name} | {each for place in desk.area.places for each in (place.name, *place.aliases)}
