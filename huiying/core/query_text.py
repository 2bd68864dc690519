"""Reads what a person typed into the search box; what is wrong is told by its position, with what was probably meant.

either = every { OR every }   every = one { [AND] one }   one = NOT one | -one | ( either ) | field:value | "…" | word

Words beside one another are all wanted; OR binds weaker than that, NOT stronger. Full-width colons, parentheses and
Chinese quotes are as good as the others, Chinese names of fields and of AND, OR, NOT too. Small "and", "or", "not" are
words, and so is everything inside quotes. A backslash inside quotes takes a quote as it is.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from huiying.core.errors import Refused
from huiying.core.query_tree import QUOTES, Every, Field, Name, Not, Phrase, Tree, Words, either, every, printed

LONGEST = 500
DEEPEST = 20
FIELDS: Mapping[str, Name] = {
    **{str(name): name for name in Name},
    "地点": Name.PLACE,
    "地区": Name.PLACE,
    "主题": Name.TOPIC,
    "信源": Name.OUTLET,
    "层级": Name.TIER,
    "日期": Name.DATE,
    "同题": Name.STORY,
    "级别": Name.LEVEL,
    "有": Name.HAS,
}


class _Kind(Enum):
    AND = auto()
    OR = auto()
    NOT = auto()
    OPEN = auto()
    CLOSE = auto()
    LEAF = auto()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: _Kind
    at: int
    end: int
    leaf: Words | Phrase | Field | None = None


class _Wrong(Exception):
    """What is wrong at `at` (from 0), and the text as it should probably be."""

    def __init__(self, code: str, at: int, mended: str, **fields: str | int) -> None:
        super().__init__(code, at)
        self.code, self.at, self.mended, self.fields = code, at, mended, fields


_OPERATORS = {
    **dict.fromkeys(("AND", "&&", "与", "且", "并且"), _Kind.AND),
    **dict.fromkeys(("OR", "||", "或", "或者"), _Kind.OR),
    **dict.fromkeys(("NOT", "非", "不含"), _Kind.NOT),
}
_BRACKETS = {"(": _Kind.OPEN, "（": _Kind.OPEN, ")": _Kind.CLOSE, "）": _Kind.CLOSE}
_CLOSERS = {**dict.fromkeys(QUOTES, QUOTES), "「": "」", "『": "』"}
_RUN = re.compile(rf"[^\s()（）「『{QUOTES}]+")
_FIELD = re.compile(r"([^:：]*[^\W\d][^:：]*)[:：](.*)", re.DOTALL)


def read(text: str) -> Tree:
    """Return the tree that `text` says.

    What cannot be understood is Refused with a code, `at` (the character where it is wrong, from 1) and `suggestion`, a
    text that can be read; "" where nothing is left of it.
    """
    try:
        return _parsed(text)
    except _Wrong as wrong:
        fields = wrong.fields | {"at": wrong.at + 1, "suggestion": _mended(wrong)}
        raise Refused(wrong.code, **fields) from None


def _parsed(text: str) -> Tree:
    if len(text) > LONGEST:
        raise _Wrong("query_too_long", LONGEST, text[:LONGEST], longest=LONGEST)
    return _Parser(text, _tokens(text)).whole()


def _mended(wrong: _Wrong) -> str:
    """Mend what is wrong, one thing after another; a text that grows no better is given up."""
    for _ in range(LONGEST):
        try:
            tidy = printed(_parsed(wrong.mended))
            return tidy if len(tidy) <= LONGEST else wrong.mended
        except _Wrong as next_one:
            wrong = next_one
    return ""


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        sign = text[at]
        if sign.isspace():
            at += 1
            continue
        if sign in _BRACKETS:
            tokens.append(_Token(_BRACKETS[sign], at, at + 1))
        elif sign in _CLOSERS:
            tokens.append(_phrase(text, at))
        elif sign in "-－":
            tokens.append(_Token(_Kind.NOT, at, at + 1))
        else:
            tokens.append(_run(text, at))
        at = tokens[-1].end
    return tokens


def _phrase(text: str, at: int) -> _Token:
    inner, end = _inside(text, at)
    return _Token(_Kind.LEAF, at, end, Phrase(inner, at))


def _inside(text: str, opening: int) -> tuple[str, int]:
    """Return what stands between the quote at `opening` and the next one that closes it, and where that ends."""
    closers, inner, at = _CLOSERS[text[opening]], "", opening + 1
    while at < len(text) and text[at] not in closers:
        escaped = text[at] == "\\" and at + 1 < len(text) and text[at + 1] in "\\" + closers
        inner += text[at + escaped]
        at += 1 + escaped
    if at == len(text):
        mended = text + ("\\" if text.endswith("\\") else "") + closers[0]
        raise _Wrong("query_quote_open", opening, mended if inner.strip() else text[:opening])
    if not inner.strip():
        raise _Wrong("query_quote_empty", opening, text[:opening] + " " + text[at + 1 :])
    return inner, at + 1


def _run(text: str, at: int) -> _Token:
    """Return the token of what stands up to the next blank, bracket or quote; after a field's colon a quote belongs."""
    found = _RUN.match(text, at)
    run = found[0] if found else text[at]
    end = at + len(run)
    if run in _OPERATORS:
        return _Token(_OPERATORS[run], at, end)
    named = _FIELD.fullmatch(run)
    if named is None:
        return _Token(_Kind.LEAF, at, end, Words(run, at))
    name, value = _name(text, at, end, named[1]), named[2]
    if not value and end < len(text) and text[end] in _CLOSERS:
        value, end = _inside(text, end)
    if not value:
        raise _Wrong("query_value_missing", at, f"{text[:at]} {text[end:]}", field=named[1])
    return _Token(_Kind.LEAF, at, end, Field(name, value, at))


