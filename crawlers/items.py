"""What a feed or a list page says of one post, before anything of it is judged or fetched."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from huiying.core.addresses import post_id

_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Item:
    """One entry in document order. `summary` is HTML, `date` the entry's own text, `date_field` where it stood.

    `mark` is what stands for its words where a source gives none, as the last change of a page in a sitemap.
    """

    address: str
    title: str
    summary: str
    date: str | None
    date_field: str | None
    mark: str = ""

    def post(self) -> str:
        """Return the post's id; an entry without a link has one of its own words instead."""
        return post_id(self.address) if self.address else digest(f"no_link\0{self.title}\0{self.summary}")[:32]

    def hash(self) -> str:
        """Return SHA-256 over the words that a reader sees: neither mark-up nor date nor guid is news."""
        words = f"{_words(self.title)}\0{_words(self.summary)}"
        return digest(f"{words}\0{self.mark}" if self.mark else words)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The bytes are no feed, or the selectors cannot be used: `code` names a sentence, `detail` is for the log."""

    code: str
    detail: str


def digest(words: str) -> str:
    """Return SHA-256 of `words` in hex."""
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()


def _words(html: str) -> str:
    return " ".join(_TAG.sub(" ", html).split())
