"""Selectors that are proposed for list pages of common makes; each proposal reads its reports and little else."""

from __future__ import annotations

import pytest

from crawlers.learning import propose

AT = "http://www.a.cn/news/"
TITLES = [f"某县第{number}号供水管道抢修通知发布" for number in range(1, 13)]
DAYS = [f"2026-01-{number:02}" for number in range(1, 13)]
SECTIONS = ("首页", "要闻", "公告", "互动", "专题", "服务")
NAVIGATION = "".join(f"<li><a href='/{name}/'>{name}</a></li>" for name in SECTIONS)
FOOT = "<div class=foot><a href=/about>关于我们和网站地图</a></div>"
HEAD = f"<div class=nav><ul>{NAVIGATION}</ul></div><div class=links>" + "".join(
    f"<a href='http://other{n}.cn/'>友情链接某某网站{n}</a>" for n in range(4)
)


def rows(form: str) -> str:
    return "".join(
        form.format(n=n, title=title, day=day) for n, (title, day) in enumerate(zip(TITLES, DAYS, strict=True))
    )


def blocks(form: str, size: int, begin: str, end: str) -> str:
    made = [form.format(n=n, title=title, day=day) for n, (title, day) in enumerate(zip(TITLES, DAYS, strict=True))]
    return "".join(begin + "".join(made[at : at + size]) + end for at in range(0, len(made), size))


ROW = "<li><a href='{n}.html'>{title}</a><span class=date>{day}</span></li>"
CELLS = "<tr><td>{n}</td><td><a href={n}.html>{title}</a></td><td>[{day}]</td></tr>"
PAGES = {
    "a list": f"<ul class=list>{rows(ROW)}</ul>",
    "a list in blocks of five": f"<div id=main>{blocks(ROW, 5, '<ul>', '</ul>')}</div>",
    "a list without classes": f"<div id=content><div><ul>{rows(ROW)}</ul></div></div>",
    "a table": f"<table class=t>{rows(CELLS)}</table>",
    "cards": "<div class=cards>"
    + rows(
        "<div class=card><a href='{n}.html'><img></a><h3><a href='{n}.html'>{title}</a></h3><p>摘要摘要摘要"
        "</p><i class=time>{day} 08:30</i></div>"
    )
    + "</div>",
    "bare links": f"<div class=box>{rows('<a href={n}.html>{title}</a><br>')}</div>",
    "definitions": f"<dl class=d>{rows('<dd><em>{day}</em><a href={n}.html title={title}>某县…</a></dd>')}</dl>",
}


@pytest.mark.parametrize("name", PAGES)
def test_the_reports_of_a_list_are_found(name: str) -> None:
    page = f"<html><body>{HEAD}</div>{PAGES[name]}{FOOT}</body></html>"
    proposal = propose(page.encode(), "text/html; charset=utf-8", AT)
    assert proposal is not None
    assert [item.title for item in proposal.items] == TITLES
    assert [item.address for item in proposal.items] == [f"{AT}{n}.html" for n in range(len(TITLES))]
    dates = [item.date for item in proposal.items]
    if name != "bare links":
        assert all(date and day in date for date, day in zip(dates, DAYS, strict=True))
    assert proposal.source.kind == "list"
    assert proposal.source.items or proposal.source.link != "a"


@pytest.mark.parametrize(
    "page",
    [
        "",
        f"<html><body>{HEAD}</div></body></html>",
        "<html><body><h1>某镇停水通知</h1><p>管道破裂。<a href='1.html'>相关报道某镇抢修</a></p></body></html>",
    ],
)
def test_a_page_without_a_list_gets_no_proposal(page: str) -> None:
    assert propose(page.encode(), None, AT) is None


def test_a_name_with_a_number_in_it_is_not_relied_on() -> None:
    page = f"<body><div class=main><ul id=u20260127 class='list_1738 news'>{rows(ROW)}</ul></div></body>"
    proposal = propose(page.encode(), None, AT)
    assert proposal is not None
    assert proposal.source.items == "ul.news > li"
