"""What is no article, and titles without the newspaper's page."""

from __future__ import annotations

import pytest

from pipeline.articles import bare_title, no_article


@pytest.mark.parametrize(
    "title",
    [
        "本版责编：张三  李四",
        "14版 -  本版责编：张  三  李四",
        "04版 -  一版责编：张三 二版责编：李四 ",
        "10版责编：张三",
        "16版 -  广告 ",
        "广告",
        "公益广告",
    ],
)
def test_editors_advertisements_are_no_articles(title: str) -> None:
    assert no_article(title)


@pytest.mark.parametrize(
    "title",
    [
        "03版 -  图片报道",
        "虚假广告被查处",
        "01版 -  导读",
        "05版 -  广告牌坠落砸伤行人",
        "把难题变成课题（编辑手记）",
        "城区停水",
        "责编制度改革",
    ],
)
def test_reports_are_articles(title: str) -> None:
    assert not no_article(title)


@pytest.mark.parametrize(
    ("title", "bare"),
    [
        ("01版 -  城区停水", "城区停水"),
        ("01版头版 - 城区停水", "城区停水"),
        ("12版文化周末·评论 - 在虚实之间", "在虚实之间"),
        ("13版公告（中缝） - 公告", "公告"),
        ("A03版：城区停水", "城区停水"),
        ("城区停水 - 后续", "城区停水 - 后续"),
        ("2026版教材发布", "2026版教材发布"),
    ],
)
def test_the_page_before_a_title_is_taken_off(title: str, bare: str) -> None:
    assert bare_title(title) == bare
