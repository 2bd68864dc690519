"""Articles to the bytes that an invented outlet sends: pages and feeds in its own mark-up, dates and encoding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

from jinja2 import Environment, PackageLoader

from huiying.example.posts import ZONE, Response
from huiying.example.press import OFFICIAL, Published


@dataclass(frozen=True, slots=True)
class Site:
    """One outlet's site: loopback host, paths, and how it writes. `article` holds "{id}", `charset` is as declared.

    `feed_form` names the feed's template, `feed_date` and `page_date` how dates are written (strftime; "" as RFC 822),
    `crawl_delay` is the seconds that its robots.txt asks for.
    """

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
    feed_form: str = "feed.xml"
    feed_type: str = "application/rss+xml; charset=utf-8"
    feed_date: str = ""
    page_date: str = "%Y-%m-%d %H:%M"
    crawl_delay: int = 0


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
        feed_date="%Y-%m-%d %H:%M:%S",
        page_date="%Y年%m月%d日 %H:%M",
    ),
    Site(
        outlet="yunze-daily",
        host="127.0.0.6",
        name="云泽日报",
        template="paper.html",
        listing="/",
        feed="/feed.json",
        article="/yzrb/{id}.html",
        feed_form="feed.json",
        feed_type="application/feed+json; charset=utf-8",
        feed_date="%Y-%m-%dT%H:%M:%S+08:00",
        page_date="%Y年%-m月%-d日 %H时%M分",
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
    Site(
        outlet="yunze-shuiwu",
        host="127.0.0.7",
        name="云泽县水务局",
        template="gov.html",
        listing="/",
        feed="/atom.xml",
        article="/gzdt/{id}.html",
        feed_form="atom.xml",
        feed_type="application/atom+xml; charset=utf-8",
        feed_date="%Y-%m-%dT%H:%M:%S+08:00",
        page_date="发布日期：%Y/%m/%d %H:%M",
    ),
    Site(
        outlet="yunze-jiaotong",
        host="127.0.0.8",
        name="云泽县交通运输局",
        template="gov.html",
        listing="/",
        feed="/rss.xml",
        article="/jtdt/{id}.html",
        feed_date="%Y年%m月%d日 %H:%M",
        page_date="发布时间：%Y年%m月%d日 %H:%M:%S",
    ),
    Site(
        outlet="yunze-fengdu",
        host="127.0.0.9",
        name="云泽县枫渡镇人民政府",
        template="gov.html",
        listing="/",
        feed="/rss.xml",
        article="/zwdt/{id}.html",
        feed_date="%Y/%m/%d %H:%M",
        page_date="[ %Y-%m-%d %H:%M:%S ]",
        crawl_delay=1,
    ),
)


def _written(at: datetime, form: str) -> str:
    """Return an instant as the site writes it, in the office's time."""
    local = at.astimezone(ZONE)
    return local.strftime(form) if form else format_datetime(local)


_templates = Environment(loader=PackageLoader("huiying.example"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
_templates.filters["written"] = _written


def article_page(site: Site, article: Published, port: int) -> bytes:
    """Return the article's page in the site's own encoding."""
    return _render(site.template, site, port, article=article)


@lru_cache(maxsize=2 * len(SITES))
def listing_page(site: Site, articles: tuple[Published, ...], port: int) -> bytes:
    """Return the site's front page, or list page, in its own encoding."""
    return _render(site.template, site, port, articles=articles)


@lru_cache(maxsize=2 * len(SITES))
def feed(site: Site, articles: tuple[Published, ...], port: int) -> bytes:
    """Return the site's feed, in its own form and encoding."""
    return _render(site.feed_form, site, port, articles=articles)


def editor_page(
    site: Site, drafts: Sequence[Response], replies: Sequence[Published], port: int, done: Published | None, wrong: str
) -> bytes:
    """Return the editors' page of all official sites; `done` is the article just published, `wrong` what is missing."""
    sites = {one.outlet: one for one in SITES}

    def where(article: Published) -> str:
        """Return the article's whole address."""
        return root(sites[article.outlet], port) + sites[article.outlet].article.format(id=article.id)

    names = {outlet: one.name for outlet, one in sites.items()}
    return _render(
        "publish.html", site, port, drafts=drafts, replies=replies, done=done, wrong=wrong, where=where, names=names
    )


def robots(site: Site, hurried: bool) -> str:
    """Return the site's robots.txt; one who is `hurried`, by a clock that leaps, is asked for no delay."""
    lines = ["User-agent: *", "Disallow: /print/"]
    lines += ["Disallow: /publish"] if site.outlet == OFFICIAL else []
    lines += [f"Crawl-delay: {site.crawl_delay}"] if site.crawl_delay and not hurried else []
    return "\n".join(lines) + "\n"


def root(site: Site, port: int) -> str:
    """Return the address of `site` without a path."""
    return f"http://{site.host}:{port}"


def _render(template: str, site: Site, port: int, **values: object) -> bytes:
    text = _templates.get_template(template).render(site=site, root=root(site, port), **values)
    return text.encode(site.encoding, "xmlcharrefreplace")
