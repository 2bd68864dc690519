"""How fast text is cut, against jieba in the same run, and whether every token is the same.

stories ─► jieba: cut, cut_for_search ─► CPU seconds, tokens ─┐
        └► Cutter: tokens, search words ─► CPU seconds ───────┴► characters a second, ratio, identical stories

Usage: python -m tests.bench.words FILE.jsonl [COUNT]     a line each with "title" and "body"
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

from pipeline.words import _WORD, Cutter, _exact

ROUNDS = 3


def stories(arguments: Sequence[str]) -> list[str]:
    """Return the texts of the file, at most as many as asked for."""
    lines = Path(arguments[0]).read_text(encoding="utf-8").splitlines()
    told = map(json.loads, lines[: int(arguments[1]) if len(arguments) > 1 else None])
    return [f"{one['title']}\n{one['body']}" for one in told]


def measured(work: Callable[[str], list[str]], texts: Sequence[str]) -> float:
    """Return the CPU seconds of cutting all texts, one after the other; nothing is kept, as in the pipeline."""
    begin = time.process_time()
    for text in texts:
        work(text)
    return time.process_time() - begin


def main() -> None:
    """Print a table: the median ratio of three rounds, jieba and ours in turn."""
    texts = stories(sys.argv[1:])
    size = sum(map(len, texts))
    ours, jieba = Cutter(), _exact(())
    ours.tokens("预热"), list(jieba.cut("预热"))

    def searched(text: str) -> list[str]:
        return [word.casefold() for word in jieba.cut_for_search(text) if _WORD.search(word)]

    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("jieba", "rjieba"))
    print(f"{len(texts)} stories, {size:,} characters; {versions}; CPU time of one process")
    print("| mode | jieba, Mchar/s | ours, Mchar/s | ratio | identical stories |\n|---|---|---|---|---|")
    for mode, theirs, mine in (
        ("cut", lambda text: list(jieba.cut(text)), ours.tokens),
        ("search", searched, lambda text: ours.search_words(ours.tokens(text))),
    ):
        rounds = []
        for _ in range(ROUNDS):
            slow, fast = measured(theirs, texts), measured(mine, texts)
            rounds.append((slow / fast, slow, fast))
        ratio, slow, fast = sorted(rounds)[ROUNDS // 2]
        same = sum(theirs(text) == mine(text) for text in texts)
        print(f"| {mode} | {size / slow / 1e6:.2f} | {size / fast / 1e6:.2f} | {ratio:.1f} | {same} of {len(texts)} |")


if __name__ == "__main__":
    main()
