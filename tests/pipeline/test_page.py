"""Article pages: title, time and text, without bylines, whatever the page's make."""

from __future__ import annotations

import collections
import json
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from huiying.core.charset import decode
from huiying.core.model import Precision
from pipeline.page import extract
from tests.pipeline.desk import shared

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ZONE = "Asia/Shanghai"
PROSE = (
    "1月27日上午，青石县红河镇因主管道破裂停水，影响居民约两千户。",
    "县供水公司表示，抢修预计当晚八时完成，请居民储水备用。",
)
MENU = '<ul class="menu">' + "".join(f'<li><a href="/{n}">栏目{n}要闻，今日</a></li>' for n in range(30)) + "</ul>"


def page(body: str, title: str = "红河镇停水抢修预计当晚完成_青石日报", head: str = "") -> str:
    return f"<html><head><title>{title}</title>{head}</head><body>{MENU}{body}</body></html>"


def article(*lines: str, meta: str = "2026-01-27 15:20　来源：青石日报") -> str:
    paragraphs = "".join(f"<p>{line}</p>" for line in lines)
    return f"<h1>红河镇停水抢修预计当晚完成</h1><div>{meta}</div><div>{paragraphs}</div>"


def read(body: str, **parts: str) -> str:
    return extract(page(body, **parts), ZONE, NOW).text


def test_reads_title_time_and_text() -> None:
    found = extract(page(article(*PROSE)), ZONE, NOW)
    assert found.title == "红河镇停水抢修预计当晚完成"
    assert found.text == "\n".join(PROSE)
    assert found.published is not None
    assert found.published.at == datetime(2026, 1, 27, 7, 20, tzinfo=UTC)
    assert (found.published.precision, found.published.origin) == (Precision.MINUTE, "page")


@pytest.mark.parametrize(
    "wrap",
    [
        "<form method=post>{}</form>",
        "<table><tr><td><form>{}</form></td></tr></table>",
        "<div><div>{}</div>" + MENU + "</div>",
    ],
)
def test_neither_forms_nor_menus_change_the_text(wrap: str) -> None:
    assert read(wrap.format(article(*PROSE))) == "\n".join(PROSE)


def test_lines_are_bounded_by_br_too() -> None:
    assert read(f"<h1>红河镇停水抢修</h1><div>{PROSE[0]}<br><br>　　{PROSE[1]}</div>") == "\n".join(PROSE)


@pytest.mark.parametrize(
    "line",
    [
        "责任编辑：张三",
        "（责任编辑：张三 李四）",
        "本报记者 张三 通讯员 李四",
        "2026-01-27 15:20 出处：某报 作者：张三 编辑：李四",
        "作者：张三",
        "版权所有 未经书面授权禁止使用",
        "Copyright © 2026 All rights reserved",
        "打印 关闭 分享",
        "【字号 大 中 小】",
        "来源：青石日报",
        "本版责编：张三 李四",
        "浏览次数：123",
    ],
)
def test_bylines_editors_copyright_and_buttons_are_dropped(line: str) -> None:
    assert read(article(*PROSE, line)) == "\n".join(PROSE)


@pytest.mark.parametrize(
    "line",
    [
        "大雨致多处道路中断，请绕行。",
        "时间：1月28日9时至18时，范围：红河镇。",
        "文化路以东停水范围较大，请留意。",
        "未经许可擅自施工挖断水管，责任方已被查处。",
        "2026年1月27日，全县停水，直到当晚八时。",
        "编辑部街一带已经恢复供水，请居民放心。",
    ],
)
def test_lines_that_only_look_like_those_stay(line: str) -> None:
    assert line in read(article(*PROSE, line))


def test_bylines_in_brackets_go_and_their_sentence_stays() -> None:
    text = read(
        article(
            "本报青石1月27日电（记者张三 通讯员李四）红河镇今天停水。", "图为抢修现场，工人连夜施工。（王五摄）", *PROSE
        )
    )
    assert text.startswith("本报青石1月27日电红河镇今天停水。\n图为抢修现场，工人连夜施工。\n")


def test_visible_time_below_the_headline_comes_before_meta_and_other_dates() -> None:
    head = '<meta property="article:published_time" content="2026-01-27T18:00:00+08:00">'
    menu = "<div>2026-01-01 08:00 置顶</div>"
    found = extract(page(menu + article(*PROSE, "2026-01-28 10:00"), head=head), ZONE, NOW).published
    assert found is not None
    assert found.at == datetime(2026, 1, 27, 7, 20, tzinfo=UTC)


@pytest.mark.parametrize("written", ["3分钟前", "今天 07:05", "11-01 07:05", "11月1日 07:05"])
def test_what_is_told_relative_to_the_fetching_is_read_only_with_it(written: str) -> None:
    seen = page(article(*PROSE, meta=f"{written}　来源：青石日报"))
    found = extract(seen, ZONE, NOW).published
    assert found is not None
    assert NOW - found.at < timedelta(hours=1)
    assert extract(seen, ZONE, NOW, fetched=False).published is None


