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


def read(file: Path) -> PageText:
    return extract(file.read_text(encoding="utf-8"), ZONE, NOW)


def expected(file: Path) -> tuple[str, str | None, list[str]]:
    title, published, *lines = file.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    return title, None if published == "-" else published, lines


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.stem)
def test_the_text_is_what_a_reader_would_copy(file: Path) -> None:
    assert read(file).text.splitlines() == expected(file)[2]


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.stem)
def test_the_title_is_the_headline(file: Path) -> None:
    assert read(file).title == expected(file)[0]


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.stem)
def test_the_time_is_the_one_of_publication(file: Path) -> None:
    published, wanted = read(file).published, expected(file)[1]
    if wanted is None or published is None:
        assert published is wanted
        return
    local = f"{published.at.astimezone(ZoneInfo(ZONE)):%Y-%m-%d %H:%M}"
    assert local[: len(wanted)] == wanted
    assert (published.precision is Precision.DAY) == (len(wanted) == len("2026-06-03"))
