"""What more topics cost: characters a second through the tagger with 25, 1,000 and 10,000 topics, in one run.

python -m tests.bench.topics

The 25 are the shipped ones. To them are added topics like them, of words that are made of the same characters: each has
as many words, sets that are near one another, and parts as the shipped one that it is made from, its words at least
four characters long. The texts are the project's own examples, seven to a post, so that all have hits of several.
CPU time of one process, the best of three rounds, the lists in turn.
"""

from __future__ import annotations

import random
import time
import tomllib
from pathlib import Path

from huiying.core.topic_rules import TopicRule
from pipeline.shipped import shipped_contexts, shipped_topics
from pipeline.topics import TopicTagger

SIZES = (25, 1_000, 10_000)
ROUNDS = 3
REPEATED = 2
_SHORTEST = 4  # of two characters, a million words would be every pair that a text can have
EXAMPLES = Path(__file__).parents[1] / "data" / "topics"


def texts() -> list[tuple[str, str]]:
    """Return the examples as posts of some 350 characters: each with the texts of six others after it."""
    pairs = [
        text.split("｜")
        for file in sorted(EXAMPLES.glob("*.toml"))
        for answer in tomllib.loads(file.read_text(encoding="utf-8")).values()
        for text in answer
    ]
    bodies = [body for _, body in pairs]
    count = len(pairs)
    return [
        (title, "\n".join(bodies[(number + 83 * step) % count] for step in range(7)))
        for number, (title, _) in enumerate(pairs)
    ]


def topics(size: int) -> list[TopicRule]:
    """Return the shipped topics and, up to `size`, others of the same make; the same ones in every run."""
    made, shipped = list(shipped_topics()), shipped_topics()
    chance = random.Random(1)
    characters = "".join(word for topic in shipped for word in topic.every_word() + topic.written_words())
    while len(made) < size:
        pattern = shipped[len(made) % len(shipped)].model_dump()
        made.append(TopicRule.model_validate(_invented(pattern, len(made), chance, characters)))
    return made


def _invented(value: object, number: int, chance: random.Random, characters: str) -> object:
    """Return `value` with every word replaced by another of as many characters, four at least, and another id."""
    if isinstance(value, dict):
        same = {"within", "title_only", "regardless"}
        return {
            key: f"t{number}"
            if key == "id" and "parts" in value
            else inner
            if key in same or key == "id"
            else _invented(inner, number, chance, characters)
            for key, inner in value.items()
        }
    if isinstance(value, tuple | list):
        return [_invented(inner, number, chance, characters) for inner in value]
    if isinstance(value, str):
        return "".join(chance.choices(characters, k=max(_SHORTEST, len(value))))
    return value


def main() -> None:
    """Print a line for each size: words, seconds to build, characters a second, and the ratio to the first."""
    posts = texts()
    characters = sum(len(title) + len(text) for title, text in posts) * REPEATED
    taggers = {}
    for size in SIZES:
        rules = topics(size)
        begun = time.process_time()
        taggers[size] = TopicTagger(rules, shipped_contexts())
        built = time.process_time() - begun
        words = sum(len(form.every_word()) for rule in rules for _, form in rule.forms())
        print(f"{size:7,} topics {words:10,} words, built in {built:6.2f} s")
    best = dict.fromkeys(SIZES, 0.0)
    for _ in range(ROUNDS):
        for size, tagger in taggers.items():
            begun = time.process_time()
            for _ in range(REPEATED):
                hits = sum(len(tagger.tag(title, text)) for title, text in posts)
            best[size] = max(best[size], characters / (time.process_time() - begun))
            assert hits >= len(posts)
    for size, rate in best.items():
        each = rate * len(posts) * REPEATED / characters
        print(f"{size:7,} topics {rate:12,.0f} characters/s {each:8,.0f} posts/s, {best[25] / rate:.2f} times 25")


if __name__ == "__main__":
    main()
