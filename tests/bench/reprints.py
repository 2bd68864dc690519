"""Reprints as editors make them, by a seeded generator; the same seed gives the same edits.

head      another headline and lead-in, another editor's line       cut      the first sixty per cent
insert    a paragraph of another story in the middle                  reword   fifteen per cent of the sentences dropped
third     the first third only
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random

_SENTENCE = re.compile(r"[^。！？\n]*[。！？\n]?")
_DESKS = ("综合报道", "本网讯", "据新华社电", "编辑部整理", "融媒体中心")
_LEADS = ("记者从有关部门了解到，", "今日消息，", "近日，", "据当地媒体报道，")

Edit = Callable[[Random, str, str, str], tuple[str, str]]  # chance, title, text, another story's text


def head(chance: Random, title: str, text: str, other: str) -> tuple[str, str]:
    """Give it another headline, a lead-in before its first sentence and an editor's line at its end."""
    return title[
        : len(title) // 2
    ] + "最新消息", f"{chance.choice(_DESKS)}：{chance.choice(_LEADS)}{text}\n（责编：某某）"


def cut(chance: Random, title: str, text: str, other: str) -> tuple[str, str]:
    """Keep the first sixty per cent."""
    return title, text[: len(text) * 6 // 10]


def insert(chance: Random, title: str, text: str, other: str) -> tuple[str, str]:
    """Put a paragraph of another story between two sentences."""
    own, foreign = sentences(text), sentences(other)
    at = chance.randrange(len(own) + 1)
    return title, "".join((*own[:at], "\n", *foreign[: max(1, len(foreign) // 4)], "\n", *own[at:]))


def reword(chance: Random, title: str, text: str, other: str) -> tuple[str, str]:
    """Drop fifteen per cent of the sentences, one at least where there are two."""
    own = sentences(text)
    dropped = set(chance.sample(range(len(own)), min(len(own) - 1, max(1, round(len(own) * 0.15)))))
    return title, "".join(one for number, one in enumerate(own) if number not in dropped)


def third(chance: Random, title: str, text: str, other: str) -> tuple[str, str]:
    """Keep the first third only."""
    return title, text[: len(text) // 3]


EDITS: Mapping[str, Edit] = {"head": head, "cut": cut, "insert": insert, "reword": reword, "third": third}


def sentences(text: str) -> list[str]:
    """Cut `text` into sentences; joined they are the text again."""
    return [found for found in _SENTENCE.findall(text) if found]
