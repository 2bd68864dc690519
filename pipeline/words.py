"""Text to words, the same for posts and for queries, so that every index gets text already cut.

text ─ jieba.cut ─► tokens (they join to the text) ─ search mode ─► words joined by one blank
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from huiying.core.config import Desk

_WORD = re.compile(r"\w")
_LONGEST_QUERY = 200


@cache
def _dictionary() -> Any:
    """Return jieba's own dictionary, loaded once a process and without its log lines and deprecation warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba
    jieba.setLogLevel(logging.WARNING)
    jieba.dt.initialize()
    return jieba


def own_words(desk: Desk) -> tuple[str, ...]:
    """Return the names of the desk's area, places and units, which must not be cut apart."""
    places = [name for place in desk.area.places for name in (place.name, *place.aliases)]
    units = [unit.name for unit in desk.units]
    return tuple(dict.fromkeys(name for name in (desk.area.name, *places, *units) if len(name) > 1))


class Cutter:
    """Cut text with jieba's dictionary and words of our own; two cutters do not disturb each other."""

    def __init__(self, own: Iterable[str] = ()) -> None:
        jieba = _dictionary()
        self._tokenizer = jieba.Tokenizer()
        self._tokenizer.FREQ = dict(jieba.dt.FREQ)
        self._tokenizer.total = jieba.dt.total
        self._tokenizer.initialized = True
        for word in own:
            self._tokenizer.add_word(word)

    def tokens(self, text: str) -> list[str]:
        """Cut `text`; the tokens joined are the text again."""
        return list(self._tokenizer.cut(text))

    def search_words(self, tokens: Sequence[str]) -> list[str]:
        """Return the words of search mode in small letters: the known words inside a token come before it."""
        words = []
        for token in tokens:
            if _WORD.search(token):
                words += self._inner(token)
                words.append(token)
        return [word.casefold() for word in words]

    def words(self, tokens: Sequence[str]) -> str:
        """Return the words of search mode joined by one blank, for a whitespace analyser."""
        return " ".join(" ".join(self.search_words(tokens)).split())

    def query(self, text: str) -> tuple[str, ...]:
        """Return the distinct words of what somebody typed, at most its first 200 characters."""
        return tuple(dict.fromkeys(self.words(self.tokens(text[:_LONGEST_QUERY])).split()))

    def _inner(self, token: str) -> list[str]:
        """Return the known words of two and three characters inside a longer token, as jieba's search mode does."""
        known = self._tokenizer.FREQ
        return [
            token[start : start + size]
            for size in (2, 3)
            if len(token) > size
            for start in range(len(token) - size + 1)
            if known.get(token[start : start + size])
        ]
