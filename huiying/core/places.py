"""Arithmetic on 12-digit division codes (GB/T 2260, GB/T 10114): province 2 digits, city 4, county 6, township 9."""

from __future__ import annotations

from functools import lru_cache

from huiying.core.model import PlaceLevel

_WIDTHS = (
    (2, PlaceLevel.PROVINCE),
    (4, PlaceLevel.CITY),
    (6, PlaceLevel.COUNTY),
    (9, PlaceLevel.TOWNSHIP),
    (12, PlaceLevel.VILLAGE),
)
LEVELS = dict(_WIDTHS)  # by the digits that a level uses


@lru_cache(maxsize=1 << 14)
def level_of(code: str) -> PlaceLevel:
    """Return the level of a 12-digit code. Anything else is a ValueError."""
    if len(code) != 12 or not code.isdigit():
        raise ValueError(f"not a 12-digit division code: {code!r}")
    for width, level in _WIDTHS:
        if code[width:].strip("0") == "":
            return level
    raise AssertionError(code)


@lru_cache(maxsize=1 << 14)
def significant(code: str) -> str:
    """Return the digits of `code` that its level uses."""
    level = level_of(code)
    return next(code[:width] for width, named in _WIDTHS if named is level)


def covers(area: str, code: str) -> bool:
    """Say whether `code` is `area` or lies inside it."""
    return code.startswith(significant(area))


@lru_cache(maxsize=1 << 14)
def ancestors(code: str) -> tuple[str, ...]:
    """Return the codes above `code`, coarse to fine, without itself."""
    own = len(significant(code))
    return tuple(code[:width].ljust(12, "0") for width, _ in _WIDTHS if width < own)
