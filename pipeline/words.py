"""Text to words, the same for posts and for queries, so that every index gets text already cut.

text ─ rjieba ─► tokens ─ those without Han cut again as jieba does ─► tokens ─ search mode ─► words joined by one blank

jieba is the definition. It cuts by itself where rjieba is not installed, and texts that hold own words without Han or
the same Han thrice in a row: those can be cut in equally probable ways, and the last bit of a sum decides.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import chain
from typing import Any, TypeVar

from huiying.core.config import Desk

try:
    import rjieba

    _Fast: Any = rjieba.Jieba
except ImportError:  # no wheel for this machine
    _Fast = None

_WORD = re.compile(r"\w")
_LONGEST_QUERY = 200
_MOST_KNOWN = 1 << 17  # 6,000 stories have 62,070 different tokens
Value = TypeVar("Value")
_HAN = "\u4e00-\u9fd5"  # what jieba takes for Han; rjieba takes more
_OTHER_HAN = re.compile("[\0\u3400-\u4dbf\u9fd6-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_THRICE = re.compile(rf"([{_HAN}]{{1,3}})\1\1")  # in none of 1,500 stories
# A set first, and only then what stands before it: so the engine leaps over Han.
_WITHOUT_HAN = re.compile(rf"[^{_HAN}\0](?<![^\0].)(?:\0?[^{_HAN}\0])+(?![^\0])", re.DOTALL)
# jieba 0.42.1: re_han_default, re_skip_default, finalseg.re_skip; and the words of its dictionary without Han
_BLOCK = re.compile(rf"([{_HAN}a-zA-Z0-9+#&\._%\-]+)")
_SPACE = re.compile(r"(\r\n|\s)")
_NUMBER = re.compile(r"([a-zA-Z0-9]+(?:\.\d+)?%?)")
_LATIN = re.compile(r"(AT&T|[cC]#|[cC]\+\+)")


def own_words(desk: Desk) -> tuple[str, ...]:
    """Return the names of the desk's area, places and units, which must not be cut apart."""
    places = [name for place in desk.area.places for name in (place.name, *place.aliases)]
    units = [unit.name for unit in desk.units]
    return tuple(dict.fromkeys(name for name in (desk.area.name, *places, *units) if len(name) > 1))


class Cutter:
    """Cut text with jieba's dictionary and words of our own; two cutters do not disturb each other."""

    def __init__(self, own: Iterable[str] = ()) -> None:
        self._own = tuple(own)
        self._fast = _fast(self._own) if _Fast else None
        latin = [re.escape(word) for word in self._own if not re.search(f"[{_HAN}]", word)]
        self._latin = re.compile("|".join(latin)) if latin else None
        self._known: Callable[[str], Any] = self._fast.has_word if self._fast else _exact(self._own).FREQ.get
        self._inside = _Known(self._search)
        self._joined = _Known(lambda token: " ".join(" ".join(self._search(token)).split()))

    def tokens(self, text: str) -> list[str]:
        """Cut `text`; the tokens joined are the text again."""
        if self._fast is None or (self._latin and self._latin.search(text)) or _THRICE.search(text):
            return list(_exact(self._own).cut(text))
        if not text:
            return []
        plain = _OTHER_HAN.sub("。", text)  # as jieba takes it: a sign between words
        tokens = _WITHOUT_HAN.sub(_cut_again, "\0".join(self._fast.cut(plain))).split("\0")
        return tokens if plain == text else list(_slices(text, tokens))

    def search_words(self, tokens: Sequence[str]) -> list[str]:
        """Return the words of search mode in small letters: the known words inside a token come before it."""
        return list(chain.from_iterable(map(self._inside.__getitem__, tokens)))

    def words(self, tokens: Sequence[str]) -> str:
        """Return the words of search mode joined by one blank, for a whitespace analyser."""
        return " ".join(filter(None, map(self._joined.__getitem__, tokens)))

    def query(self, text: str) -> tuple[str, ...]:
        """Return the distinct words of what somebody typed, at most its first 200 characters."""
        return tuple(dict.fromkeys(self.words(self.tokens(text[:_LONGEST_QUERY])).split()))

    def knows(self, word: str) -> bool:
        """Say whether the dictionary or our own words have `word`."""
        return bool(self._known(word))

    def _search(self, token: str) -> tuple[str, ...]:
        """Return a token after the known words of two and three characters inside it, as jieba's search mode does."""
        if not _WORD.search(token):
            return ()
        if (size := len(token)) < 3:
            return (token.casefold(),)
        pieces = [token[start : start + 2] for start in range(size - 1)]
        if size > 3:
            pieces += [token[start : start + 3] for start in range(size - 2)]
        return tuple(word.casefold() for word in (*filter(self._known, pieces), token))


class _Known(dict[str, Value]):
    """What was worked out for each token when it was first asked for; all of it anew once there are too many.

    A hit costs half of what it does with `lru_cache`; the words of a language come again anyhow.
    """

    def __init__(self, work: Callable[[str], Value]) -> None:
        super().__init__()
        self._work = work

    def __missing__(self, token: str) -> Value:
        if len(self) >= _MOST_KNOWN:
            self.clear()
        value = self[token] = self._work(token)
        return value


def _cut_again(run: re.Match[str]) -> str:
    return _cut_latin(run[0])


@lru_cache(maxsize=1 << 12)
def _cut_latin(run: str) -> str:
    """Return the tokens of a text without Han as jieba cuts it; they are joined by NUL in `run` and in the answer."""
    return "\0".join(token for block in _BLOCK.split(run.replace("\0", "")) for token in _tokens_of(block))


def _tokens_of(block: str) -> Iterator[str]:
    if _BLOCK.match(block):
        for part in _LATIN.split(block):
            yield from [part] if _LATIN.fullmatch(part) else filter(None, _NUMBER.split(part))
        return
    for part in _SPACE.split(block):
        yield from [part] if _SPACE.fullmatch(part) else part


def _slices(text: str, tokens: Iterable[str]) -> Iterator[str]:
    """Yield the parts of `text` that stand where `tokens` do."""
    begin = 0
    for token in tokens:
        yield text[begin : begin + len(token)]
        begin += len(token)


@lru_cache(maxsize=4)
def _fast(own: tuple[str, ...]) -> Any:
    """Return rjieba's tokenizer with words of our own. Takes 0.3 s and 57 MB."""
    tokenizer = _Fast()
    for word in own:
        tokenizer.add_word(word, None, None)
    return tokenizer


@lru_cache(maxsize=4)
def _exact(own: tuple[str, ...]) -> Any:
    """Return jieba's tokenizer with words of our own."""
    jieba = _dictionary()
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ = dict(jieba.dt.FREQ)
    tokenizer.total = jieba.dt.total
    tokenizer.initialized = True
    for word in own:
        tokenizer.add_word(word)
    return tokenizer


@cache
def _dictionary() -> Any:
    """Return jieba with its dictionary, loaded once a process and without its log lines and deprecation warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba
    jieba.setLogLevel(logging.WARNING)
    jieba.dt.initialize()
    return jieba
