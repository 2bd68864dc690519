"""The divisions of China with their codes, from pipeline/data/gazetteer.bin; villages are unpacked county by county.

HYGZ2\\n │ length of the main frame (uint32, big endian) │ main frame │ one frame of villages a county
main frame (zstd, UTF-8 lines): what it is (JSON) │ "digits TAB name TAB short" │ empty │ "digits TAB former name" │
empty │ "county TAB length"
village frame (zstd, UTF-8 lines): six digits (township 3, village 3) and the name
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib import resources
from typing import Any

import zstandard

from huiying.core.model import PlaceLevel
from huiying.core.places import LEVELS, ancestors, level_of

MAGIC = b"HYGZ2\n"
_KINDS = ("省", "市", "县", "区", "自治区", "自治州", "自治县", "镇", "乡", "街道")  # what a name is typed without


@dataclass(frozen=True, slots=True)
class Division:
    """One administrative division: its 12-digit code, official name and level.

    `short` says what the short form of a city or county is otherwise: "p" a place name and nothing else, "w" an
    ordinary word, "d" a word or a name that is often something else.
    """

    code: str
    name: str
    level: PlaceLevel
    short: str = ""


class Gazetteer:
    """Read a gazetteer's bytes: provinces to townships at once, villages when a county is asked for.

    `former` holds cities and counties of today under the names that they bore before.
    """

    def __init__(self, body: bytes) -> None:
        if not body.startswith(MAGIC):
            raise ValueError("not a gazetteer")
        (size,) = struct.unpack_from(">I", body, len(MAGIC))
        begin = len(MAGIC) + 4
        lines = iter(zstandard.decompress(body[begin : begin + size]).decode("utf-8").split("\n"))
        self.about: dict[str, Any] = json.loads(next(lines))
        self.divisions = tuple(_division(line) for line in iter(lambda: next(lines), ""))
        self.former = tuple(_division(f"{line}\t") for line in iter(lambda: next(lines), ""))
        self._names = {division.code: division.name for division in self.divisions}
        self._frames: dict[str, tuple[int, int]] = {}
        self._body = body
        offset = begin + size
        for line in lines:
            county, _, length = line.partition("\t")
            self._frames[county] = (offset, int(length))
            offset += int(length)
        self.villages = lru_cache(maxsize=64)(self._villages)
        self.village_codes = lru_cache(maxsize=256)(self._village_codes)

    def name(self, code: str) -> str | None:
        """Return the official name of a 12-digit code, None where there is none."""
        if code in self._names:
            return self._names[code]
        villages = self.villages(code[:6]) if code[9:] != "000" else ()
        return next((village.name for village in villages if village.code == code), None)

    def codes(self, name: str) -> tuple[str, ...]:
        """Return the codes of every division above the villages that is called `name`, with its kind or without."""
        return self._codes.get(name) or next(
            (self._codes[full] for kind in _KINDS if (full := name + kind) in self._codes), ()
        )

    @cached_property
    def _codes(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for division in self.divisions:
            found[division.name] = (*found.get(division.name, ()), division.code)
        return found

    def path(self, code: str) -> tuple[str, ...]:
        """Return the names from the province down to `code`, without the ones that have no name."""
        codes = dict.fromkeys((*ancestors(code), code))
        return tuple(name for inner in codes if (name := self.name(inner)))

    def counties(self) -> tuple[str, ...]:
        """Return the six digits of every county that has villages."""
        return tuple(self._frames)

    def _villages(self, county: str) -> tuple[Division, ...]:
        """Return the villages of the county with these six digits."""
        return tuple(Division(county + line[:6], line[6:], PlaceLevel.VILLAGE) for line in self._lines(county))

    def _village_codes(self, county: str) -> Mapping[str, tuple[str, ...]]:
        """Return the codes of the county's villages by name; many counties have two villages of one name."""
        codes: dict[str, tuple[str, ...]] = {}
        for line in self._lines(county):
            codes[line[6:]] = (*codes.get(line[6:], ()), county + line[:6])
        return codes

    def _lines(self, county: str) -> list[str]:
        if county not in self._frames:
            return []
        offset, length = self._frames[county]
        return zstandard.decompress(self._body[offset : offset + length]).decode("utf-8").split("\n")


def _division(line: str) -> Division:
    digits, name, short = line.split("\t")
    code = digits.ljust(12, "0")
    # A county without a code of its own in its city is written with the zeros of its townships.
    return Division(code, name, level_of(code) if digits.endswith("00") else LEVELS[len(digits)], short)


@cache
def gazetteer() -> Gazetteer:
    """Return the shipped gazetteer, read once a process."""
    return Gazetteer((resources.files("pipeline") / "data" / "gazetteer.bin").read_bytes())
