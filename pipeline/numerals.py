"""Numbers as Chinese news writes them, read downwards: 十余 is at least 10, 几百 at least 200, 七八 at least 7.

两千多  1.2万  １２万  十七八  一万二  廿五  3至5
"""

from __future__ import annotations

import re
from fractions import Fraction

# Full-width digits, comma and point, one character for one, so that places in the text stay.
_NARROW = str.maketrans("０１２３４５６７８９，．", "0123456789,.")
_DIGIT = {**dict(zip("零一二三四五六七八九", range(10), strict=True)), "〇": 0, "两": 2, "俩": 2, "仨": 3}
_UNIT = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}
_TENS = {"廿": "二十", "卅": "三十"}
_FIGURES = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?[十百千万亿]*"
_HAN = r"[几数]?[零〇一二两俩三仨四五六七八九十廿卅百千万亿]+几?|[几数](?=[个名位户人天家起处座栋辆小])"
_ONE = rf"(?:{_FIGURES}|{_HAN})"
_SOME = 2  # 几 and 数 are taken for the least that they can mean

# A number, or a range of two; the word for "and more" may stand before the last unit: 十多万.
_RANGE = rf"(?P<low>{_ONE})(?:[至到~～\-—–](?P<high>{_ONE}))?"
NUMBER = rf"(?<![\d.第])(?:上(?=[百千万]))?{_RANGE}(?P<more>[多余来](?P<unit>[百千万亿]*))?"


def narrow(text: str) -> str:
    """Return `text` with full-width digits, commas and points as ASCII, of the same length."""
    return text.translate(_NARROW)


def at_least(found: re.Match[str]) -> Fraction | None:
    """Return what a match of `NUMBER` amounts to at least, None where it is no number."""
    low, high = found["low"], found["high"]
    if high and high[-1] in _UNIT and low[-1] not in _UNIT:
        low += re.search(r"[十百千万亿]+$", high)[0]  # type: ignore[index]
    value = read(low)
    for unit in found["unit"] or "":
        value = value and value * _UNIT[unit]
    return value


def read(written: str) -> Fraction | None:
    """Return the least value of one number in figures or numerals, None where it is none."""
    figures = re.match(r"[\d,]+(?:\.\d+)?", written)
    if figures:
        value = Fraction(figures[0].replace(",", ""))
        rest = written[figures.end() :]
        return value * _times(rest) if set(rest) <= set(_UNIT) else None
    for short, long in _TENS.items():
        written = written.replace(short, long)
    return _numerals(written.rstrip("几") or "几")


def _times(units: str) -> int:
    product = 1
    for unit in units:
        product *= _UNIT[unit]
    return product


def _numerals(written: str) -> Fraction | None:
    if written[0] in "几数":
        rest = written[1:]
        return Fraction(_SOME * _times(rest)) if set(rest) <= set(_UNIT) else None
    if len(written) > 2 and set(written) <= set(_DIGIT):  # 二〇二六
        return Fraction(int("".join(str(_DIGIT[figure]) for figure in written)))
    total = section = 0
    digit: int | None = None
    unit = 1
    for place, figure in enumerate(written):
        if figure in _DIGIT:
            after_digit = place and written[place - 1] in _DIGIT and written[place - 1] not in "零〇"
            digit = digit if after_digit else _DIGIT[figure]  # 七八: the first
            continue
        unit = _UNIT[figure]
        if unit >= _UNIT["万"]:
            section = (section + (digit or 0)) or 1
            total, section = total + section * unit, 0
        else:
            section += (1 if digit is None else digit) * unit
        digit = None
    return Fraction(total + section + _last(digit, unit, written))


def _last(digit: int | None, unit: int, written: str) -> int:
    """Return what a last figure stands for: 一万二 is 12,000, 一百零二 is 102, 十二 is 12."""
    if digit is None:
        return 0
    spoken = unit >= _UNIT["百"] and written[-2] in _UNIT
    return digit * unit // 10 if spoken else digit
