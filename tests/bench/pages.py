"""Title, time and text of labelled pages: ours beside other extractors, in one run on one machine.

python -m tests.bench.pages FOLDER     with the pages and labels.json: file, set, title, published, text of each

pages ─ decoded by us, so that charsets are not what is measured ─► each extractor in processes of its own
      ─► F1 of the bag of Han characters and Latin words, titles but for white space, times to the minute, pages/s
What cannot be installed is left out and named.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from huiying.core.charset import decode
from huiying.core.dates import read_date
from huiying.core.model import Precision
from tests.bench.peers import python_with

# What pip installs for each peer; their own needs leave out what lxml has moved to a package of its own.
PEERS = {
    "trafilatura": ("trafilatura==2.3.1", "lxml_html_clean"),
    "gne": ("gne==0.4.3", "lxml_html_clean"),
    "readability-lxml": ("readability-lxml==0.9", "lxml_html_clean"),
    "newspaper4k": ("newspaper4k[zh]==0.9.6", "lxml_html_clean"),
}
ZONE = "Asia/Shanghai"
HERE = Path(__file__).parent


def bag(text: str) -> Counter[str]:
    """Return the Han characters and Latin words of `text`."""
    return Counter(re.findall(r"[A-Za-z0-9]+|[\u4e00-\u9fff]", re.sub(r"\s+", "", text)))


def f1(gold: str, got: str) -> float:
    """Return the F1 of two bags."""
    wanted, found = bag(gold), bag(got)
    return 2 * sum((wanted & found).values()) / max(1, sum(wanted.values()) + sum(found.values()))


def minute(written: str) -> str:
    """Return an extractor's time to the minute in Beijing, "" where it says a day at most."""
    dated = read_date(written, ZONE, datetime.now(UTC))
    return (
        f"{dated.at.astimezone(ZoneInfo(ZONE)):%Y-%m-%d %H:%M}"
        if dated and dated.precision is not Precision.DAY
        else ""
    )


def ran(name: str, python: str, pages: Path, rounds: int) -> dict[str, Any] | None:
    """Return what one extractor answered, its seconds as the median of `rounds` processes; None where it fails."""
    environment = os.environ | {"PYTHONPATH": str(HERE.parents[1]) if name == "huiying" else ""}
    seconds, told = [], dict[str, Any]()
    for _ in range(rounds):
        command = [python, str(HERE / "pages_peer.py"), name, str(pages)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if done.returncode:
            print(f"{name} does not run: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
            return None
        told = json.loads(done.stdout.splitlines()[-1])
        seconds.append(told["seconds"])
    return told | {"seconds": statistics.median(seconds)}


def python_of(name: str) -> str | None:
    """Return the interpreter that `name` runs under, None where it cannot be installed."""
    if name == "huiying":
        return sys.executable
    try:
        return str(python_with(*PEERS[name]))
    except subprocess.CalledProcessError:
        return None


def row(name: str, told: dict[str, Any], labels: list[dict[str, Any]]) -> tuple[str, dict[str, float], float]:
    """Return the table's row of one extractor, its F1 by set, and its pages a second."""
    scores: dict[str, list[float]] = {}
    titles, times = [], []
    for label in labels:
        title, published, text = told["answers"][label["file"]]
        if label.get("text"):
            scores.setdefault(label["set"], []).append(f1(label["text"], text))
        if label.get("title"):
            titles.append(re.sub(r"\s", "", label["title"]) == re.sub(r"\s", "", title))
        if len(label.get("published") or "") > 10:
            times.append(minute(published) == label["published"])
    means = {key: statistics.mean(values) for key, values in scores.items()}
    speed = len(told["answers"]) / told["seconds"]
    cells = [f"{name} {told['version']}", *(f"{means[key]:.3f}" for key in sorted(means))]
    return (
        " | ".join((*cells, f"{sum(titles)}/{len(titles)}", f"{sum(times)}/{len(times)}", f"{speed:.0f}")),
        means,
        speed,
    )


def main() -> None:
    """Run all and print the table."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("folder", type=Path)
    asked.add_argument("--rounds", type=int, default=5)
    given = asked.parse_args()
    labels = json.loads((given.folder / "labels.json").read_text(encoding="utf-8"))
    print("| extractor | F1 a | F1 b | titles | times | pages/s | ours ÷ theirs |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as kept:
        pages = Path(kept) / "pages"
        pages.mkdir()
        for label in labels:
            text = decode((given.folder / label["file"]).read_bytes(), None)[0]
            (pages / label["file"]).write_text(text, encoding="utf-8", errors="replace")
        ours = 0.0
        for name in ("huiying", *PEERS):
            python = python_of(name)
            told = ran(name, python, pages, given.rounds) if python else None
            if told is None:
                print(f"| {name} | not installable here | | | | | |", flush=True)
                continue
            cells, _, speed = row(name, told, labels)
            ours = ours or speed
            print(f"| {cells} | {ours / speed:.1f} |", flush=True)


if __name__ == "__main__":
    main()
