"""What the numbers of a text count: people dead, hurt or missing, people, households, hours, hectares.

text ─ number ─ measure word ─ what befell them ─► Count(kind, at least so many, where)

约 and 近 are taken at their word; 多, 余, 超, 上 add nothing. Not a count: an ordinal, 无一人, 三天前, 24小时热线.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from huiying.core.model import Count
from huiying.core.sentences import Sentences
from huiying.core.topic_rules import CountKind
from pipeline.finds import Find
from pipeline.numerals import NUMBER, at_least, narrow

_NUMBER = re.compile(NUMBER)
_DEAD = "死亡|遇难|身亡|丧生|罹难|溺亡|丧命|死去|离世"
_HURT = (
    "受伤|重伤|轻伤|轻微伤|中毒|烧伤|灼伤|烫伤|摔伤|砸伤|刺伤|咬伤|划伤|撞伤|擦伤|骨折|住院|送医|送往|就医|就诊|入院|不适|腹泻|腹痛|呕吐|"
    "发烧|发热|昏迷|晕倒|感染|确诊|过敏"
)
_GONE = "失联|失踪|被困|下落不明|受困"
_PEOPLE = (
    "人|群众|村民|居民|市民|学生|师生|孩子|儿童|幼儿|乘客|旅客|游客|患者|病人|老人|老师|教师|工人|矿工|职工|员工|顾客|食客|司机|驾驶员|"
    "行人|女子|男子|业主|宾客|客人|婴儿|孕妇|伤者|遇难者|死者"
)
_PERSON = re.compile(
    rf"\s*(?:名|位|个|号)?(?:多名|余名|多个|多位)?(?P<who>{_PEOPLE})(?![民次才均份]|大代表)"
    r"(?P<then>[^，。；！？,;!?\n\d]{0,12})"
)
_SHORT = re.compile("(?P<dead>[死亡])(?![者])|(?P<hurt>伤)(?![亡口害痕势情])")
_BEFORE = re.compile(
    rf"(?:(?P<dead>{_DEAD}|遇难者|死者)|(?P<hurt>{_HURT}|伤者|致伤)|(?P<gone>{_GONE}))(?:人数|人员|者|学生)?(?:已|达到|达|升至|增至|"
    "上升到|共|为|有|约|近|超过|超|逾|上|的)*$"
)
_FATES = (
    (CountKind.DEAD, re.compile(_DEAD)),
    (CountKind.INJURED, re.compile(_HURT)),
    (CountKind.MISSING, re.compile(_GONE)),
)
_HOUSEHOLD = re.compile(r"\s*(?:个|家)?(?:多|余)?(?:户(?![外籍型主口均次])|家庭|住户|用户)")
_TIME = re.compile(
    r"\s*(?:个)?(?P<more>多|余)?(?P<half>半)?"
    r"(?P<unit>小时|钟头|天|昼夜|周(?![年边围日一二三四五六末])|星期(?![一二三四五六日天])|礼拜|月)"
    r"(?P<and>半|[一二两三四五六七八九十\d]+夜)?"
)
_NOT_FOR = re.compile(
    "(?:之|以)?(?:前|后|内)|两头|热线|值班|值守|服务|不间断|在岗|营业|监测|巡查|开放|轮|降雨|降水|雨量|时间|一次|一班|份"
)
_NOT_AFTER = re.compile("未来|今后|每|全天|工期|预计|第$|[无没]有?$")
_HALF = re.compile("(?<![一二两三四五六七八九十几数\\d])(?:大)?半(?:个)?(?P<unit>天|月|星期)(?!前|后|内|以)")
_HOURS = {"小时": 1, "钟头": 1, "天": 24, "昼夜": 24, "周": 168, "星期": 168, "礼拜": 168, "月": 720}
_LAND = re.compile(r"\s*(?:多|余)?(?P<unit>公顷|亩|平方公里)")
_HECTARES = {"公顷": Fraction(1), "亩": Fraction(1, 15), "平方公里": Fraction(100)}  # 15 亩 are one hectare
_NONE = re.compile("(?:无|没有|(?<![淹沉埋吞])没|未有)$")


def counts(field: str, text: str) -> tuple[Count, ...]:
    """Return every count of `text` in its order, spans in characters of it. Fractions are rounded down, 0 is none."""
    plain = narrow(text)
    found = [one for number in _NUMBER.finditer(plain) if (one := _count(plain, number))]
    found += [(CountKind.HOURS, Fraction(_HOURS[half["unit"]], 2), *half.span()) for half in _HALF.finditer(plain)]
    whole = ((kind, int(value), start, end) for kind, value, start, end in found)
    return tuple(
        Count(str(kind), value, field, start, end)
        for kind, value, start, end in sorted(whole, key=lambda one: one[2])
        if value
    )


def beside(numbered: Sequence[Count], bounds: Sentences, finds: Sequence[Find]) -> tuple[Count, ...]:
    """Return the counts of the title, of the sentences that `finds` stand in, and of the one after each.

    `bounds` are the text's.
    """
    if not numbered:
        return ()
    near = {find.sentence + more for find in finds if find.field == "text" for more in (0, 1)}
    if any(find.field == "title" for find in finds):
        near |= {0, 1}
    return tuple(one for one in numbered if one.field == "title" or bounds.sentence(one.start) in near)


_Counted = tuple[CountKind, Fraction, int, int]


def _count(text: str, number: re.Match[str]) -> _Counted | None:
    value, start, end = at_least(number), number.start(), number.end()
    before = text[max(0, start - 8) : start]
    if not value or _NONE.search(before):
        return None
    for kind, read in _READERS:
        made = read(text, end, before, value)
        if made is not None:
            reached, amount, fate = made
            return fate or kind, amount, start, reached
    return None


_Made = tuple[int, Fraction, CountKind | None] | None


def _people(text: str, end: int, before: str, value: Fraction) -> _Made:
    short = _SHORT.match(text, end)
    if short:
        return short.end(), value, CountKind.DEAD if short["dead"] else CountKind.INJURED
    person = _PERSON.match(text, end)
    if not person:
        return None
    return person.end("who"), value, _fate(person["who"] + person["then"], before)


def _fate(after: str, before: str) -> CountKind | None:
    """Return what befell the counted people: what is said first after them, else what leads up to the number."""
    said = [(found.start(), kind) for kind, words in _FATES if (found := words.search(after))]
    if said:
        return min(said)[1]
    led = _BEFORE.search(before)
    if not led:
        return None
    return CountKind.DEAD if led["dead"] else CountKind.INJURED if led["hurt"] else CountKind.MISSING


def _households(text: str, end: int, before: str, value: Fraction) -> _Made:
    found = _HOUSEHOLD.match(text, end)
    return (found.end(), value, None) if found else None


def _hours(text: str, end: int, before: str, value: Fraction) -> _Made:
    found = _TIME.match(text, end)
    if not found or _NOT_FOR.match(text, found.end()) or _NOT_AFTER.search(before[-4:]):
        return None
    if found["unit"] == "月" and "个" not in found[0]:  # 三月 is March
        return None
    each, half = _HOURS[found["unit"]], found["half"] or found["and"] == "半"
    return found.end(), value * each + (Fraction(each, 2) if half else 0), None


def _hectares(text: str, end: int, before: str, value: Fraction) -> _Made:
    found = _LAND.match(text, end)
    return (found.end(), value * _HECTARES[found["unit"]], None) if found else None


_READERS = (
    (CountKind.PEOPLE, _people),
    (CountKind.HOUSEHOLDS, _households),
    (CountKind.HOURS, _hours),
    (CountKind.HECTARES, _hectares),
)
