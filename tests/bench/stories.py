"""Stories: reprints found, unrelated posts joined, speed; `python -m tests.bench.stories [--stories 6000] [--record]`.

real texts ─► originals, grouped in a store ─┐
           └► seeded edits (`reprints`) ─► grouped in a copy of it: does each come to its original's story?

datasketch and rensa get the same texts in the same run, in an environment of their own that is thrown away. Speeds are
of CPU time, so that others on the machine count little.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from random import Random

from huiying.backends import sql
from huiying.backends.store_sql import SqlStore
from huiying.backends.store_sql.stories import _Batch
from huiying.core.states import Candidate, Signed
from pipeline.stories import WINDOW, choose, signature
from tests.bench.index import TEXTS
from tests.bench.record import record
from tests.bench.reprints import EDITS

PEERS = ("datasketch==2.0.0", "rensa==0.5.0")
BATCH = 64  # posts of one transaction, as the process role has them
TODAY = date(2026, 9, 1)
_SHORTEST = 100  # characters; a shorter text has no first third to speak of
_FOOTER = (
    "本台记者将持续关注事件的最新进展。更多本地消息请下载本台客户端查看。"
    "新闻线索可以拨打本台热线电话。欢迎关注本台官方公众账号。"
)
Texts = Sequence[tuple[str, str, str]]  # id, title, text


def texts(count: int) -> Texts:
    """Return the first `count` real texts that are long enough."""
    read = [json.loads(line) for line in TEXTS.read_text(encoding="utf-8").splitlines()]
    return [(one["id"], one["title"], one["body"]) for one in read if len(one["body"]) >= _SHORTEST][:count]


def edited(given: Texts, name: str) -> Texts:
    """Return every text after the edit `name`."""
    chance = Random(f"20260901 {name}")
    made = []
    for number, (id, title, text) in enumerate(given):
        other = given[(number + 1 + chance.randrange(len(given) - 1)) % len(given)][2]
        made.append((f"{name}-{id}", *EDITS[name](chance, title, text, other)))
    return made


def picked(signed: Signed, candidates: Sequence[Candidate]) -> str | None:
    """Choose as the process role does."""
    return choose(candidates, len(signed.fingerprints))


def grouped(file: Path, given: Texts) -> tuple[list[str], dict[str, float]]:
    """Group `given` in the store `file`; return their stories, and posts a second of CPU time.

    Signed; looked up once all are held, as the peers are asked; and looked up, chosen for and written.
    """
    began = time.process_time()
    prints = [signature(title, text) for _, title, text in given]
    signing = time.process_time() - began
    signed = [
        Signed(id, marks, TODAY, TODAY - WINDOW, opening)
        for (id, _, _), (marks, opening) in zip(given, prints, strict=True)
    ]
    store = SqlStore(f"sqlite:///{file}")
    began = time.process_time()
    stories = [
        story
        for begin in range(0, len(signed), BATCH)
        for story in store.stories.assign_all(signed[begin : begin + BATCH], picked)
    ]
    grouping = time.process_time() - began
    store.close()
    spent = {"signed": signing, "looked": _looking(file, signed), "grouped": grouping}
    return stories, {name: len(given) / seconds for name, seconds in spent.items()}


def _looking(file: Path, signed: Sequence[Signed]) -> float:
    """Return the CPU seconds until each post has its story from a store that holds all; nothing is written."""
    engine = sql.engine(f"sqlite:///{file}")
    began = time.process_time()
    for begin in range(0, len(signed), BATCH):
        part = signed[begin : begin + BATCH]
        with sql.reading(engine, "store") as connection:
            batch = _Batch(connection, part)
            for one in part:
                batch.place(one, picked)
    spent = time.process_time() - began
    engine.dispose()
    return spent


def unrelated(given: Texts, stories: Sequence[str]) -> int:
    """Count the texts that were joined to one with which they share under a fifth of their own 13-character pieces."""
    pieces = {id: {text[at : at + 13] for at in range(len(text) - 12)} for id, _, text in given}
    wrong = 0
    for (id, _, _), story in zip(given, stories, strict=True):
        smaller = min(pieces[id], pieces[story], key=len)
        wrong += story != id and len(pieces[id] & pieces[story]) < 0.2 * len(smaller)
    return wrong


def boilerplate(folder: Path, given: Texts) -> int:
    """Count the texts that come to another story when all bear one footer of four clauses."""
    bare = folder / "bare.sqlite"
    alone, _ = grouped(bare, given)
    footed, _ = grouped(folder / "footed.sqlite", [(id, title, text + "\n" + _FOOTER) for id, title, text in given])
    return sum(one != other for one, other in zip(alone, footed, strict=True))


def peers(folder: Path, given: Texts, edits: dict[str, Texts]) -> dict[str, dict[str, object]]:
    """Return what the peers do with the same, in an environment made for it."""
    shared = folder / "texts.json"
    shared.write_text(
        json.dumps(
            {
                "originals": [text for _, _, text in given],
                "edits": {name: [text for _, _, text in made] for name, made in edits.items()},
            }
        ),
        encoding="utf-8",
    )
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS], check=True)
    script = Path(__file__).with_name("stories_peers.py")
    told: dict[str, dict[str, object]] = json.loads(subprocess.check_output([python, script, shared], text=True))
    return told


def main() -> None:
    """Read the arguments, measure, print and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stories", type=int, default=6000)
    parser.add_argument("--record", action="store_true")
    asked = parser.parse_args()
    if not TEXTS.exists():
        sys.exit(f"the texts are not at {TEXTS}")
    given = texts(asked.stories)
    edits = {name: edited(given, name) for name in EDITS}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        stories, speeds = grouped(folder / "store.sqlite", given)
        found = {}
        for name, made in edits.items():
            copy = Path(shutil.copy(folder / "store.sqlite", folder / f"{name}.sqlite"))
            came, _ = grouped(copy, made)
            found[name] = sum(one == other for one, other in zip(came, stories, strict=True)) / len(given)
        wrong, moved = unrelated(given, stories), boilerplate(folder, given[:1000])
        told = {"ours": {**speeds, "found": found}, **peers(folder, given, edits)}
    rows = [_row(name, one) for name, one in told.items()]
    for row in rows:
        print(*row, sep=" | ")
    said = (
        f"Unrelated posts joined: {wrong} of {len(given):,} ({100 * wrong / len(given):.2f} %);"
        f" joined or parted by a footer that 1,000 posts bear: {moved}."
    )
    print(said)
    if asked.record:
        command = f"`python -m tests.bench.stories --stories {asked.stories} --record`"
        about = (
            f"{command}: {len(given):,} stories, each edited in five ways; speeds of CPU time, ours in SQLite on disk."
        )
        record(
            "同稿 Stories",
            f"{about}\n{said}",
            ("", "signed/s", "looked up/s", "grouped/s", *EDITS, "all"),
            rows,
            ("sqlalchemy",),
        )


def _row(name: str, measured: dict[str, object]) -> list[str]:
    found = measured["found"]
    assert isinstance(found, dict)
    shares = [*found.values(), sum(found.values()) / len(found)]
    names = ("signed", "looked", "grouped")
    speeds = [f"{float(str(measured[name])):,.0f}" if name in measured else "" for name in names]
    return [name, *speeds, *(f"{share:.4f}" for share in shares)]


if __name__ == "__main__":
    main()
