"""`huiying extract` and `huiying tag`: what the pipeline reads in a page or a text, without a desk.

FILE or ADDRESS … ─► read_page ─► a line of JSON each            for who sets up an outlet
lines of {"title", "text", "outlet"} ─► tags ─► a line of JSON each
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from huiying.core.errors import Refused
from huiying.core.places import ancestors

Zone = Annotated[str, typer.Option(help="Zone of a time that names none.")]
Json = Annotated[bool, typer.Option("--json", help="Print a line of JSON each.")]
Contact = Annotated[str, typer.Option(help="Mail address that the requests name; needed for addresses.")]
TestSite = Annotated[bool, typer.Option(hidden=True, help="Fetch from loopback, and from there alone.")]
_ADDRESS = ("http://", "https://")


def extract(
    pages: Annotated[list[str], typer.Argument(help="Article pages: saved files, or http and https addresses.")],
    as_json: Json = False,
    zone: Zone = "Asia/Shanghai",
    contact: Contact = "",
    test_site: TestSite = False,
) -> None:
    """Read title, time and text of article pages, as the pipeline would; an address is fetched once, politely."""
    missed = False
    for page, told in _told(pages, zone, contact, test_site):
        missed = missed or "error" in told
        if as_json:
            typer.echo(json.dumps(told, ensure_ascii=False))
        else:
            typer.echo("\n".join((page, *(f"{name}: {value or '–'}" for name, value in told.items()), "")))
    if missed:
        raise typer.Exit(1)


def _told(pages: Sequence[str], zone: str, contact: str, test_site: bool) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each page with what was read in it, or with the sentence that says why nothing was."""
    from huiying.present import system_now

    addresses = [page for page in pages if page.startswith(_ADDRESS)]
    fetched = _fetched(addresses, zone, contact, test_site) if addresses else {}
    now = system_now()
    for page in pages:
        yield page, fetched[page] if page in fetched else _read(Path(page).read_bytes(), None, zone, now, False)


def _fetched(addresses: Sequence[str], zone: str, contact: str, test_site: bool) -> dict[str, Mapping[str, Any]]:
    """Return what stands at each address. Refused("extract_contact") where nobody says who asks."""
    from crawlers.fetch import Missed, header
    from crawlers.once import fetch_once
    from huiying.core.messages import text
    from huiying.present import system_clock
    from huiying.terminal import language

    if "@" not in contact:
        raise Refused("extract_contact")
    unique = list(dict.fromkeys(addresses))
    told: dict[str, Mapping[str, Any]] = {}
    for address, answer in zip(unique, fetch_once(unique, contact, system_clock(), test_site), strict=True):
        if isinstance(answer, Missed):
            told[address] = {"error": text(f"crawl.{answer.code}", language())}
        elif not 200 <= answer.status < 300:
            code = "forbidden" if answer.status in (401, 403) else "http"
            told[address] = {"error": text(f"crawl.{code}", language(), status=answer.status)}
        else:
            told[address] = _read(answer.body, header(answer, "content-type"), zone, answer.fetched, True)
    return told


def _read(body: bytes, content_type: str | None, zone: str, now: datetime, fetched: bool) -> Mapping[str, Any]:
    from pipeline.received import read_page

    page = read_page(body, content_type, zone, now, fetched)
    dated = page.published
    return {
        "title": page.title,
        "published": dated.at.astimezone(ZoneInfo(zone)).isoformat() if dated else None,
        "precision": str(dated.precision) if dated else None,
        "source": dated.origin if dated else None,
        "text": page.text,
    }


def tag(
    as_json: Json = False,
    why: Annotated[bool, typer.Option("--why", help="Say too which topics' words do not count, and why.")] = False,
) -> None:
    """Tag lines of {"title", "text", "outlet"} from standard input: words, places, topics, fingerprint."""
    if not as_json:
        raise Refused("tag_json")
    for told in tagged(sys.stdin, why):
        typer.echo(json.dumps(told, ensure_ascii=False))


def tagged(lines: Iterable[str], why: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the tags of each line. One that is no object with texts is Refused("tag_line") with its number.

    With `why`, "struck" holds the words that looked like a topic, what says so against them, and the context's id.
    """
    from pipeline.reading import Everywhere
    from pipeline.stories import fingerprints

    tools = Everywhere()
    for number, line in enumerate(lines, 1):
        title, text, outlet = _texts(line, number)
        tags = tools.tag(title, text, outlet)
        yield {
            "words": {"title": tags.title_words, "text": tags.text_words},
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
                    "path": list(tools.path(one.code)),
                    "parents": list(ancestors(one.code)),
                }
                for one in tags.places
            ],
            "primary": tags.primary,
            "ambiguous": [
                {"field": one.field, "start": one.start, "end": one.end, "candidates": list(one.candidates)}
                for one in tags.ambiguous
            ],
            "topics": [
                {
                    "topic": hit.topic,
                    "words": [list(word) for word in hit.words],
                    "parts": list(hit.parts),
                    "counts": [asdict(count) for count in hit.counts],
                }
                for hit in tags.topics
            ],
            "fingerprint": [str(mark) for mark in fingerprints(title, text)],
        } | ({"struck": [asdict(one) for one in tags.struck]} if why else {})


def _texts(line: str, number: int) -> tuple[str, str, str]:
    try:
        said = json.loads(line)
        title, text, outlet = said.get("title", ""), said["text"], said.get("outlet", "")
    except (ValueError, KeyError, TypeError, AttributeError) as cause:
        raise Refused("tag_line", number=number) from cause
    if not all(isinstance(each, str) for each in (title, text, outlet)):
        raise Refused("tag_line", number=number)
    return title, text, outlet
