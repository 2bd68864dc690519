"""The two commands that try the pipeline without a desk: one line of JSON for each page, one for each text."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from huiying.core.errors import Refused
from huiying.core.messages import text
from huiying.trying import tagged
from tests.site import Site

PAGE = """<html><head><title>青河镇停水三天 - 某新闻网</title></head><body><h1>青河镇停水三天</h1>
<p>2026年3月4日 10:21　来源：某新闻网</p><div><p>青河镇多个小区停水三天，居民用水困难，社区安排车辆送水到楼下。</p>
<p>记者在现场看到，抢修人员正在更换破裂的管道，预计今晚恢复供水。</p></div></body></html>"""


def run(*argv: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "huiying", *argv]
    return subprocess.run(command, input=given, capture_output=True, text=True, timeout=60)


def test_a_saved_page_is_read_whatever_its_encoding(tmp_path: Path) -> None:
    files = []
    for encoding in ("utf-8", "gb18030"):
        files.append(tmp_path / f"{encoding}.html")
        files[-1].write_bytes(PAGE.encode(encoding))
    ran = run("extract", *map(str, files), "--json")
    told = [json.loads(line) for line in ran.stdout.splitlines()]
    assert (ran.returncode, len(told), told[0]) == (0, 2, told[1])
    assert told[0]["title"] == "青河镇停水三天"
    assert (told[0]["published"], told[0]["precision"]) == ("2026-03-04T10:21:00+08:00", "minute")
    assert told[0]["source"] == "page"
    assert "抢修人员正在更换破裂的管道" in told[0]["text"]
    assert "来源" not in told[0]["text"]


def test_an_address_is_fetched_politely_and_read(tmp_path: Path) -> None:
    (tmp_path / "saved.html").write_text(PAGE.replace("10:21", "10:22"), encoding="utf-8")
    with Site() as site:
        site.robots("User-agent: *\nDisallow: /closed")
        site.page("/a.html", PAGE.replace("2026年3月4日 10:21", "5分钟前").encode("gb18030"))
        site.page("/closed/b.html", PAGE)
        pages = [site.url("/a.html"), str(tmp_path / "saved.html"), site.url("/closed/b.html"), site.url("/none.html")]
        ran = run("extract", *pages, "--json", "--contact", "duty@example.cn", "--test-site")
        seen = {one.path: one.headers for one in site.requests}
    told = [json.loads(line) for line in ran.stdout.splitlines()]
    assert (ran.returncode, [one.get("title") for one in told]) == (1, ["青河镇停水三天", "青河镇停水三天", None, None])
    assert [one.get("precision") for one in told[:2]] == ["minute", "minute"]
    assert told[1]["published"] == "2026-03-04T10:22:00+08:00"
    assert ["robots.txt" in one["error"] for one in told[2:]] == [True, False]
    assert set(seen) == {"/robots.txt", "/a.html", "/none.html"}
    assert "mailto:duty@example.cn" in seen["/a.html"]["user-agent"]


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://127.0.0.1/a.html", "private_address"),
        ("http://0x7f000001/a.html", "private_address"),
        ("http://weibo.com/u/1", "social"),
        ("http://duty:secret@paper.example/a", "credentials"),
    ],
)
def test_what_the_crawl_role_would_refuse_is_refused_here(address: str, why: str) -> None:
    ran = run("extract", address, "--json", "--contact", "duty@example.cn")
    assert (ran.returncode, json.loads(ran.stdout)) == (1, {"error": text(f"crawl.refused.{why}")})


def test_addresses_need_somebody_who_asks() -> None:
    ran = run("extract", "http://paper.example/a.html", "--json")
    assert (ran.returncode, ran.stdout, ran.stderr.strip()) == (1, "", text("error.extract_contact"))


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    ran = run("extract", str(tmp_path / "none.html"), "--json")
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (1, "", 1)


def test_texts_are_tagged_with_the_whole_countrys_places() -> None:
    title, text = "朝阳区一小区停水两天", "北京市朝阳区劲松街道一小区停水两天，居民排队接水。"
    (told,) = tagged([json.dumps({"title": title, "text": text, "outlet": ""})])
    names = {(place["name"], place["level"]) for place in told["places"]}
    assert ("朝阳区", "county") in names
    assert told["primary"].startswith("110105")
    for place in told["places"]:
        field = {"title": title, "text": text}[place["field"]]
        assert place["name"].startswith(field[place["start"] : place["end"]][:2])
    town = told["places"][-1]
    assert town["path"] == ["北京市", "朝阳区", "劲松街道"]
    assert town["parents"] == ["110000000000", "110100000000", "110105000000"]
    assert [hit["topic"] for hit in told["topics"]] == ["water"]
    assert "".join(told["words"]["text"]) == text
    assert told["fingerprint"]


def test_what_is_ambiguous_and_the_outlets_name_are_told_too() -> None:
    lines = [
        {"text": "朝阳区停水"},
        {"text": "朝阳区停水", "outlet": "长春晚报"},
        {"text": "停水了", "outlet": "贵州卫健委"},
    ]
    unclear, clear, silent = tagged(json.dumps(line) for line in lines)
    assert unclear["places"] == []
    (one,) = unclear["ambiguous"]
    assert (one["start"], one["end"], sorted(one["candidates"])) == (0, 3, ["110105000000", "220104000000"])
    assert (clear["ambiguous"], clear["primary"]) == ([], "220104000000")
    assert (silent["primary"], silent["places"][0]["field"]) == ("520000000000", "outlet")


def test_the_command_answers_line_for_line() -> None:
    lines = "\n".join(json.dumps({"title": "", "text": text, "outlet": ""}) for text in ("武汉市今天下雨", ""))
    ran = run("tag", "--json", given=lines)
    told = [json.loads(line) for line in ran.stdout.splitlines()]
    assert (ran.returncode, len(told)) == (0, 2)
    assert [place["name"] for place in told[0]["places"]] == ["武汉市"]
    assert told[1]["places"] == []


@pytest.mark.parametrize(
    "line", ["", "[]", "{}", '{"text": 1}', '{"title": [], "text": "x"}', '{"text": "x", "outlet": 1}', "\ud800"]
)
def test_a_line_that_is_none_is_named_by_its_number(line: str) -> None:
    with pytest.raises(Refused, match="tag_line") as refused:
        list(tagged([json.dumps({"text": "x"}), line]))
    assert refused.value.fields["number"] == 2