def _name(text: str, at: int, end: int, typed: str) -> Name:
    known = FIELDS.get(typed.casefold())
    if known is not None:
        return known
    near = difflib.get_close_matches(typed.casefold(), FIELDS, n=1, cutoff=0.5)
    after = at + len(typed)
    mended = text[:at] + near[0] + text[after:] if near else f'{text[:at]}"{_literal(text[at:end])}"{text[end:]}'
    names = "、".join(FIELDS) if re.search(r"[一-鿿]", typed) else ", ".join(Name)
    raise _Wrong("query_field_unknown", at, mended, field=typed, known=near[0] if near else names)


def _literal(run: str) -> str:
    return run.replace("\\", "\\\\")


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str, tokens: list[_Token]) -> None:
        self._text, self._tokens, self._next = text, tokens, 0

    def whole(self) -> Tree:
        if not self._tokens:
            return Every()
        tree = self._either(0)
        if (token := self._peek()) is not None:
            raise self._wrong("query_bracket_closed", token)
        return tree

    def _either(self, depth: int) -> Tree:
        parts = [self._every(depth)]
        while self._take(_Kind.OR):
            parts.append(self._every(depth))
        return either(parts)

    def _every(self, depth: int) -> Tree:
        parts = [self._one(depth)]
        while (token := self._peek()) is not None and token.kind not in (_Kind.OR, _Kind.CLOSE):
            self._take(_Kind.AND)
            parts.append(self._one(depth))
        return every(parts)

    def _one(self, depth: int) -> Tree:
        token = self._peek()
        if token is None or token.kind in (_Kind.AND, _Kind.OR, _Kind.CLOSE):
            raise self._missing(token)
        self._next += 1
        if token.leaf is not None:
            return token.leaf
        if depth == DEEPEST:
            raise self._wrong("query_too_deep", token)
        if token.kind is _Kind.NOT:
            return Not(self._one(depth + 1))
        return self._group(token, depth + 1)

    def _group(self, opening: _Token, depth: int) -> Tree:
        token = self._peek()
        if token is None or token.kind is _Kind.CLOSE:
            last = token.end if token else opening.end
            mended = f"{self._text[: opening.at]} {self._text[last:]}"
            raise _Wrong("query_bracket_empty", opening.at, mended)
        tree = self._either(depth)
        if self._take(_Kind.CLOSE) is None:
            raise _Wrong("query_bracket_open", opening.at, self._text + ")")
        return tree

    def _missing(self, token: _Token | None) -> _Wrong:
        """Return what is wrong where something to look for should stand: a bracket, or the operator before it."""
        before = self._tokens[self._next - 1] if self._next else None
        blamed = token if before is None or before.kind is _Kind.OPEN else before
        assert blamed is not None  # a text without tokens asks nothing, and an empty bracket is told by `_group`
        return self._wrong("query_bracket_closed" if blamed.kind is _Kind.CLOSE else "query_operator_alone", blamed)

    def _wrong(self, code: str, token: _Token) -> _Wrong:
        """Return an error at `token`, mended by leaving it out."""
        mended = f"{self._text[: token.at]} {self._text[token.end :]}"
        return _Wrong(code, token.at, mended, word=self._text[token.at : token.end])

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self, kind: _Kind) -> _Token | None:
        token = self._peek()
        if token is None or token.kind is not kind:
            return None
        self._next += 1
        return token
