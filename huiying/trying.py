"""`huiying extract` and `huiying tag`: what the pipeline reads in a page or a text, without a desk.

FILE … ─► read_page ─► a line of JSON each                       for who sets up an outlet
lines of {"title", "text", "outlet"} ─► tags ─► a line of JSON each
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from huiying.core.errors import Refused

Zone = Annotated[str, typer.Option(help="Zone of a time that names none.")]
Json = Annotated[bool, typer.Option("--json", help="Print a line of JSON each.")]


def extract(
    files: Annotated[list[Path], typer.Argument(help="Article pages as they were saved.")],
    as_json: Json = False,
    zone: Zone = "Asia/Shanghai",
) -> None:
    """Read title, time and text of saved article pages, as the pipeline would."""
    from huiying.present import system_now
    from pipeline.received import read_page

    now, local = system_now(), ZoneInfo(zone)
    for file in files:
        page = read_page(file.read_bytes(), None, zone, now, fetched=False)
        dated = page.published
        told = {
            "title": page.title,
            "published": dated.at.astimezone(local).isoformat() if dated else None,
            "precision": str(dated.precision) if dated else None,
            "source": dated.origin if dated else None,
            "text": page.text,
        }
        if as_json:
            typer.echo(json.dumps(told, ensure_ascii=False))
        else:
            typer.echo("\n".join((f"{file}", *(f"{name}: {value or '–'}" for name, value in told.items()), "")))


def tag(as_json: Json = False) -> None:
    """Tag lines of {"title", "text", "outlet"} from standard input: words, places, topics, fingerprint."""
    if not as_json:
        raise Refused("tag_json")
    for told in tagged(sys.stdin):
        typer.echo(json.dumps(told, ensure_ascii=False))


def tagged(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the tags of each line. One that is no object with texts is Refused("tag_line") with its number."""
    from pipeline.reading import Everywhere
    from pipeline.stories import fingerprints

    tools = Everywhere()
    for number, line in enumerate(lines, 1):
        title, text = _texts(line, number)
        tags = tools.tag(title, text)
        yield {
            "words": {"title": tools.words(title), "text": tools.words(text)},
            "places": [
                {
                    "code": one.code,
                    "name": one.name,
                    "level": str(one.level),
                    "field": one.field,
                    "start": one.start,
                    "end": one.end,
                    "confidence": one.confidence,
                    "why": one.why,
                }
                for one in tags.places
            ],
            "primary": tags.primary,
            "topics": [{"topic": hit.topic, "words": [list(word) for word in hit.words]} for hit in tags.topics],
            "fingerprint": [str(mark) for mark in fingerprints(title, text)],
        }


def _texts(line: str, number: int) -> tuple[str, str]:
    try:
        said = json.loads(line)
        title, text = said.get("title", ""), said["text"]
    except (ValueError, KeyError, TypeError, AttributeError) as cause:
        raise Refused("tag_line", number=number) from cause
    if not (isinstance(title, str) and isinstance(text, str)):
        raise Refused("tag_line", number=number)
    return title, text
