"""Articles to the bytes that an invented outlet sends: pages and feeds in its own mark-up, dates and encoding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader

from huiying.example.posts import Response
from huiying.example.press import Published

ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Site:
    """One outlet's site: loopback host, paths, and how it writes. `article` holds "{id}", `charset` is as declared."""

    outlet: str
    host: str
    name: str
    template: str
    listing: str
    feed: str | None
    article: str
    encoding: str = "utf-8"
    charset: str = "utf-8"
    content_type: str = "text/html; charset=utf-8"
    feed_type: str = "application/rss+xml; charset=utf-8"
    feed_date: str = "rfc822"


SITES = (
    Site(
        outlet="yunze-news",
        host="127.0.0.2",
        name="云泽新闻网",
        template="news.html",
        listing="/",
        feed="/rss/news.xml",
        article="/news/content_{id}.html",
    ),
    Site(
        outlet="yunze-tv",
        host="127.0.0.3",
        name="云泽县广播电视台",
        template="tv.html",
        listing="/xwzx/index.shtml",
        feed=None,
        article="/xwzx/{id}.shtml",
    ),
    # Declared gb2312 in the page only, as older sites of newspapers do: the header says nothing.
    Site(
        outlet="anzhu-daily",
        host="127.0.0.4",
        name="安渚日报",
        template="daily.html",
        listing="/",
        feed="/rss/yaowen.xml",
        article="/html/yaowen/{id}.htm",
        encoding="gbk",
        charset="gb2312",
        content_type="text/html",
        feed_type="text/xml",
        feed_date="plain",
    ),
    Site(
        outlet="yunze-gov",
        host="127.0.0.5",
        name="云泽县人民政府",
        template="gov.html",
        listing="/",
        feed="/rss/tzgg.xml",
        article="/zwgk/tzgg/{id}.html",
    ),
)


def _minute(at: datetime) -> str:
    return at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")


def _feed_date(at: datetime, form: str) -> str:
    local = at.astimezone(ZONE)
    return format_datetime(local) if form == "rfc822" else local.strftime("%Y-%m-%d %H:%M:%S")


_templates = Environment(loader=PackageLoader("huiying.example"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
_templates.filters["minute"] = _minute
_templates.filters["feed_date"] = _feed_date


def article_page(site: Site, article: Published, port: int) -> bytes:
    """Return the article's page in the site's own encoding."""
    return _render(site.template, site, port, article=article)


def listing_page(site: Site, articles: Sequence[Published], port: int) -> bytes:
    """Return the site's front page, or list page, in its own encoding."""
    return _render(site.template, site, port, articles=articles)


def feed(site: Site, articles: Sequence[Published], port: int) -> bytes:
    """Return the site's feed, RSS 2.0, in its own encoding."""
    return _render("feed.xml", site, port, articles=articles)


def editor_page(
    site: Site, drafts: Sequence[Response], replies: Sequence[Published], port: int, done: int | None, wrong: str
) -> bytes:
    """Return the editors' page of the official site; `done` is the article just published, `wrong` what is missing."""
    return _render("publish.html", site, port, drafts=drafts, replies=replies, done=done, wrong=wrong)


def root(site: Site, port: int) -> str:
    """Return the address of `site` without a path."""
    return f"http://{site.host}:{port}"


def _render(template: str, site: Site, port: int, **values: object) -> bytes:
    text = _templates.get_template(template).render(site=site, root=root(site, port), **values)
    return text.encode(site.encoding, "xmlcharrefreplace")
