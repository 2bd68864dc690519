"""The commands over a desk's topics: `huiying topics …`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from huiying.core.messages import text
from huiying.terminal import language, opened, progress, say

if TYPE_CHECKING:
    from huiying.core.config import Desk
    from huiying.retagging import Change

topics = typer.Typer(no_args_is_help=True, help="Topics of a desk.")


@topics.callback()
def _group() -> None:
    """Topics of a desk."""


@topics.command("try")
def topics_try(
    file: Annotated[Path, typer.Argument(help="A changed topics.toml.")],
    folder: Annotated[Path, typer.Option("--desk", envvar="HUIYING_DESK")] = Path(),
    days: Annotated[int, typer.Option(min=1, max=400, help="How many days back to look.")] = 30,
) -> None:
    """Show what a changed list of topics would have tagged otherwise in the last days; nothing is recorded."""
    from huiying.retagging import try_topics

    with opened(folder) as runtime, progress("trying_topics"):
        tried = try_topics(runtime, file, days)
    for change in tried.changes:
        typer.echo(line(change, tried.desk, language()))
    added = sum(change.added for change in tried.changes)
    say("topics_tried", posts=tried.posts, days=days, added=added, removed=len(tried.changes) - added)


def line(change: Change, desk: Desk, spoken: str) -> str:
    """Return one change as a line: sign, topic, title, outlet, date in the desk's zone, words, why no more."""
    topic = next((one for one in desk.topics if one.id == change.topic), None)
    outlet = desk.outlet(change.post.outlet)
    words = "、".join(dict.fromkeys(word for word, *_ in change.words))
    said = text(
        "cli.topic_change",
        spoken,
        sign="+" if change.added else "−",
        topic=change.topic if topic is None else topic.name if spoken == "zh" else topic.name_en,
        title=change.post.title,
        outlet=outlet.name if outlet else change.post.outlet,
        date=f"{change.post.first_seen.astimezone(ZoneInfo(desk.calendar.zone)):%Y-%m-%d}",
        words=words,
    )
    if not change.by:
        return said
    return said + text("cli.topic_struck", spoken, by=change.by, reason=_named(change, desk, spoken))


def _named(change: Change, desk: Desk, spoken: str) -> str:
    context = next((one for one in desk.contexts if one.id == change.reason), None)
    if context is None:
        return text(f"cli.struck_{change.reason}", spoken)
    return context.name if spoken == "zh" else context.name_en
