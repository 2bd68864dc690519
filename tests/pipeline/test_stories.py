"""Stories: reprints and front-page copies belong together, boilerplate and headings do not join."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from huiying.core.states import Candidate
from pipeline.stories import _clauses, _whole, choose, fingerprints, shared, signature

CLAUSES = (
    "青石县红河镇主管道今晨破裂",
    "受影响的居民约有两千余户",
    "县供水公司出动三支抢修队伍",
    "送水车已开进六个居民小区",
    "预计当晚八时前恢复正常供水",
    "事故原因还在进一步调查之中",
)


def text(*clauses: str) -> str:
    return "，".join(clauses) + "。"


def told_together(one: tuple[str, str], other: tuple[str, str]) -> bool:
    first, (second, opening) = fingerprints(*one), signature(*other)
    shared = set(first) & set(second)
    candidate = Candidate("p", "s", len(shared), len(first), len(shared & opening))
    return choose([candidate] if candidate.shared else [], len(second)) == "s"


def test_fingerprints_are_signed_64_bit_numbers_and_always_the_same() -> None:
    prints = fingerprints("标题", text(*CLAUSES))
    assert len(prints) == len(CLAUSES)
    assert all(-(2**63) <= number < 2**63 for number in prints)
    assert fingerprints("", "青石县红河镇主管道今晨破裂。") == (6314872413716575934,)


def test_a_cut_and_edited_reprint_is_the_same_story() -> None:
    reprint = text("据青石日报的报道说", *CLAUSES[1:4], "记者将继续关注事件进展")
    assert told_together(("红河镇停水抢修", text(*CLAUSES)), ("青石一镇停水", reprint))


def test_a_front_page_copy_is_the_same_story_with_or_without_text() -> None:
    front = "01版 -  红河镇停水抢修预计当晚完成"
    inner = "04版 -  红河镇停水抢修预计当晚完成"
    assert told_together((front, ""), (inner, ""))
    assert told_together((front, ""), (inner, text(*CLAUSES)))
    assert told_together((front, text(CLAUSES[0])), (inner, text(*CLAUSES)))


def test_a_heading_that_many_posts_bear_joins_nothing() -> None:
    assert not told_together(("05版 -  图片报道", ""), ("06版 -  图片报道", ""))
    assert not told_together(("关于部分区域停水的通知", ""), ("关于部分区域停水的通知", ""))


def test_the_same_title_over_another_long_text_is_another_story() -> None:
    other = text(*(f"第{number}天的抢修现场仍在持续推进" for number in "一二三四五六七八九"))
    assert not told_together(("红河镇停水抢修最新进展", text(*CLAUSES)), ("红河镇停水抢修最新进展", other))


def test_one_shared_clause_is_not_enough() -> None:
    assert not told_together(("甲", text(CLAUSES[0])), ("乙", text(CLAUSES[0])))


def test_choice_is_the_likest_then_the_smallest_story() -> None:
    candidates = [
        Candidate("a", "s3", 2, 4),
        Candidate("b", "s2", 3, 4),
        Candidate("c", "s1", 3, 4),
        Candidate("d", "s0", 3, 90),
    ]
    assert choose(candidates, 10) == "s1"
    assert choose(candidates, 4) == "s1"
    assert choose(candidates[::-1], 10) == "s1"


def test_containment_is_of_the_smaller_one() -> None:
    assert choose([Candidate("a", "s", 7, 20)], 100) == "s"
    assert choose([Candidate("a", "s", 6, 20)], 100) is None
    assert choose([], 5) is None


FOOTER = "本台记者将持续关注最新进展，更多消息请下载本台客户端，新闻线索可以拨打热线电话"


def test_a_footer_that_two_posts_bear_joins_nothing_from_the_first_pair_on() -> None:
    one = text(*CLAUSES[:3], FOOTER)
    other = text("县城西环路路面今晨塌陷", "两辆过路的小车被困坑中", "交警已在现场疏导过往车辆", FOOTER)
    assert len(set(fingerprints("", one)) & set(fingerprints("", other))) == 3
    assert not told_together(("甲", one), ("乙", other))


def test_a_post_with_a_long_foreign_paragraph_is_its_own_storys() -> None:
    foreign = Candidate("long", "foreign", shared=12, size=60)
    own = Candidate("short", "own", shared=9, size=10)
    assert choose([foreign, own], 22) == "own"


def test_the_clauses_that_two_posts_share_are_named_where_they_stand() -> None:
    one, other = text(*CLAUSES), f"据报道，{CLAUSES[3]}。{CLAUSES[1]}！"
    assert [one[start:end] for start, end in shared(one, other)] == [CLAUSES[1], CLAUSES[3]]
    assert shared(one, "") == ()


@given(st.text(st.sampled_from("停水通知供水公司a1，。：:,. _\n！；?"), max_size=200))
def test_clauses_are_the_same_one_by_one_and_in_two_passes(whole: str) -> None:
    assert [letters for letters, _, _ in _clauses(whole)] == _whole(whole)
