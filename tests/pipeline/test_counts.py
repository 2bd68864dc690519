"""Numbers as Chinese news writes them are read, with their least value, what they count and where they stand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from pipeline.counts import counts
from pipeline.numerals import read

NUMBERS = [
    ("3", 3),
    ("1,200", 1200),
    ("12,345,678", 12_345_678),
    ("1.2万", 12_000),
    ("3千", 3000),
    ("2.5亿", 250_000_000),
    ("0.5万", 5000),
    ("三", 3),
    ("两", 2),
    ("俩", 2),
    ("仨", 3),
    ("十", 10),
    ("十二", 12),
    ("二十", 20),
    ("廿", 20),
    ("廿五", 25),
    ("卅", 30),
    ("九十九", 99),
    ("百", 100),
    ("一百零二", 102),
    ("一百二", 120),
    ("两百五十", 250),
    ("三百", 300),
    ("一千", 1000),
    ("一千五", 1500),
    ("一千零五", 1005),
    ("两千三百", 2300),
    ("万", 10_000),
    ("一万二", 12_000),
    ("一万零二", 10_002),
    ("十二万三千", 123_000),
    ("三千万", 30_000_000),
    ("一亿二千万", 120_000_000),
    ("几", 2),
    ("几十", 20),
    ("十几", 10),
    ("几百", 200),
    ("数千", 2000),
    ("几十万", 200_000),
    ("七八", 7),
    ("两三", 2),
    ("三五", 3),
    ("十七八", 17),
    ("两三百", 200),
    ("四五十", 40),
    ("二〇二六", 2026),
    ("一九九八", 1998),
]


@pytest.mark.parametrize(("written", "value"), NUMBERS)
def test_a_number_is_read_downwards(written: str, value: int) -> None:
    assert read(written) == Fraction(value)


COUNTS = [
    ("3人受伤", "injured", 3, "3人"),
    ("３人受伤", "injured", 3, "３人"),
    ("１２人中毒", "injured", 12, "１２人"),
    ("十余人被送医", "injured", 10, "十余人"),
    ("造成俩人轻伤", "injured", 2, "俩人"),
    ("3名学生不同程度受伤", "injured", 3, "3名学生"),
    ("四十多名学生腹泻", "injured", 40, "四十多名学生"),
    ("廿余人住院", "injured", 20, "廿余人"),
    ("受伤人数升至12人", "injured", 12, "12人"),
    ("致伤5人", "injured", 5, "5人"),
    ("2人死亡", "dead", 2, "2人"),
    ("死亡3人", "dead", 3, "3人"),
    ("5人经抢救无效死亡", "dead", 5, "5人"),
    ("遇难者增至11人", "dead", 11, "11人"),
    ("两名矿工遇难", "dead", 2, "两名矿工"),
    ("七人失联", "missing", 7, "七人"),
    ("六名矿工被困", "missing", 6, "六名矿工"),
    ("上百名学生放学", "people", 100, "上百名学生"),
    ("几十人围观", "people", 20, "几十人"),
    ("近千名村民", "people", 1000, "千名村民"),
    ("约三百人", "people", 300, "三百人"),
    ("两三百人", "people", 200, "两三百人"),
    ("3至5人", "people", 3, "3至5人"),
    ("一万二千人", "people", 12_000, "一万二千人"),
    ("两千多户停水", "households", 2000, "两千多户"),
    ("1.2万户", "households", 12_000, "1.2万户"),
    ("１．２万户", "households", 12_000, "１．２万户"),
    ("十多万户", "households", 100_000, "十多万户"),
    ("3万余户", "households", 30_000, "3万余户"),
    ("3-5万户", "households", 30_000, "3-5万户"),
    ("1,200户居民", "households", 1200, "1,200户"),
    ("上万户", "households", 10_000, "上万户"),
    ("数百户", "households", 200, "数百户"),
    ("百余户", "households", 100, "百余户"),
    ("三百多户村民", "households", 300, "三百多户"),
    ("四百个家庭", "households", 400, "四百个家庭"),
    ("停水超过48小时", "hours", 48, "48小时"),
    ("停电近7个小时", "hours", 7, "7个小时"),
    ("停电6个多小时", "hours", 6, "6个多小时"),
    ("停水三天", "hours", 72, "三天"),
    ("停水两天半", "hours", 60, "两天半"),
    ("停水三天两夜", "hours", 72, "三天两夜"),
    ("停电一天一夜", "hours", 24, "一天一夜"),
    ("停电两昼夜", "hours", 48, "两昼夜"),
    ("停了半天", "hours", 12, "半天"),
    ("停了大半天", "hours", 12, "大半天"),
    ("停水一周", "hours", 168, "一周"),
    ("停气半个月", "hours", 360, "半个月"),
    ("停了三个月", "hours", 2160, "三个月"),
    ("受灾12.5公顷", "hectares", 12, "12.5公顷"),
    ("淹没三千亩", "hectares", 200, "三千亩"),
    ("过火2平方公里", "hectares", 200, "2平方公里"),
]


@pytest.mark.parametrize(("text", "kind", "value", "where"), COUNTS)
def test_a_count_has_kind_least_value_and_place(text: str, kind: str, value: int, where: str) -> None:
    (count,) = counts("text", text)
    assert (count.kind, count.value, text[count.start : count.end]) == (kind, value, where)


def test_one_text_can_hold_several() -> None:
    found = counts("title", "造成5死3伤，另有7人失联")
    assert [(count.kind, count.value, count.field) for count in found] == [
        ("dead", 5, "title"),
        ("injured", 3, "title"),
        ("missing", 7, "title"),
    ]
    apart = counts("text", "3名学生受伤、1人遇难")
    assert [(count.kind, count.value) for count in apart] == [("injured", 3), ("dead", 1)]


@pytest.mark.parametrize(
    "text",
    [
        "第3户",
        "无一人受伤",
        "没有1人受伤",
        "0人受伤",
        "三天前",
        "两天后",
        "24小时热线",
        "48小时内",
        "未来24小时",
        "每3天",
        "3月",
        "三月",
        "一周年",
        "周三",
        "两头",
        "三天两头停电",
        "2026年",
        "人民路3号",
        "5人次",
        "一户外广告",
        "半小时",
        "多人受伤",
    ],
)
def test_what_counts_nothing_of_the_kind_is_none(text: str) -> None:
    assert counts("text", text) == ()
