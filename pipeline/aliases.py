"""The forms in which news write a division's name: full, short, and with 州.

河北省 → 河北    恩施土家族苗族自治州 → 恩施, 恩施州    景宁畲族自治县 → 景宁, 景宁县    towns, villages: in full
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources

from huiying.core.model import PlaceLevel


@cache
def _words() -> dict[str, str]:
    return tomllib.loads((resources.files("pipeline") / "data" / "place_words.toml").read_text(encoding="utf-8"))


def place_words(key: str) -> tuple[str, ...]:
    """Return one list of place_words.toml."""
    return tuple(_words()[key].split())


_PEOPLE = "|".join(sorted(place_words("peoples"), key=len, reverse=True))
_AUTONOMOUS = re.compile(rf"^(?P<short>..+?)(?:(?:{_PEOPLE})族?)*自治(?P<kind>[区州县旗])$")
_SUFFIX = {
    PlaceLevel.PROVINCE: re.compile("(省|市|特别行政区)$"),
    PlaceLevel.CITY: re.compile("(市|县|地区|盟)$"),
    PlaceLevel.COUNTY: re.compile("(市|县|区|旗|林区|特区)$"),
}
_NO_SHORT = re.compile("(新区|开发区|园区|示范区|管理区|林区|矿区|城区|郊区|[东西南北中]区)$")
_NEW_AREAS = frozenset(place_words("new_areas"))
_NO_CITY = frozenset(place_words("no_cities"))


def short_forms(name: str, level: PlaceLevel) -> tuple[str, ...]:
    """Return the short forms of an official name, none below the county and none of a single character."""
    if level not in _SUFFIX:
        return ()
    if found := _AUTONOMOUS.match(name):
        short, kind = found["short"], found["kind"]
        return (short,) if kind == "区" else (short, short + kind)
    if name in _NEW_AREAS:
        return (name[:-2],)
    short = _SUFFIX[level].sub("", name)
    if len(short) < 2 or short == name or (level is PlaceLevel.CITY and short in _NO_CITY) or _NO_SHORT.search(name):
        return ()
    return (short,)


def former_kinds(name: str, level: PlaceLevel) -> tuple[str, ...]:
    """Return the names that a county of today may have borne before: 崇礼区 → 崇礼县, 番禺区 → 番禺市."""
    short = name[:-1]
    if level is not PlaceLevel.COUNTY or len(short) < 2 or name[-1] not in "区市" or _NO_SHORT.search(name):
        return ()
    return (f"{short}县", f"{short}市") if name[-1] == "区" else (f"{short}县",)
