"""How fast sources are read: our crawl role, `reader` and a plain feedparser loop over one loopback site.

    python -m tests.bench.crawl [--feeds 2000] [--rounds 3] [--processes 1,2] [--minutes 0]

Every contender has read every feed before and is told what it needs for "only if changed"; then each round reads all
feeds once, the contenders in turn, and the median of the rounds counts. Ours runs the whole role with robots.txt, one
request in flight a host, states saved, and fetches and keeps the article of each new item, which the peers do not.
--minutes reads on with one process for so long and prints its memory as it goes.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from tests.bench import crawl_ours, feeds_site
from tests.bench.peers import python_with

PEERS = ("reader==3.24", "feedparser==6.0.14", "sgmllib3k==1.0.0", "requests")
_PEERS = Path(__file__).parent / "crawl_peers.py"


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--feeds", type=int, default=2000)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--processes", default="1,2")
    asked.add_argument("--minutes", type=float, default=0)
    given = asked.parse_args()
    counts = [int(count) for count in given.processes.split(",")]
    with tempfile.TemporaryDirectory() as folder, site() as port:
        measured = contest(Path(folder), port, given.feeds, given.rounds, counts)
        table(given.feeds, measured)
        if given.minutes:
            soak(Path(folder) / "soak", port, given.feeds, given.minutes)


def contest(folder: Path, port: int, feeds: int, rounds: int, counts: list[int]) -> dict[str, list[dict[str, float]]]:
    """Return what each contender measured in each round: seconds, CPU seconds and the largest memory in MB."""
    peer = [str(python_with(*PEERS)), str(_PEERS)]
    runs: dict[str, list[list[str]]] = {}
    for count in counts:
        made = folder / f"ours-{count}"
        crawl_ours.prepare(made, port, feeds)
        share = [[sys.executable, "-m", "tests.bench.crawl_ours", str(made), str(port), str(feeds)]] * count
        runs[f"huiying, {count}"] = [[*command, str(count), str(part)] for part, command in enumerate(share)]
    for name in ("reader", "loop"):
        runs[name] = [[*peer, name, str(folder), str(port), str(feeds), str(feeds_site.HOSTS)]]
    measured: dict[str, list[dict[str, float]]] = {name: [] for name in runs}
    with opened(folder, runs) as contenders:
        for number in range(rounds):
            urllib.request.urlopen(f"http://{feeds_site.host(0)}:{port}/round").read()
            for name, children in contenders.items():
                measured[name].append(once(children))
                print(f"round {number + 1} {name}: {feeds / measured[name][-1]['seconds']:.0f} feeds/s", flush=True)
    return measured


@contextmanager
def opened(folder: Path, runs: dict[str, list[list[str]]]) -> Iterator[dict[str, list[subprocess.Popen[str]]]]:
    """Start every contender, wait until each has read everything once, and end them; what they log is in `folder`."""
    logs = (folder / "log").open("a", encoding="utf-8")
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": logs, "text": True}
    started: dict[str, list[subprocess.Popen[str]]] = {}
    try:
        for name, commands in runs.items():
            started[name] = [subprocess.Popen(command, **pipes) for command in commands]
            for child in started[name]:
                _line(child.stdout)
        yield started
    finally:
        for children in started.values():
            for child in children:
                child.kill()
                child.communicate()
        logs.close()


def once(children: list[subprocess.Popen[str]]) -> dict[str, float]:
    """Let the processes of one contender read their feeds once, together; return the whole's figures."""
    began = time.monotonic()
    for child in children:
        assert child.stdin
        child.stdin.write("read\n")
        child.stdin.flush()
    said = [json.loads(_line(child.stdout)) for child in children]
    return {
        "seconds": time.monotonic() - began,
        "cpu": sum(one["cpu"] for one in said),
        "memory": sum(one["memory"] for one in said),
    }


def _line(stream: TextIO | None) -> str:
    line = stream.readline() if stream else ""
    if not line:
        raise RuntimeError("a contender ended")
    return line


def table(feeds: int, measured: dict[str, list[dict[str, float]]]) -> None:
    """Print the medians, and how many times `reader` each is."""
    rate = {name: statistics.median(feeds / one["seconds"] for one in rounds) for name, rounds in measured.items()}
    print(f"\n| {feeds} feeds | feeds/s | × reader | CPU ms a feed | MB |\n|---|---|---|---|---|")
    for name, rounds in measured.items():
        cpu = statistics.median(one["cpu"] for one in rounds) / feeds * 1000
        memory = max(one["memory"] for one in rounds)
        print(f"| {name} | {rate[name]:.0f} | {rate[name] / rate['reader']:.1f} | {cpu:.2f} | {memory:.0f} |")


def soak(folder: Path, port: int, feeds: int, minutes: float) -> None:
    """Read on with one process, and print its memory ten times on the way."""
    crawl_ours.prepare(folder, port, feeds)
    command = [sys.executable, "-m", "tests.bench.crawl_ours", str(folder), str(port), str(feeds), "1", "0"]
    with opened(folder, {"soak": [command]}) as contenders:
        children, begun, told, rounds = contenders["soak"], time.monotonic(), 0, 0
        while (now := time.monotonic() - begun) < minutes * 60:
            urllib.request.urlopen(f"http://{feeds_site.host(0)}:{port}/round").read()
            once(children)
            rounds += 1
            if now >= told * minutes * 6:
                told += 1
                print(
                    f"{now / 60:5.1f} min  {rounds * feeds} readings  {_resident(children[0].pid):.0f} MB", flush=True
                )


def _resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextmanager
def site() -> Iterator[int]:
    """Run the site in a process of its own; yield its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "tests.bench.feeds_site", str(port)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        _line(child.stdout)
        yield port
    finally:
        child.kill()
        child.communicate()


if __name__ == "__main__":
    main()
