"""The rules of robots.txt as we read them."""

from __future__ import annotations

import pytest

from crawlers.engine import settings
from crawlers.robots import read_rules
from huiying.core.codec import instant

UNTIL = instant("2026-01-28T08:00:00+08:00")
AT = "http://a.cn/robots.txt"


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("", "/x", None),
        ("User-agent: *\nDisallow: /", "/x", "Disallow: /"),
        ("User-agent: *\nDisallow: /a # why\nDisallow: /b", "/b/1", "Disallow: /b"),
        ("User-agent: *\nDisallow: /*.xml$", "/feed.xml", "Disallow: /*.xml$"),
        ("User-agent: *\nDisallow:", "/x", None),
        ("User-agent: Other\nDisallow: /", "/x", None),
        ("User-agent: *\nDisallow: /\n\nUser-agent: Huiying\nAllow: /", "/x", None),
        ("User-agent: huiying\nDisallow: /x", "/x", "Disallow: /x"),
        ("<html>404</html>", "/x", None),
        ("\ufeffUser-agent: *\nDisallow: /x", "/x", "Disallow: /x"),
    ],
)
def test_what_is_forbidden_and_by_which_line(text: str, path: str, line: str | None) -> None:
    refusal = read_rules(AT, text.encode(), UNTIL).refusal(f"http://a.cn{path}")
    assert refusal == (f"{AT}: {line}" if line else None)


@pytest.mark.parametrize(
    ("written", "seconds"), [("7", 7), ("0.5", 0.5), ("x", 0), ("-3", 0), ("nan", 0), ("inf", 0), ("9e9", 86400)]
)
def test_crawl_delay(written: str, seconds: float) -> None:
    assert read_rules(AT, f"User-agent: *\nCrawl-delay: {written}".encode(), UNTIL).delay() == seconds


def test_the_engine_is_set_to_obey_and_to_be_honest() -> None:
    made = settings("duty@example.cn")
    assert made["ROBOTSTXT_OBEY"] is True
    assert made["COOKIES_ENABLED"] is False
    assert made["TELNETCONSOLE_ENABLED"] is False
    assert made["CONCURRENT_ITEMS"] == made["CONCURRENT_REQUESTS_PER_DOMAIN"] == 1
    assert made["USER_AGENT"].endswith("(+mailto:duty@example.cn)")
    assert not [
        name for name in made["DOWNLOADER_MIDDLEWARES"] if "redirect" in name or "retry" in name or "proxy" in name
    ]


def test_hostile_rules_are_read_in_time_and_kept_short() -> None:
    wild = "User-agent: *\nDisallow: /" + "*a" * 30 + "*b\nDisallow: /" + "a" * 10**6 + "\nDisallow: /a"
    rules = read_rules(AT, wild.encode(), UNTIL)
    assert len(rules.refusal("http://a.cn/" + "a" * 5000) or "") <= 500