def test_meta_is_the_last_resort() -> None:
    head = '<meta property="article:published_time" content="2026-01-27T18:00:00+08:00">'
    found = extract(page(article(*PROSE, meta=""), head=head), ZONE, NOW).published
    assert found is not None
    assert (found.at, found.origin) == (datetime(2026, 1, 27, 10, 0, tzinfo=UTC), "meta")


def test_a_date_in_a_sentence_is_no_time_of_publication() -> None:
    text = "2019年8月17日，县里曾经停水，当时抢修了三天，许多居民靠送水车用水，影响了两个镇的正常生活和春耕。"
    short = "县里上次停水是2019年8月17日15:20。"
    assert extract(page(article(text, short, *PROSE, meta="")), ZONE, NOW).published is None


def test_hidden_elements_and_scripts_are_not_read() -> None:
    hidden = '<p style="display: none">隐藏的一句话，不应读到。</p><script>var a="脚本，不应读到。";</script>'
    assert "不应读到" not in read(article(*PROSE, hidden))


def test_title_without_headline_loses_the_outlets_name() -> None:
    assert extract(page(f"<div>{PROSE[0]}</div>"), ZONE, NOW).title == "红河镇停水抢修预计当晚完成"


@pytest.mark.parametrize(
    "html", ["", "   ", "<", "<html></html>", "\0\0", '<?xml version="1.0" encoding="gbk"?>', MENU]
)
def test_a_page_without_prose_has_no_text(html: str) -> None:
    assert extract(html, ZONE, NOW).text == ""


@pytest.mark.parametrize(
    "html", ["<div>停" * 50_000, "<p>" + "今天停水，" * 100_000, "<a href=x>今天，停水</a>" * 20_000]
)
def test_hostile_pages_come_to_an_end(html: str) -> None:
    assert isinstance(extract(html, ZONE, NOW).text, str)


def bag(text: str) -> collections.Counter[str]:
    return collections.Counter(re.findall(r"[A-Za-z0-9]+|[\u4e00-\u9fff]", re.sub(r"\s+", "", text)))


def f1(gold: str, got: str) -> float:
    common = sum((bag(gold) & bag(got)).values())
    return 2 * common / max(1, sum(bag(gold).values()) + sum(bag(got).values()))


def test_real_pages_reach_the_mark() -> None:
    folder = shared("data", "pages")
    scores: dict[str, list[float]] = {"a": [], "b": []}
    titles, minutes = [], []
    for row in json.loads((folder / "labels.json").read_text(encoding="utf-8")):
        found = extract(decode((folder / row["file"]).read_bytes(), None)[0], ZONE, NOW)
        if row.get("text"):
            scores[row["set"]].append(f1(row["text"], found.text))
        if row.get("title"):
            titles.append(re.sub(r"\s", "", row["title"]) == re.sub(r"\s", "", found.title))
        if len(row.get("published") or "") > 10:
            local = found.published and found.published.at.astimezone(ZoneInfo(ZONE)).strftime("%Y-%m-%d %H:%M")
            minutes.append(local == row["published"])
    assert sum(scores["a"]) / len(scores["a"]) >= 0.975
    assert sum(scores["b"]) / len(scores["b"]) >= 0.955
    assert all(titles)
    assert minutes.count(False) <= 1


@pytest.mark.parametrize(
    "trail", ["当前位置：首页 > 本地要闻 > 正文", "您的位置: 首页>>新闻", "安渚日报 > 要闻 > 正文"]
)
def test_the_trail_above_an_article_and_its_repeated_title_are_no_text(trail: str) -> None:
    page = (
        "<html><head><title>青石镇修桥_某报</title></head><body><div class='main'>"
        f"<div>{trail}</div><h1>青石镇修桥</h1><p>青石镇的老桥昨天开始修缮，工期三个月，其间车辆绕行东侧便道。</p>"
        "<p>修缮完成后，桥面将拓宽两米，并增设人行道，方便沿线居民出行。</p></div></body></html>"
    )
    read = extract(page, "Asia/Shanghai", NOW)
    assert read.text.startswith("青石镇的老桥")


def test_of_a_page_that_goes_on_with_other_articles_the_headlines_own_is_read() -> None:
    other = "<p>另一篇很长的稿件，第{}段，写的是别的地方别的事情，与本文无关。</p>"
    others = "".join(other.format(number) for number in range(30))
    head = "<title>青河镇停水三天</title><main><article><h1>青河镇停水三天</h1>"
    own = "<p>青河镇多个小区停水三天，居民用水困难，社区安排送水。</p>"
    own += "<p>抢修今晚完成，随后恢复供水，居民不必再到楼下排队。</p>"
    text = extract(f"{head}{own}</article>{others}</main>", "Asia/Shanghai", NOW).text
    assert "社区安排送水" in text
    assert "抢修今晚完成" in text
    assert "另一篇" not in text
    # An <article> that holds the headline alone is no composition: the text beside it is.
    assert "第29段" in extract(f"{head}</article>{others}</main>", "Asia/Shanghai", NOW).text
