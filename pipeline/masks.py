"""Numbers of private persons become asterisks: identity cards, bank cards, telephones. Public short numbers stay.

Every digit becomes "*" and separators stay, so that places of other tags do not move and masking twice changes nothing.
"""

from __future__ import annotations

import re

_WIDE = str.maketrans("０１２３４５６７８９－Ｘｘ", "0123456789-Xx")
_IDENTITY = re.compile(
    r"(?<![0-9A-Za-z])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[0-9Xx](?![0-9A-Za-z])"
)
_CARD = re.compile(r"(?<![\d.])\d(?:[ -]?\d){15,18}(?![\d.])")
_MOBILE = re.compile(r"(?<![\d.])(?:\+?86[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?![\d.]|[ ]?(?:元|万|亿|吨|人|千瓦|立方))")
_LANDLINE = re.compile(
    r"(?<![\d.])(?:\+?86[ -]?)?(?:[（(]0\d{2,3}[）)]|0\d{2,3})[ —–-]{0,3}\d{7,8}(?:[转-]\d{1,5})?(?!\d)"
)
_LOCAL = re.compile(
    r"(?:电话|热线|致电|拨打|联系方式|传真|手机)(?:[号码是为：:\s]|或)*(\d{7,8}(?:[、,，/或 ]+\d{7,8})*)(?!\d)"
)
_SEVEN = re.compile(r"\d(?:[ ()（）—–\-－转]{0,5}\d){6}")  # the shortest of them has seven digits
# GB 11643-1999, ISO 7064 MOD 11-2
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"


def mask(text: str) -> str:
    """Return `text`, of the same length, with the digits of private numbers as asterisks.

    An identity-card number is masked where its check digit is right (GB 11643), a bank-card number of 16 to 19 digits
    where its Luhn sum is (ISO/IEC 7812-1), a telephone number by its form: mobile, landline with its area code, or
    seven to eight digits after a word such as 电话. Numbers of up to six digits (110, 12345, 95598) are never masked.
    """
    if not _SEVEN.search(text):
        return text
    plain = text.translate(_WIDE)
    spans = [match.span() for match in _IDENTITY.finditer(plain) if _identity(match[0])]
    spans += [match.span() for match in _CARD.finditer(plain) if _luhn(re.sub(r"\D", "", match[0]))]
    spans += [match.span() for match in _MOBILE.finditer(plain)]
    spans += [match.span() for match in _LANDLINE.finditer(plain)]
    spans += [match.span(1) for match in _LOCAL.finditer(plain)]
    letters = list(text)
    for start, end in spans:
        letters[start:end] = ["*" if plain[i].isdigit() or plain[i] in "Xx" else text[i] for i in range(start, end)]
    return "".join(letters)


def _identity(number: str) -> bool:
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number[:17], strict=True))
    return _CHECK[total % 11] == number[17].upper()


def _luhn(number: str) -> bool:
    """Say whether the Luhn sum is right; a number of one digit only, as in a row of zeros, is none."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0 and len(set(number)) > 1
