"""How fast places are tagged, against cpca and jionlp in the same run, and how much memory and time the start takes.

stories ─► cut ─► PlaceTagger.find (the tokens given; and with the cutting) ─► CPU seconds ─┬► characters a second
        └► a throw-away environment with cpca and jionlp ─► CPU seconds on the first ones ──┘

Usage: python -m tests.bench.places FILE.jsonl [COUNT]     a line each with "title" and "body"; pip fetches the peers
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.words import stories

PEERS = ("cpca==0.5.5", "jionlp==1.5.31")
PEERS_COUNT = 100
PEER = """
import json, sys, time
texts = json.load(sys.stdin)
if sys.argv[1] == "cpca":
    import cpca
    work = lambda text: cpca.transform([text])
else:
    import jionlp
    work = jionlp.recognize_location
failed = 0
def attempt(text):
    global failed
    try:
        work(text)
    except Exception:
        failed += 1
attempt(texts[0])
begin = time.process_time()
for text in texts:
    attempt(text)
print(json.dumps([time.process_time() - begin, failed]))
"""


def ours(texts: Sequence[str]) -> tuple[float, float, float, float]:
    """Return CPU seconds of loading and the megabytes it took, of tagging, and of cutting and tagging."""
    from huiying.core.config import Area
    from pipeline.words import Cutter

    cutter = Cutter()
    cut = [cutter.tokens(text) for text in texts]
    before, begin = resident(), time.process_time()
    from pipeline.places import PlaceTagger

    tagger = PlaceTagger(Area(code="0" * 12, name=""), cutter.knows)
    loaded, size = time.process_time() - begin, resident() - before
    for text, tokens in zip(texts[:50], cut[:50], strict=True):
        tagger.find("", text, (), tokens, None)
    begin = time.process_time()
    for text, tokens in zip(texts, cut, strict=True):
        tagger.find("", text, (), tokens, None)
    tagging = time.process_time() - begin
    begin = time.process_time()
    for text in texts:
        tagger.find("", text, (), cutter.tokens(text), None)
    return loaded, size, tagging, time.process_time() - begin


def resident() -> float:
    """Return the megabytes that the process holds."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def peers(texts: Sequence[str]) -> dict[str, tuple[float, int]]:
    """Return CPU seconds and failures of each peer, in an environment made for it and thrown away."""
    took = {}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = Path(folder) / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", "setuptools<81", *PEERS], check=True)
        for name in (peer.partition("==")[0] for peer in PEERS):
            said = subprocess.run(
                [python, "-c", PEER, name], input=json.dumps(texts), capture_output=True, text=True, check=True
            )
            seconds, failed = json.loads(said.stdout.splitlines()[-1])
            took[name] = (seconds, failed)
    return took


def main() -> None:
    """Print a table of characters a second."""
    texts = stories(sys.argv[1:])
    size = sum(map(len, texts))
    loaded, megabytes, tagging, both = ours(texts)
    print(f"{len(texts)} stories, {size:,} characters; CPU time of one process")
    print(f"loading gazetteer and dictionary: {loaded:.2f} s, {megabytes:.0f} MB")
    print("| tagger | kchar/s |\n|---|---|")
    print(f"| ours, words given | {size / tagging / 1e3:,.0f} |\n| ours, with cutting | {size / both / 1e3:,.0f} |")
    few = texts[:PEERS_COUNT]
    for name, (seconds, failed) in peers(few).items():
        print(f"| {name}, first {len(few)}, {failed} failed | {sum(map(len, few)) / seconds / 1e3:,.0f} |")


if __name__ == "__main__":
    main()
