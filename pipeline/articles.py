"""What of a newspaper's items is no article: lists of editors and advertisements."""

from __future__ import annotations

import re

# "01版 - ", "01版头版 - ", "13版公告（中缝） - ", "A03版：", "第05版 要闻 - "
_PAGE = re.compile(r"^\s*第?\s*[A-Z]?\d{1,3}\s*版(?:\s?[^\s\-—:：]{0,24}\s*[-—]+\s*|\s*[:：]\s*)")
_EDITORS = re.compile(
    r"^\s*(?:第?[A-Z]?\d{1,3}|本|[一二三四五六七八九十]{1,3})\s*[版面]\s*(?:责编|编辑|责任编辑|主编|校对|美编)(?:\s*[:：]|\s+\S{2,4}(?:\s|$))"
)
_ADVERTISEMENT = re.compile(r"^(?:公益)?广告$")


def bare_title(title: str) -> str:
    """Return a title without the newspaper page before it ("01版 - ", "01版头版 - ")."""
    return " ".join(_PAGE.sub("", title, count=1).split())


def no_article(title: str) -> bool:
    """Say whether an item with this title is no article: editors of a page, or an advertisement."""
    bare = bare_title(title)
    return bool(_EDITORS.match(title) or _EDITORS.match(bare) or _ADVERTISEMENT.match(bare))
