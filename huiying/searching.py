"""`huiying search`: the search page's query in a terminal, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from huiying.core.errors import Refused
from huiying.core.messages import text
from huiying.core.ports import Order
from huiying.terminal import language, opened

if TYPE_CHECKING:
    from alerts.web.searched import Understood
    from alerts.web.services import Services


def search(
    query: Annotated[
        str, typer.Argument(help='What to find, as on the search page: words, "phrases", place: topic: …')
    ],
    folder: Annotated[Path, typer.Option("--desk", help="The desk's folder.", envvar="HUIYING_DESK")] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print what the API answers.")] = False,
    best: Annotated[bool, typer.Option(help="The best first instead of the newest.")] = False,
    after: Annotated[str, typer.Option(help="`next` of the page before.")] = "",
) -> None:
    """Search the desk's posts; a wrong query is marked where it is wrong, with what was probably meant."""
    from alerts.web.searched import Asked, answer, understood
    from alerts.web.visits import desk_of
    from huiying.wiring import services

    asked = Asked(words=query, order=Order.BEST if best else Order.NEWEST, after=after)
    with opened(folder) as runtime:
        made = services(runtime)
        try:
            found = understood(made, desk_of(made), asked)
        except Refused as wrong:
            _mark(query, wrong)
            raise
        if as_json:
            typer.echo(json.dumps(answer(made, found), ensure_ascii=False))
        else:
            _print(made, found)


def _print(services: Services, found: Understood) -> None:
    from alerts.web.visits import desk_of, zone_of
    from alerts.wording import Wording

    wording, desk = Wording(language(), zone_of(services)), desk_of(services)
    page = services.index.search(found.query)
    for post in page.posts:
        outlet = desk.outlet(post.outlet) if desk else None
        typer.echo(f"{wording.moment(post.first_seen)}  {outlet.name if outlet else post.outlet}  {post.title}")
        typer.echo(f"  {post.address}")
    typer.echo(wording.text("search.total", n=page.total))
    if page.next:
        typer.echo(text("cli.search_next", language(), after=page.next))


def _mark(query: str, wrong: Refused) -> None:
    from rich.cells import cell_len

    at, meant = wrong.fields.get("at"), wrong.fields.get("suggestion")
    if isinstance(at, int):
        typer.echo(query, err=True)
        typer.echo(" " * cell_len(query[: at - 1]) + "^", err=True)
    if meant:
        typer.echo(text("cli.search_meant", language(), query=meant), err=True)
