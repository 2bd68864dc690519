"""Known-item search over real texts: a story's headline, never indexed, must bring its body to the top.

Nobody judged by hand, so nobody can have judged kindly: a query is the headline's words, the one right answer is the
body that stood under it. A headline that its body repeats, or that several stories bear, asks nothing and is left out.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

from huiying.backends.index_tantivy import TantivyIndex
from huiying.core.conditions import All, Any, Word
from huiying.core.ports import Order, Query
from pipeline.words import Cutter
from tests.contract.test_index import post
from tests.pipeline.desk import shared

QUERIES = 200
WORDS = 4  # at least; fewer name no single story
FLOOR_MRR, FLOOR_RECALL = 0.82, 0.90  # of any word, best first
FLOOR_ALL = 0.99  # of every story that holds all the words


def test_200_headlines_find_the_bodies_that_stood_under_them(tmp_path: Path) -> None:
    lines = shared("data", "text", "cctv.jsonl").read_text(encoding="utf-8").splitlines()
    stories = [json.loads(line) for line in lines]
    cutter, empty = Cutter(), post("-", title="", title_words="", text="")
    bodies = {story["id"]: cutter.words(cutter.tokens(story["body"])) for story in stories}
    index = TantivyIndex(tmp_path / "index", writer=True)
    index.put([replace(empty, id=id, story=id, text_words=words) for id, words in bodies.items()])

    borne = Counter(story["title"] for story in stories)
    fit = [story for story in stories if borne[story["title"]] == 1 and story["title"] not in story["body"]]
    asked = {story["id"]: cutter.query(story["title"]) for story in fit}
    asked = {id: words for id, words in asked.items() if len(words) >= WORDS}
    ranks, held, found = [], 0, 0
    for id in Random(20260927).sample(sorted(asked), QUERIES):
        words = tuple(map(Word, asked[id]))
        any_of = Query(where=Any(words), order=Order.BEST, limit=10)
        ids = [one.id for one in index.search(any_of).posts]
        ranks.append(ids.index(id) + 1 if id in ids else 0)
        if set(asked[id]) <= set(bodies[id].split()):
            held += 1
            every = index.search(replace(any_of, where=All(words)))
            found += id in [one.id for one in every.posts]
    index.close()
    mrr = sum(1 / rank for rank in ranks if rank) / QUERIES
    recall = sum(map(bool, ranks)) / QUERIES
    print(f"any word, best first: MRR {mrr:.3f}, recall@10 {recall:.3f}; all words: {found} of {held}")
    assert mrr >= FLOOR_MRR
    assert recall >= FLOOR_RECALL
    assert found >= FLOOR_ALL * held > 0
