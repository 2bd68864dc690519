"""Division codes: levels, parents, what covers what."""

from __future__ import annotations

import pytest

from huiying.core.places import ancestors, covers, level_of, significant


@pytest.mark.parametrize(
    ("code", "level", "digits"),
    [
        ("110000000000", "province", "11"),
        ("110100000000", "city", "1101"),
        ("110105000000", "county", "110105"),
        ("110105001000", "township", "110105001"),
        ("110105001002", "village", "110105001002"),
    ],
)
def test_levels(code: str, level: str, digits: str) -> None:
    assert (level_of(code), significant(code)) == (level, digits)


def test_an_area_covers_itself_and_what_lies_inside() -> None:
    assert covers("110105000000", "110105000000")
    assert covers("110105000000", "110105001002")
    assert not covers("110105001002", "110105000000")
    assert not covers("110105000000", "110106000000")


def test_ancestors_are_coarse_to_fine() -> None:
    assert ancestors("110105001002") == ("110000000000", "110100000000", "110105000000", "110105001000")
    assert ancestors("110000000000") == ()


@pytest.mark.parametrize("code", ["", "11010500000", "1101050000000", "11010500000x"])
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="12-digit"):
        level_of(code)
