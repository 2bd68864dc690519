"""Whether an item is news: identity is the canonical address, content is what a reader sees of it.

(state of the post, item) ─► new | changed | unchanged, with the reason
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crawlers.boundary import NOT_THIS_OUTLET
from crawlers.items import Item
from huiying.core.states import PostState

WAITING = ""  # item_hash of a post that was seen and not yet appended; its version is 0
REVOCABLE = frozenset({NOT_THIS_OUTLET})  # reasons that the configuration can take back; asked before `judge`


class News(StrEnum):
    """What an item is to us."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an item is, and why: `reason` is a code for the log."""

    news: News
    reason: str


def judge(state: PostState | None, item: Item, source: str, sources: frozenset[str]) -> Verdict:
    """Decide on `item` of `source`; `sources` are the ids that are read now.

    A changed guid or date alone is no news. Two sources of one outlet often give one address different titles: only the
    source that brought a post may change it, unless that source is read no longer.
    """
    if state is None:
        return Verdict(News.NEW, "never_seen")
    if state.version == 0:
        return _unfinished(state)
    if state.item_hash == item.hash():
        return Verdict(News.UNCHANGED, "same_words")
    if state.source != source and state.source in sources:
        return Verdict(News.UNCHANGED, "of_another_source")
    return Verdict(News.CHANGED, "other_words")


def _unfinished(state: PostState) -> Verdict:
    if state.item_hash == WAITING:
        return Verdict(News.NEW, "seen_not_stored")
    if state.item_hash in REVOCABLE:
        return Verdict(News.NEW, "allowed_now")
    return Verdict(News.UNCHANGED, f"dead_{state.item_hash}")
