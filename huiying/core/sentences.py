"""Where sentences and clauses of a Chinese text end: what a word says of another reaches no further."""

from __future__ import annotations

import re
from bisect import bisect_left

_SENTENCE = re.compile("[。；！？;!?\n]")
# A headline parts its clauses by a blank; between figures or Latin letters it parts nothing.
_CLAUSE = re.compile("[。；！？;!?\n，,：:…]|(?<=[一-龥”》])[ \u3000](?=[一-龥“《])")


class Sentences:
    """Number the sentences, clauses and paragraphs of one text, each from 0. A mark belongs to what it ends."""

    def __init__(self, text: str) -> None:
        self._sentences = [mark.start() for mark in _SENTENCE.finditer(text)]
        self._clauses = [mark.start() for mark in _CLAUSE.finditer(text)]
        self._paragraphs = [at for at in self._sentences if text[at] == "\n"]

    def sentence(self, at: int) -> int:
        """Return the number of the sentence that character `at` stands in."""
        return bisect_left(self._sentences, at)

    def clause(self, at: int) -> int:
        """Return the number of the clause that character `at` stands in."""
        return bisect_left(self._clauses, at)

    def paragraph(self, at: int) -> int:
        """Return the number of the paragraph that character `at` stands in."""
        return bisect_left(self._paragraphs, at)
