"""Which topics a post has: words that say what is wrong, all found in one pass over title and text.

title, text ─ one dictionary of all words ─► finds by word ─ any, all, none by clause ─► hits
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect
from collections.abc import Mapping, Sequence
from importlib import resources

import daachorse

from huiying.core.config import TopicRule
from huiying.core.model import TopicHit

_BOUND = re.compile("[。；！？\n]")
_Find = tuple[str, str, int, int]


class TopicTagger:
    """Tag topics by the desk's rules."""

    def __init__(self, rules: Sequence[TopicRule]) -> None:
        self._rules = tuple(rules)
        self._words = sorted({word for rule in rules for word in (*rule.any, *rule.all, *rule.none) if word})
        self._automaton = daachorse.CharwiseDoubleArrayAhoCorasick(self._words) if self._words else None

    def tag(self, title: str, text: str) -> tuple[TopicHit, ...]:
        """Return the topics in the rules' order, each with every place of its `any` and `all` words."""
        finds = self._finds((("title", title), ("text", text)))
        clauses = [bound.start() for bound in _BOUND.finditer(text)]
        hits = ((rule.id, _matched(rule, finds, clauses)) for rule in self._rules)
        return tuple(TopicHit(topic, words) for topic, words in hits if words)

    def _finds(self, fields: Sequence[tuple[str, str]]) -> Mapping[str, list[_Find]]:
        """Return (word, field, start, end) of every word found, overlapping ones too, by word."""
        finds: dict[str, list[_Find]] = {}
        if self._automaton is None:
            return finds
        for field, text in fields:
            for start, end, number in self._automaton.find_overlapping(text):
                word = self._words[number]
                finds.setdefault(word, []).append((word, field, start, end))
        return finds


def _matched(rule: TopicRule, finds: Mapping[str, list[_Find]], clauses: Sequence[int]) -> tuple[_Find, ...]:
    """Return the finds that give the rule's topic in order, empty where it does not apply. `clauses` are their ends."""
    seen = {
        word: kept
        for word, found in finds.items()
        if (kept := [f for f in found if f[1] == "title" or not rule.title_only])
    }
    against = [find for word in rule.none for find in seen.get(word, [])]
    if any(find[1] == "title" for find in against) or not all(word in seen for word in rule.all):
        return ()
    denied = {bisect(clauses, find[2]) for find in against}
    found = [find for word in dict.fromkeys(rule.any) for find in seen.get(word, [])]
    standing = [find for find in found if _clause(find, clauses) not in denied]
    if not standing:
        return ()
    named = [find for word in dict.fromkeys(rule.all) for find in seen[word] if word not in rule.any]
    return tuple(sorted((*standing, *named), key=lambda find: (find[1] != "title", find[2], find[3])))


def _clause(find: _Find, clauses: Sequence[int]) -> int:
    """Return the number of the text's clause that `find` stands in; a title goes with the first."""
    return 0 if find[1] == "title" else bisect(clauses, find[2])


def shipped_topics() -> tuple[TopicRule, ...]:
    """Return the twelve topics that come with the project, from pipeline/data/topics.toml."""
    table = tomllib.loads((resources.files("pipeline") / "data" / "topics.toml").read_text(encoding="utf-8"))
    return tuple(TopicRule.model_validate(topic) for topic in table["topics"])
