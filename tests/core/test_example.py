"""The demonstration keeps its promises: its desk is valid, its posts are tagged as meant, its sites answer."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from pathlib import Path

import httpx
import pytest
from httpx import ASGITransport

from alerts.rules import Match, matches
from crawlers.feeds import read_feed
from crawlers.items import Unreadable
from crawlers.robots import read_rules
from huiying.core import places
from huiying.core.config import Desk, Outlet
from huiying.core.config_files import read_machine, read_texts
from huiying.core.config_text import read_desk
from huiying.core.dates import read_date
from huiying.core.errors import HuiyingError
from huiying.core.model import Post, Role
from huiying.example.make import ACCOUNTS, desk_texts, make_desk
from huiying.example.pages import SITES, Site, article_page, robots
from huiying.example.posts import ZONE, Response, Written, ordinary, responses, written
from huiying.example.press import OFFICIAL, Press
from huiying.example.site import FIRST_AFTER, addresses, build, serve
from pipeline.gazetteer import gazetteer
from pipeline.reading import Tagger, namer, read_page

BEGUN = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
PORT = 8790


@cache
def desk() -> Desk:
    return read_desk({name: text for name, text in desk_texts(PORT).items() if name != "huiying.toml"})


@cache
def answers() -> Tagger:
    return namer(desk())


@cache
def tagger() -> Tagger:
    return Tagger(desk())


def ready(title: str, text: tuple[str, ...], outlet: Outlet) -> Post:
    """Return the post as the pipeline would tag it."""
    tags = tagger().tag(title, "\n".join(text), outlet.home)
    return Post(
        desk="yunze",
        id="0" * 32,
        version=1,
        outlet=outlet.id,
        source=f"{outlet.id}/1",
        tier=outlet.tier,
        official=outlet.official,
        address="http://127.0.0.2/",
        title=title,
        text="\n".join(text),
        published=None,
        first_seen=BEGUN,
        fetched=BEGUN,
        month="2026-11",
        story="0" * 32,
        title_words="",
        text_words="",
        places=tags.places,
        primary_place=tags.primary,
        topics=tags.topics,
        backlog=False,
    )


def matched(post: Written) -> list[Match]:
    """Return what each rule of the desk finds in `post`, were it published by an outlet that may open alerts."""
    outlet = desk().outlet(post.outlet)
    assert outlet is not None
    outlet = outlet.model_copy(update={"official": False})
    found = (matches(rule, ready(post.title, post.text, outlet), outlet) for rule in desk().rules)
    return [match for match in found if isinstance(match, Match)]


# ── the desk's folder ───────────────────────────────────────────────────────


def test_the_folder_that_is_made_is_a_valid_desk(tmp_path: Path) -> None:
    make_desk(tmp_path, PORT)
    made = read_desk(read_texts(tmp_path))
    assert read_machine(tmp_path).desk == "yunze"
    assert {host for outlet in made.outlets for host in outlet.hosts} == {site.host for site in SITES}
    assert all(outlet.test_site and outlet.pace == 0 for outlet in made.outlets)
    assert {f":{PORT}/" in source.address for outlet in made.outlets for source in outlet.sources} == {True}


def test_a_file_that_exists_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text("# mine", encoding="utf-8")
    make_desk(tmp_path, PORT)
    assert (tmp_path / "rules.toml").read_text(encoding="utf-8") == "# mine"


def alerted() -> set[str]:
    """Return the topics that the desk has rules for; it is given all that are shipped."""
    return {topic for rule in desk().rules for topic in rule.topics}


def test_every_topic_of_a_rule_has_a_unit() -> None:
    assert {topic for unit in desk().units for topic in unit.topics} == alerted()
    assert len(alerted()) >= 12


def test_every_place_is_invented_and_stands_once() -> None:
    named = desk().area.places
    assert all(place.code.startswith("99") and places.level_of(place.code) is place.level for place in named)
    assert len({place.code for place in named}) == len({place.name for place in named}) == len(named)
    towns = [place for place in named if place.level == "township"]
    assert len(towns) == 14
    assert len([place for place in named if place.level == "village"]) == 160
    divisions = gazetteer().divisions
    assert {place.name for place in named} & {division.name for division in divisions} == set()


def test_every_role_that_answers_has_an_account() -> None:
    roles = {account.role for account in ACCOUNTS}
    assert roles == {Role.DUTY, Role.UNIT, Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR}
    assert all(account.unit is None or desk().unit(account.unit) for account in ACCOUNTS)


# ── the posts ───────────────────────────────────────────────────────────────


def test_every_post_belongs_to_an_outlet_and_stands_or_has_its_turn() -> None:
    outlets = {outlet.id: outlet for outlet in desk().outlets}
    assert [post.id for post in written() if post.outlet not in outlets] == []
    assert [post.id for post in written() if (post.hours is None) == (post.turn is None)] == []
    assert [post.id for post in written() if post.topic and outlets[post.outlet].official] == []
    assert sum(post.hours is not None for post in written()) >= 30
    assert max(post.hours or 0 for post in written()) <= 48


def test_every_topic_has_a_problem_in_the_county() -> None:
    codes = {place.code for place in desk().area.places}
    problems = [post for post in written() if post.topic]
    assert {post.topic for post in problems} == alerted()
    assert [post.id for post in problems if post.place not in codes] == []


def test_the_first_post_published_is_a_problem_within_ten_seconds() -> None:
    first = min((post for post in written() if post.turn), key=lambda post: post.turn or 0)
    assert first.topic
    assert FIRST_AFTER <= 10


def test_every_problem_has_a_reply_and_an_outcome_ready() -> None:
    first_reports = {post.id for post in written() if post.topic and not post.reprint and not post.follows}
    assert {(one.post, one.kind) for one in responses()} == {
        (post, kind) for post in first_reports for kind in ("reply", "outcome")
    }


@pytest.mark.parametrize("one", responses(), ids=lambda one: f"{one.post}-{one.kind}")
def test_every_response_names_topic_and_place_of_each_alert_on_its_problem(one: Response) -> None:
    tags = answers().tag(one.title, "\n".join(one.text), None)
    topics, named = {hit.topic for hit in tags.topics}, {tag.code for tag in tags.places}
    for post in written():
        if one.post in (post.id, post.reprint, post.follows):
            match = next(match for match in matched(post) if post.topic in match.topics)
            assert post.topic in topics
            assert match.place.code in named


# ── what stands published ───────────────────────────────────────────────────


def test_posts_come_in_their_order_and_then_stop() -> None:
    press = Press(written(), BEGUN)
    published = []
    while article := press.publish_next(BEGUN + timedelta(seconds=8 * len(published))):
        published.append(article.id)
    in_turn = sorted((post for post in written() if post.turn), key=lambda post: post.turn or 0)
    assert published == [post.id for post in in_turn]
    assert press.publish_next(BEGUN) is None


def test_a_stopped_press_goes_on_where_it_was(tmp_path: Path) -> None:
    before = Press(written(), BEGUN, tmp_path / "site.json")
    before.publish_next(BEGUN)
    before.publish("yunze-shuiwu", "关于停水的回应", ("已修复。",), BEGUN)
    after = Press(written(), BEGUN + timedelta(days=1), tmp_path / "site.json")
    for site in SITES:
        assert after.articles(site.outlet) == before.articles(site.outlet)
    following = after.publish_next(BEGUN + timedelta(days=1))
    assert following is not None
    assert following.id == next(post.id for post in written() if post.turn == 2)


def test_a_response_is_offered_once_its_problem_is_reported_and_until_it_is_published() -> None:
    press = Press(written(), BEGUN)
    assert 10001 not in {one.post for one in press.open_responses(responses())}
    press.publish_next(BEGUN)
    reply = next(one for one in press.open_responses(responses()) if (one.post, one.kind) == (10001, "reply"))
    press.publish(reply.outlet, reply.title, reply.text, BEGUN)
    left = [one.kind for one in press.open_responses(responses()) if one.post == 10001]
    assert left == ["outcome"]


# ── the sites ───────────────────────────────────────────────────────────────


def visit(ask: Callable[[httpx.AsyncClient], Awaitable[httpx.Response]], press: Press | None = None) -> httpx.Response:
    """Return what the sites answer to `ask`, without a socket."""
    app = build(press or Press(written(), BEGUN), lambda: BEGUN)

    async def _ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=ASGITransport(app)) as client:
            return await ask(client)

    return asyncio.run(_ask())


def address(outlet: str, path: str = "/") -> str:
    return f"http://{next(site.host for site in SITES if site.outlet == outlet)}:{PORT}{path}"


@pytest.mark.parametrize("site", [site for site in SITES if site.feed], ids=lambda site: site.outlet)
def test_a_feed_lists_each_standing_post_with_its_page(site: Site) -> None:
    press = Press(written(), BEGUN)
    answer = visit(lambda client: client.get(address(site.outlet, site.feed)), press)
    items = read_feed(answer.content, answer.headers["content-type"], address(site.outlet, site.feed))
    assert not isinstance(items, Unreadable)
    standing = press.articles(site.outlet)
    assert standing == sorted(standing, key=lambda article: article.at, reverse=True)
    assert [item.title for item in items] == [article.title for article in standing]
    for item, article in zip(items, standing, strict=True):
        dated = read_date(item.date or "", "Asia/Shanghai", BEGUN)
        assert dated is not None
        assert dated.at.replace(second=0, microsecond=0) == article.at.replace(second=0, microsecond=0)
        page = visit(lambda client, link=item.address: client.get(link), press)
        assert article.text[0] in page.content.decode(site.encoding)


def test_the_sites_write_feeds_of_three_kinds_a_list_and_dates_of_many_forms() -> None:
    assert {site.feed_form for site in SITES if site.feed} == {"feed.xml", "atom.xml", "feed.json"}
    assert len([site for site in SITES if site.feed is None]) == 1
    assert len({site.page_date for site in SITES}) >= 5
    assert len({site.feed_date for site in SITES if site.feed_form == "feed.xml"}) >= 4
    assert len(SITES) == len(desk().outlets) == 8
    assert len([outlet for outlet in desk().outlets if outlet.official]) == 4


def test_the_selectors_of_the_list_page_find_each_standing_post() -> None:
    from scrapy.selector import Selector

    press = Press(written(), BEGUN)
    outlet = desk().outlet("yunze-tv")
    assert outlet is not None
    source = outlet.sources[0]
    answer = visit(lambda client: client.get(source.address), press)
    items = Selector(text=answer.text).css(source.items or "")
    assert [item.css(source.title or "").attrib["title"] for item in items] == [
        article.title for article in press.articles("yunze-tv")
    ]
    dates = [item.css(f"{source.time}::text").get() for item in items]
    assert dates[0] == press.articles("yunze-tv")[0].at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")


def test_every_page_of_the_gbk_outlet_is_gbk_and_says_gb2312() -> None:
    press = Press(written(), BEGUN)
    while press.publish_next(BEGUN):
        pass
    for article in press.articles("anzhu-daily"):
        page = address("anzhu-daily", f"/html/yaowen/{article.id}.htm")
        answer = visit(lambda client, page=page: client.get(page), press)
        assert b"charset=gb2312" in answer.content
        assert "charset" not in answer.headers["content-type"]
        assert article.title in answer.content.decode("gbk")
        with pytest.raises(UnicodeDecodeError):
            answer.content.decode("utf-8")


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.outlet)
def test_title_time_and_text_can_be_read_off_every_page(site: Site) -> None:
    press = Press(written(), BEGUN)
    press.stand([(BEGUN - timedelta(days=100 + post.id % 7), post) for post in ordinary()])
    while press.publish_next(BEGUN):
        pass
    articles = press.articles(site.outlet)
    assert len(articles) >= 4
    for article in articles:
        read = read_page(article_page(site, article, PORT), site.content_type, "Asia/Shanghai", BEGUN)
        assert read.title == article.title
        assert read.published is not None
        assert read.published.at == article.at.replace(second=0, microsecond=0)
        assert set(article.text) <= set(read.text.splitlines())


def test_nothing_new_is_answered_with_304() -> None:
    where = address("yunze-news", "/rss/news.xml")
    first = visit(lambda client: client.get(where))
    by_tag = visit(lambda client: client.get(where, headers={"If-None-Match": first.headers["etag"]}))
    by_date = visit(lambda client: client.get(where, headers={"If-Modified-Since": first.headers["last-modified"]}))
    assert (by_tag.status_code, by_tag.content) == (by_date.status_code, by_date.content) == (304, b"")


def test_a_new_post_changes_the_feed_and_its_validators() -> None:
    press = Press(written(), BEGUN)
    where = address("yunze-news", "/rss/news.xml")
    headers = visit(lambda client: client.get(where), press).headers
    press.publish_next(BEGUN + timedelta(seconds=4))
    stale = {"If-None-Match": headers["etag"], "If-Modified-Since": headers["last-modified"]}
    assert visit(lambda client: client.get(where, headers=stale), press).status_code == 200


def test_an_unknown_host_or_page_or_another_outlets_article_is_not_found() -> None:
    for where in (
        f"http://127.0.0.99:{PORT}/",
        address("yunze-tv", "/none"),
        address("yunze-news", "/news/content_10004.html"),
    ):
        assert visit(lambda client, where=where: client.get(where)).status_code == 404


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.outlet)
def test_robots_txt_allows_the_news_and_neither_print_versions_nor_the_editors_page(site: Site) -> None:
    where = address(site.outlet, "/robots.txt")
    read = read_rules(where, visit(lambda client: client.get(where)).content, BEGUN)
    article = Press(written(), BEGUN).articles(site.outlet)[:1]
    for path in (site.listing, site.feed or site.listing, *(site.article.format(id=one.id) for one in article)):
        assert read.refusal(address(site.outlet, path)) is None
    for one in article:
        printed = address(site.outlet, f"/print/{one.id}.html")
        assert visit(lambda client, printed=printed: client.get(printed)).status_code == 200
        assert read.refusal(printed) == f"{where}: Disallow: /print/"
    assert (read.refusal(address(site.outlet, "/publish")) is None) == (site.outlet != OFFICIAL)
    assert read.delay() == site.crawl_delay
    assert read_rules(where, robots(site, hurried=True).encode(), BEGUN).delay() == 0


def test_one_site_asks_for_a_slower_pace() -> None:
    assert [site.outlet for site in SITES if site.crawl_delay] == ["yunze-fengdu"]


# ── the editors' page ───────────────────────────────────────────────────────


def test_a_ready_response_is_published_with_one_click() -> None:
    press = Press(written(), BEGUN)
    press.publish_next(BEGUN)
    answer = visit(lambda client: client.post(address(OFFICIAL, "/publish"), data={"draft": "10001/reply"}), press)
    assert answer.status_code == 303
    id = answer.headers["location"].rpartition("=")[2]
    shown = visit(lambda client: client.get(address(OFFICIAL, answer.headers["location"])), press)
    page = address("yunze-shuiwu", f"/gzdt/{id}.html")
    assert page in shown.text
    assert "望渡村停水" in visit(lambda client: client.get(page), press).text


def test_an_own_text_is_published_and_shown_as_text() -> None:
    press = Press(written(), BEGUN)
    data = {"title": "<script>回应</script>", "text": "第一段\n\n第二段"}
    answer = visit(lambda client: client.post(address(OFFICIAL, "/publish"), data=data), press)
    page = address(OFFICIAL, f"/zwgk/tzgg/{answer.headers['location'].rpartition('=')[2]}.html")
    text = visit(lambda client: client.get(page), press).text
    assert "&lt;script&gt;回应" in text
    assert "<p>第二段</p>" in text


def test_a_page_without_title_or_text_is_not_published() -> None:
    press = Press(written(), BEGUN)
    answer = visit(lambda client: client.post(address(OFFICIAL, "/publish"), data={"title": "只有标题"}), press)
    assert answer.status_code == 422
    assert "标题和正文都要填写" in answer.text
    assert all(article.id < 20000 for article in press.articles(OFFICIAL))


def test_only_the_official_site_publishes_and_only_from_its_own_page() -> None:
    press = Press(written(), BEGUN)
    data = {"title": "标题", "text": "正文"}
    elsewhere = visit(lambda client: client.post(address("yunze-news", "/publish"), data=data), press)
    forged = visit(
        lambda client: client.post(address(OFFICIAL, "/publish"), data=data, headers={"Origin": "http://x.example"}),
        press,
    )
    assert (elsewhere.status_code, forged.status_code) == (404, 403)


# ── serving ─────────────────────────────────────────────────────────────────


def free_port() -> int:
    with socket.create_server(("127.0.0.2", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@asynccontextmanager
async def served(port: int, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    ended = False
    site = asyncio.create_task(serve(port, lambda: ended, lambda: BEGUN, folder, every=0.2))
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client
        ended = True
        await asyncio.wait_for(site, 5)


def test_all_sites_answer_on_their_addresses_posts_appear_and_all_stops_within_seconds(tmp_path: Path) -> None:
    async def _visit() -> None:
        port = free_port()
        async with served(port, tmp_path) as client:
            await asyncio.sleep(1)
            for where in addresses(port).values():
                assert (await client.get(where)).status_code == 200
            assert "望渡村停水三天" in (await client.get(addresses(port)["yunze-news"])).text
        with pytest.raises(httpx.ConnectError):
            httpx.get(addresses(port)["yunze-news"], trust_env=False)

    asyncio.run(_visit())


def test_a_port_in_use_is_said_in_one_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.4", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(HuiyingError) as raised:
            asyncio.run(serve(port, lambda: True, lambda: BEGUN, tmp_path))
    assert (raised.value.code, raised.value.fields["port"]) == ("port_in_use", port)


def test_every_template_is_shipped_with_the_package() -> None:
    shipped = {file.name for file in (resources.files("huiying.example") / "templates").iterdir()}
    assert {site.template for site in SITES} | {site.feed_form for site in SITES if site.feed} | {
        "publish.html"
    } == shipped
