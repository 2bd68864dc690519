"""Personal names among words that somebody wants to search or alert by: rules on persons are refused.

word ─ jieba.posseg ─► parts tagged nr ─ begins with a surname ─┐
     └ 某, surnames of two characters, names by sound, pinyin ──┴ no ordinary word, in no place or unit ─► a name
"""

from __future__ import annotations

import logging
import re
import tomllib
import warnings
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any

from huiying.core.config import Desk
from pipeline.aliases import short_forms
from pipeline.gazetteer import gazetteer

_PERSONAL = ("nr", "nrt", "nrfg")
_NO_GIVEN_NAME = "[村镇乡县市区路街巷桥庙祠墓湖山河庄屯寨湾坝岭沟]"
# One to three syllables of Hanyu Pinyin without tones (GB/T 16159): initial and final.
_SYLLABLE = (
    "(?:[bpmfdtnlgkhjqxrzcsyw]|zh|ch|sh)?"
    "(?:iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|ai|an|ao|ei|en|er|ia|ie|in|iu|ou|ua|ue|ui|un|uo|a|e|i|o|u|v)"
)
_PINYIN = re.compile(f"(?:{_SYLLABLE}){{1,3}}")


@cache
def _tagger() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba.posseg
    jieba.setLogLevel(logging.WARNING)
    return jieba.posseg.dt


@cache
def _lists() -> dict[str, tuple[str, ...]]:
    table = tomllib.loads((resources.files("pipeline") / "data" / "names.toml").read_text(encoding="utf-8"))
    return {key: tuple(words.split()) for key, words in table.items()}


def surnames() -> tuple[str, ...]:
    """Return the surnames by which a word is taken for a person's name, of one or two characters."""
    return _lists()["surnames"]


@cache
def _places() -> frozenset[str]:
    divisions = gazetteer().divisions
    return frozenset(name for d in divisions for name in (d.name, *short_forms(d.name, d.level)))


def personal_names(words: Iterable[str], names: Iterable[str] = ()) -> tuple[str, ...]:
    """Return those of `words` that are, or hold, a personal name, in their order.

    A name is what jieba tags nr and begins with a surname; of the dictionary's own words of two characters only the
    known names count. What lies inside a division's name, or one of `names` (the desk's places and units), is none.
    """
    own = tuple(names)
    return tuple(word for word in words if any(not _inside(part, word, own) for part in _named(word)))


def official_names(desk: Desk) -> tuple[str, ...]:
    """Return the names of a desk's units and places: a personal name that lies in one of them follows nobody."""
    places = [name for place in desk.area.places for name in (place.name, *place.aliases)]
    return (*(unit.name for unit in desk.units), desk.area.name, *places)


def _named(word: str) -> list[str]:
    """Return the parts of `word` that jieba takes for a person's name and that look like one, and those so formed."""
    cut = [pair.word for pair in _tagger().cut(word.strip()) if pair.flag in _PERSONAL and _looks_personal(pair.word)]
    return [*cut, *(found[0] for pattern in _forms() for found in pattern.finditer(word)), *_spelt(word)]


def _looks_personal(part: str) -> bool:
    if not 2 <= len(part) <= 4 or not part.startswith(_lists()["surnames"]):
        return False
    ordinary = part in _lists()["ordinary"] or (len(part) == 2 and part in _tagger().word_tag_tab)
    return not ordinary or part in _lists()["two_characters"]


@cache
def _forms() -> tuple[re.Pattern[str], ...]:
    """Return what is a name by its form: 王某, 马某花, 欧阳修远, 买买提·吐尔逊, 阿里木."""
    any_of = {key: "|".join(map(re.escape, _lists()[key])) for key in ("surnames", "compound", "by_sound")}
    long = "|".join(name for name in _lists()["by_sound"] if len(name) > 2)
    return (
        re.compile(f"(?:{any_of['surnames']}|{any_of['compound']})某(?:某|[一-龥](?![一-龥]))?"),
        re.compile(f"^(?:{any_of['compound']})[一-龥]{{1,2}}(?<!{_NO_GIVEN_NAME})$"),
        re.compile("[一-龥]{2,}[·•][一-龥]{2,}"),
        re.compile(f"^(?:{any_of['by_sound']})$|{long}"),
    )


def _spelt(word: str) -> list[str]:
    """Return `word` where it is two or three syllables' words in Latin letters with a surname first or last."""
    parts = word.lower().replace("-", " ").split()
    spelt = 2 <= len(parts) <= 3 and all(_PINYIN.fullmatch(part) for part in parts)
    return [word] if spelt and {parts[0], parts[-1]} & set(_lists()["latin"]) else []


def _inside(part: str, word: str, own: tuple[str, ...]) -> bool:
    """Say whether `part` is a place, or belongs to one of `own` that stands in `word` or is meant by it."""
    return (
        part in _places() or word in _places() or any(part in name and (name in word or word in name) for name in own)
    )
