"""Search results as a file for a spreadsheet: title, address, outlet, instants, places, topics, and nothing else.

A spreadsheet takes what begins with = + - @ for a formula: such a cell gets an apostrophe before it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from itertools import islice
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends
from fastapi.responses import Response

from alerts.web.guard import Posted
from alerts.web.places import known_places, place_name
from alerts.web.search import EXPORTED, topic_names
from alerts.web.searched import Asked, understood
from alerts.web.services import Services
from alerts.web.visits import ServicesOf, Signed, Visit, desk_of
from huiying.core.model import Post
from huiying.core.ports import Query

router = APIRouter(include_in_schema=False)
logger = structlog.get_logger("huiying.desk")
COLUMNS = ("title", "address", "outlet", "published", "seen", "places", "topics")
_PAGE = 200
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def asked_of(fields: Posted) -> Asked:
    """Return the search that the form repeats."""
    return Asked.model_validate({name: fields[name] for name in Asked.model_fields if fields.get(name)})


@router.post("/search/export")
def export(services: ServicesOf, visit: Signed, asked: Annotated[Asked, Depends(asked_of)]) -> Response:
    """Return the newest 2,000 results as CSV, and log who took what."""
    query = replace(understood(services, desk_of(services), asked).query, limit=_PAGE)
    posts = list(islice(_posts(services, query), EXPORTED))
    logger.info("search_exported", by=visit.account.pseudonym, rows=len(posts), asked=asked.text())
    headers = {"Content-Disposition": f'attachment; filename="{services.machine.desk}-search.csv"'}
    # The mark before the text tells spreadsheets that it is UTF-8.
    return Response("\ufeff" + table(services, visit, posts), media_type="text/csv; charset=utf-8", headers=headers)


def _posts(services: Services, query: Query) -> Iterator[Post]:
    after: str | None = query.after
    while True:
        page = services.index.search(replace(query, after=after))
        yield from page.posts
        if page.next is None:
            return
        after = page.next


def table(services: Services, visit: Visit, posts: list[Post]) -> str:
    """Return `posts` as CSV with a line of names; instants in the office's zone with its distance from UTC."""
    desk, wording = desk_of(services), visit.wording
    names, topics = known_places(services, desk, posts), topic_names(desk, wording.language)
    written = StringIO()
    rows = csv.writer(written)
    rows.writerow([wording.text(f"export.{column}") for column in COLUMNS])
    for post in posts:
        outlet = desk.outlet(post.outlet) if desk else None
        day_only = post.published and post.published.precision == "day"
        published = post.published.at.astimezone(wording.zone) if post.published else None
        cells = (
            post.title,
            post.address,
            outlet.name if outlet else post.outlet,
            "" if published is None else f"{published:%Y-%m-%d}" if day_only else published.isoformat("T", "seconds"),
            post.first_seen.astimezone(wording.zone).isoformat("T", "seconds"),
            "、".join(dict.fromkeys(place_name(services, names, tag.code) for tag in post.places)),
            "、".join(topics.get(hit.topic, hit.topic) for hit in post.topics),
        )
        rows.writerow([plain(cell) for cell in cells])
    return written.getvalue()


def plain(cell: str) -> str:
    """Return `cell` so that no spreadsheet reckons with it."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
