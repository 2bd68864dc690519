"""The invented outlets' sites on 127.0.0.2 to 127.0.0.9: one process, no network, a new post every few seconds.

Host ─► Router of that site ─► robots.txt · list · feed · article · its print version · (the county's only) /publish
                                  ▲
press ◄─ every 8 s ─ publish_next()
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Host, Route, Router

from huiying.core.errors import HuiyingError
from huiying.example.pages import SITES, Site, article_page, editor_page, feed, listing_page, robots, root
from huiying.example.posts import Response as Draft
from huiying.example.posts import ordinary, paragraphs, responses, written
from huiying.example.press import OFFICIAL, Press, Published

FIRST_AFTER = 4.0  # seconds: time to have the page open when the first alert arrives
EVERY = 8.0
NEWEST = 30  # articles on a front page and in a feed
MOST_TITLE, MOST_TEXT = 200, 20_000

logger = structlog.get_logger("huiying.example")
Now = Callable[[], datetime]


def addresses(port: int) -> dict[str, str]:
    """Return each outlet's front page by outlet id, and under "publish" the official site's editors' page."""
    pages = {site.outlet: root(site, port) + site.listing for site in SITES}
    return pages | {"publish": f"{root(_official(), port)}/publish"}


def build(press: Press, now: Now, hurried: bool = False) -> Starlette:
    """Return the application that answers for all sites by the request's host; `hurried` as in `pages.robots`."""
    return Starlette(routes=[Host(site.host, app=_router(site, press, now, hurried)) for site in SITES])


async def serve(
    port: int, stopping: Callable[[], bool], now: Now, folder: Path | None = None, every: float = EVERY
) -> None:
    """Serve the sites on `port` until `stopping()`; publish one post every `every` seconds.

    With `folder` what was published is kept there in `site.json`, and a later start goes on from it. A port in use is a
    HuiyingError("port_in_use").
    """
    sockets = bound(port)
    press = Press((*ordinary(), *written()), now(), folder / "site.json" if folder else None)
    config = uvicorn.Config(
        build(press, now), log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1
    )
    server = Server(config)
    logger.info("site_serving", port=port, outlets=len(SITES))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve(sockets))
        tasks.create_task(_publish(server, press, stopping, now, every))


class Server(uvicorn.Server):
    """uvicorn that leaves the signals to the program around it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle no signal."""
        yield


async def _publish(server: uvicorn.Server, press: Press, stopping: Callable[[], bool], now: Now, every: float) -> None:
    """Publish post after post; tell the server when it is time to end."""
    elapsed, due, waiting = asyncio.get_running_loop().time, min(FIRST_AFTER, every), True
    begun = elapsed()
    while not stopping() and not server.should_exit:
        if waiting and elapsed() - begun >= due:
            article = press.publish_next(now())
            waiting, due = article is not None, due + every
            logger.info("post_published", outlet=article.outlet, post=article.id) if article else _all_out()
        await asyncio.sleep(0.1)
    server.should_exit = True


def _all_out() -> None:
    logger.info("all_posts_published", posts=len(written()))


def bound(port: int) -> list[socket.socket]:
    """Return listening sockets of all sites. A port in use is a HuiyingError("port_in_use")."""
    sockets: list[socket.socket] = []
    try:
        for site in SITES:
            sockets.append(socket.create_server((site.host, port), backlog=128))
            # asyncio sets it only on sockets that name their protocol; without it each answer waits 40 ms for an ACK.
            sockets[-1].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as cause:
        for one in sockets:
            one.close()
        if cause.errno == errno.EADDRINUSE:
            raise HuiyingError("port_in_use", host="127.0.0.2–9", port=port) from cause
        raise
    return sockets


def _official() -> Site:
    return next(site for site in SITES if site.outlet == OFFICIAL)


def _router(site: Site, press: Press, now: Now, hurried: bool) -> Router:
    def _listing(request: Request) -> Response:
        articles = tuple(press.articles(site.outlet)[:NEWEST])
        return _conditional(request, listing_page(site, articles, _port(request)), site.content_type, articles[:1])

    def _feeding(request: Request) -> Response:
        articles = tuple(press.articles(site.outlet)[:NEWEST])
        return _conditional(request, feed(site, articles, _port(request)), site.feed_type, articles[:1])

    def _article(request: Request) -> Response:
        found = press.article(site.outlet, request.path_params["id"])
        if found is None:
            return PlainTextResponse("404 页面不存在", 404)
        return _conditional(request, article_page(site, found, _port(request)), site.content_type, [found])

    routes = [
        Route("/robots.txt", lambda request: PlainTextResponse(robots(site, hurried))),
        *(Route(path.replace("{id}", "{id:int}"), _article) for path in (site.article, "/print/{id}.html")),
        *(Route(path, _listing) for path in {"/", site.listing}),
        *([Route(site.feed, _feeding)] if site.feed else []),
        *(_editor(site, press, now) if site.outlet == OFFICIAL else []),
    ]
    return Router(routes)


def _port(request: Request) -> int:
    return request.url.port or 80


def _conditional(request: Request, body: bytes, content_type: str, newest: Sequence[Published]) -> Response:
    """Answer with ETag and Last-Modified, or 304 where the reader has these bytes (RFC 9110, section 13.2.2)."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    headers = {"ETag": tag, "Content-Type": content_type}
    if newest:
        headers["Last-Modified"] = format_datetime(newest[0].at.astimezone(UTC).replace(microsecond=0), usegmt=True)
    asked = request.headers.get("if-none-match")
    same = tag in asked if asked is not None else _not_since(request, newest)
    return Response(None, 304, headers) if same else Response(body, 200, headers)


def _not_since(request: Request, newest: Sequence[Published]) -> bool:
    since = request.headers.get("if-modified-since")
    if since is None or not newest:
        return False
    try:
        return newest[0].at.replace(microsecond=0) <= parsedate_to_datetime(since).astimezone(UTC)
    except ValueError:
        return False


def _editor(site: Site, press: Press, now: Now) -> list[Route]:
    """Return the routes of the editors' page, on which a visitor plays the unit that publishes a reply."""

    def _page(request: Request, wrong: str = "") -> Response:
        done = request.query_params.get("done", "")
        replies = press.replies()
        shown = next((one for one in replies if str(one.id) == done), None)
        drafts = press.open_responses(responses())
        body = editor_page(site, drafts, replies, _port(request), shown, wrong)
        return Response(body, 422 if wrong else 200, {"Content-Type": site.content_type})

    async def _publish_form(request: Request) -> Response:
        # A page elsewhere in the visitor's browser must not publish here: RFC 6454, section 7.
        if request.headers.get("origin", root(site, _port(request))) != root(site, _port(request)):
            return PlainTextResponse("403 只接受本页提交", 403)
        form = await request.form()
        draft = _chosen(str(form.get("draft", "")))
        title = draft.title if draft else str(form.get("title", "")).strip()
        text = draft.text if draft else paragraphs(str(form.get("text", "")))
        if not title or not text or len(title) > MOST_TITLE or sum(map(len, text)) > MOST_TEXT:
            return _page(request, "标题和正文都要填写；标题不超过 200 字，正文不超过 20000 字。")
        article = press.publish(draft.outlet if draft else OFFICIAL, title, text, now())
        logger.info("reply_published", post=article.id)
        return RedirectResponse(f"/publish?done={article.id}", 303)

    return [Route("/publish", _page), Route("/publish", _publish_form, methods=["POST"])]


def _chosen(named: str) -> Draft | None:
    """Return the response named "post/kind", None where there is no such one."""
    return next((one for one in responses() if f"{one.post}/{one.kind}" == named), None)
