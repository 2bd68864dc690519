"""Private numbers are masked, public ones stay."""

from __future__ import annotations

import pytest

from pipeline.masks import mask

IDENTITY = "11010519491231002X"  # the example of GB 11643-1999
CARD = "6222021234567890128"


def luhn(number: str) -> str:
    """Return `number` with the digit that makes its Luhn sum right."""
    for last in "0123456789":
        digits = [int(d) for d in reversed(number + last)]
        if (sum(digits[::2]) + sum(sum(divmod(2 * d, 10)) for d in digits[1::2])) % 10 == 0:
            return number + last
    raise AssertionError(number)


@pytest.mark.parametrize(
    "number",
    [
        "13800138000",
        "138 0013 8000",
        "138-0013-8000",
        "+86 13800138000",
        "１３８００１３８０００",
        "0311-88881234",
        "（010）88881234",
        "0731—8888123",
        IDENTITY,
        IDENTITY.lower(),
        luhn("622202123456789"),
        luhn("622202123456789012"),
        luhn("622202123456789")[:4] + " " + luhn("622202123456789")[4:8] + " " + luhn("622202123456789")[8:],
    ],
)
def test_private_numbers_lose_every_digit_and_keep_their_length(number: str) -> None:
    masked = mask(f"请联系{number}，谢谢")
    assert not any(letter.isdigit() for letter in masked)
    assert "X" not in masked.upper()
    assert len(masked) == len(f"请联系{number}，谢谢")
    assert mask(masked) == masked


@pytest.mark.parametrize("written", ["咨询电话：88881234", "请拨打8888123或8888124", "联系电话 88881234、88885678"])
def test_local_numbers_are_masked_after_a_word_that_announces_them(written: str) -> None:
    assert not any(letter.isdigit() for letter in mask(written))


@pytest.mark.parametrize(
    "written",
    [
        "请拨打110、119、120或12345，停电请拨95598，燃气96777",
        "投资13800138000元",
        "2026年1月27日15:20，受影响20260127户",
        "编号110105194912310021",  # the check digit is wrong
        "流水号6222021234567890",  # the Luhn sum is wrong
        "客服400-888-1234",
        "全长12345.67890123米",
        "停水影响88881234人次",
    ],
)
def test_public_numbers_and_amounts_stay(written: str) -> None:
    assert mask(written) == written
