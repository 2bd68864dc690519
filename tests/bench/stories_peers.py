"""MinHash as datasketch and rensa do it, on the same texts; run by `tests.bench.stories` with the peers' own Python.

    python stories_peers.py FILE     FILE: {"originals": [text], "edits": {name: [text or null]}}

128 permutations over character 5-grams; a Jaccard threshold of 0.5, as both show it in their own documentation.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from datasketch import MinHash, MinHashLSH
from rensa import RMinHash, RMinHashLSH

_SIZE, _THRESHOLD = 5, 0.5


def grams(text: str) -> list[str]:
    """Return the distinct character 5-grams."""
    return sorted({text[at : at + _SIZE] for at in range(max(1, len(text) - _SIZE + 1))})


def datasketch_signed(text: str) -> Any:
    """Sign by datasketch."""
    made = MinHash(num_perm=128)
    made.update_batch([gram.encode() for gram in grams(text)])
    return made


def rensa_signed(text: str) -> Any:
    """Sign by rensa."""
    made = RMinHash(num_perm=128, seed=42)
    made.update(grams(text))
    return made


def measured(given: dict[str, Any], sign: Callable[[str], Any], add: Any, ask: Callable[[Any], Iterable[int]]) -> Any:
    """Return posts signed and looked up a second of CPU time, and the share found of each edit."""
    originals: Sequence[str] = given["originals"]
    began = time.process_time()
    signed = [sign(text) for text in originals]
    signing = time.process_time() - began
    for number, one in enumerate(signed):
        add(number, one)
    began = time.process_time()
    for one in signed:
        list(ask(one))
    asking = time.process_time() - began
    found = {}
    for name, edits in given["edits"].items():
        right = [number in ask(sign(text)) for number, text in enumerate(edits) if text is not None]
        found[name] = sum(right) / len(right)
    return {"signed": len(originals) / signing, "looked": len(originals) / asking, "found": found}


def main() -> None:
    """Measure both and print one JSON object."""
    with open(sys.argv[1], encoding="utf-8") as file:
        given = json.load(file)
    lsh = MinHashLSH(threshold=_THRESHOLD, num_perm=128)
    table = RMinHashLSH(threshold=_THRESHOLD, num_perm=128, num_bands=32)
    told = {
        "datasketch": measured(given, datasketch_signed, lsh.insert, lsh.query),
        "rensa": measured(given, rensa_signed, table.insert, table.query),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
