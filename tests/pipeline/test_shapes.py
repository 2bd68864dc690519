"""Golden pages: each shape of page that content systems write, beside what a reader would copy from it, word for word.

pages/NAME.html, and in pages/NAME.txt the title, the time of publication in Beijing ("-" for none), the lines of text.
The texts are invented; elements, class names and what stands round the article are as the systems write them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from huiying.core.model import Precision
from pipeline.page import PageText, extract

NOW = datetime(2026, 6, 10, 4, 0, tzinfo=UTC)
ZONE = "Asia/Shanghai"
PAGES = sorted((Path(__file__).parent / "pages").glob("*.html"))


def read(page: Path) -> PageText:
    return extract(page.read_text(encoding="utf-8"), ZONE, NOW)


def expected(page: Path) -> tuple[str, str | None, list[str]]:
    title, published, *lines = page.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    return title, None if published == "-" else published, lines


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_text_is_what_a_reader_would_copy(page: Path) -> None:
    assert read(page).text.splitlines() == expected(page)[2]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_title_is_the_headline(page: Path) -> None:
    assert read(page).title == expected(page)[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_time_is_the_one_of_publication(page: Path) -> None:
    published, wanted = read(page).published, expected(page)[1]
    if wanted is None or published is None:
        assert published is wanted
        return
    local = f"{published.at.astimezone(ZoneInfo(ZONE)):%Y-%m-%d %H:%M}"
    assert local[: len(wanted)] == wanted
    assert (published.precision is Precision.DAY) == (len(wanted) == len("2026-06-03"))
