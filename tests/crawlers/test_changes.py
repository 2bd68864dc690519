"""What is news and what is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crawlers.changes import WAITING, News, judge
from crawlers.items import Item
from huiying.core.codec import instant
from huiying.core.states import PostState

AT = instant("2026-01-27T08:00:00+08:00")
ITEM = Item("http://a.cn/1", "某镇停水", "<p>通知</p>", "2026-01-27", "published")
KNOWN = PostState(ITEM.post(), "bao/1", 1, ITEM.hash(), "b", AT, AT)
SOURCES = frozenset({"bao/1", "bao/2"})


@pytest.mark.parametrize(
    ("state", "item", "source", "news", "reason"),
    [
        (None, ITEM, "bao/1", News.NEW, "never_seen"),
        (KNOWN, ITEM, "bao/1", News.UNCHANGED, "same_words"),
        (KNOWN, replace(ITEM, date="2026-02-01", date_field="updated"), "bao/1", News.UNCHANGED, "same_words"),
        (KNOWN, replace(ITEM, title="某镇恢复供水"), "bao/1", News.CHANGED, "other_words"),
        (KNOWN, replace(ITEM, summary="<p>更正</p>"), "bao/1", News.CHANGED, "other_words"),
        (KNOWN, replace(ITEM, title="某镇停水_某报"), "bao/2", News.UNCHANGED, "of_another_source"),
        (replace(KNOWN, source="old/1"), replace(ITEM, title="更正"), "bao/2", News.CHANGED, "other_words"),
        (replace(KNOWN, version=0, item_hash=WAITING), ITEM, "bao/2", News.NEW, "seen_not_stored"),
        (replace(KNOWN, version=0, item_hash="too_large"), ITEM, "bao/1", News.UNCHANGED, "dead_too_large"),
        (replace(KNOWN, version=0, item_hash="not_this_outlet"), ITEM, "bao/1", News.NEW, "allowed_now"),
    ],
)
def test_judgement(state: PostState | None, item: Item, source: str, news: News, reason: str) -> None:
    verdict = judge(state, item, source, SOURCES)
    assert (verdict.news, verdict.reason) == (news, reason)
