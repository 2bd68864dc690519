"""`huiying outlets` as a person calls it: it looks, proposes, shows, writes, and says what to ask the webmaster."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from huiying.core.config import Outlet
from huiying.core.config_files import read_texts
from huiying.core.config_text import read_desk
from tests.site import Answer, Site

INIT = (
    "--desk",
    "ceshi",
    "--title",
    "测试",
    "--contact",
    "duty@example.cn",
    "--area",
    "420500000000",
    "--area-name",
    "测试市",
)
ROWS = "".join(
    f"<li><a href=/{n}.html>第{n}号供水抢修通知发布</a><span>2026-01-{n:02}</span></li>" for n in range(1, 13)
)
TEXT = "<p>因管道破裂，某镇今天停水，抢修人员已到现场。</p>" * 5
ARTICLE = f"<h1>某镇停水通知</h1><p>2026-01-27 08:00</p><div>{TEXT}</div>"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site("127.0.0.2") as made:
        yield made


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("made") / "desk"
    assert huiying("init", str(folder), *INIT).returncode == 0
    return {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.toml")}


@pytest.fixture
def desk(made: dict[str, str], tmp_path: Path) -> Path:
    for name, text in made.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def huiying(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "huiying", *argv], capture_output=True, text=True, timeout=120)


def add(desk: Path, address: str, *more: str) -> subprocess.CompletedProcess[str]:
    return huiying("outlets", "add", address, "--test-site", "--desk", str(desk), *more)


def outlets(desk: Path) -> tuple[Outlet, ...]:
    return read_desk(read_texts(desk)).outlets


def test_a_feed_is_proposed_shown_and_written(desk: Path, site: Site) -> None:
    dates = [f"2026-01-{day:02} 08:00" for day in range(1, 13)]
    site.feed(
        "/rss.xml", [{"title": f"第{n}条", "link": site.url(f"/{n}"), "pubDate": at} for n, at in enumerate(dates)]
    )
    before = (desk / "outlets.toml").read_text(encoding="utf-8")
    ran = add(desk, site.url("/rss.xml"), "--name", "某报", "--tier", "city")
    assert (ran.returncode, ran.stderr) == (0, "")
    shown = [line for line in ran.stdout.splitlines() if line.startswith("2026-")]
    assert len(shown) == 10
    assert shown[0] == "2026-01-12 08:00  第11条"
    (outlet,) = outlets(desk)
    assert (outlet.name, outlet.tier, outlet.hosts) == ("某报", "city", (site.host,))
    assert [(source.kind, source.address) for source in outlet.sources] == [("feed", site.url("/rss.xml"))]
    assert (desk / "outlets.toml").read_text(encoding="utf-8").startswith(before.rstrip())


def test_a_page_leads_to_the_feed_that_it_names_or_to_selectors(desk: Path, site: Site) -> None:
    site.page("/list.html", f"<ul class=news>{ROWS}</ul>")
    site.page("/home.html", "<link rel=alternate type=application/rss+xml href=/rss.xml><p>x</p>")
    site.feed("/rss.xml", [{"title": "某镇停水", "link": site.url("/1")}])
    assert add(desk, site.url("/list.html")).returncode == 0
    assert add(desk, site.url("/home.html")).returncode == 0
    (outlet,) = outlets(desk)
    listed, fed = outlet.sources
    assert (listed.kind, listed.items, listed.link, listed.time) == ("list", "ul.news > li", "a", "span")
    assert (fed.kind, fed.address) == ("feed", site.url("/rss.xml"))


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://weibo.com/u/1", "社交网络"),
        ("http://10.0.0.1/rss", "内部网络"),
        ("ftp://a.cn/", "不是 http"),
        ("http://www.a.cn/@zhangsan", "个人账号"),
    ],
)
def test_what_may_not_be_read_is_refused_with_a_sentence(desk: Path, address: str, said: str) -> None:
    before = (desk / "outlets.toml").read_bytes()
    ran = huiying("outlets", "add", address, "--desk", str(desk))
    assert ran.returncode == 1
    assert said in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert (desk / "outlets.toml").read_bytes() == before


def test_a_site_that_says_no_is_obeyed_and_an_empty_page_gets_no_proposal(desk: Path, site: Site) -> None:
    site.page("/empty", "<p>没有列表</p>")
    empty = add(desk, site.url("/empty"))
    assert (empty.returncode, "没有找到" in empty.stderr) == (1, True)
    site.robots("User-agent: *\nDisallow: /")
    refused = add(desk, site.url("/rss.xml"))
    assert (refused.returncode, "robots.txt" in refused.stderr) == (1, True)
    assert site.count("/rss.xml") == 0


def test_opml_comes_in_without_what_is_refused_and_goes_out(desk: Path, tmp_path: Path) -> None:
    feeds = ("http://www.a.cn/1.xml", "https://weibo.com/rss", "http://www.a.cn/2.xml", "http://rsshub.app/x")
    file = tmp_path / "in.opml"
    lines = "".join(f'<outline text="某报" xmlUrl="{one}"/>' for one in feeds)
    file.write_text(f"<opml><body>{lines}</body></opml>", encoding="utf-8")
    ran = huiying("outlets", "import", str(file), "--desk", str(desk))
    assert ran.returncode == 0
    assert ran.stderr.count("\n") == 2
    (outlet,) = outlets(desk)
    assert [source.address for source in outlet.sources] == [feeds[0], feeds[2]]
    again = huiying("outlets", "import", str(file), "--desk", str(desk))
    assert (again.returncode, len(outlets(desk)[0].sources)) == (0, 2)
    out = huiying("outlets", "export", "--desk", str(desk)).stdout
    assert [feed in out for feed in feeds] == [True, False, True, False]


def test_the_offices_own_site_is_tried_and_what_to_ask_is_said(desk: Path, site: Site) -> None:
    site.page("/list.html", f"<ul class=news>{ROWS}</ul>")
    site.page("/1.html", ARTICLE)
    (desk / "units.toml").write_text('[[units]]\nid = "ban"\nname = "某办"\n', encoding="utf-8")
    assert add(desk, site.url("/list.html"), "--unit", "ban").returncode == 0
    well = huiying("outlets", "try-official", "--desk", str(desk))
    assert (well.returncode, "读取正常" in well.stdout) == (0, True)
    site.page("/1.html", "<div id=app></div><script src=app.js></script>")
    bare = huiying("outlets", "try-official", "--desk", str(desk))
    assert (bare.returncode, "不要由脚本生成" in bare.stdout, "发布时间" in bare.stdout) == (1, True, True)
    site.set("/list.html", Answer("no", 403))
    assert "放行" in huiying("outlets", "try-official", "--desk", str(desk)).stdout
    site.robots("User-agent: *\nDisallow: /list")
    assert "User-agent: Huiying" in huiying("outlets", "try-official", "--desk", str(desk)).stdout
