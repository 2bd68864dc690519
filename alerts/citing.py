"""The page of a post that an alert cites, kept for good before the ledger names it."""

from __future__ import annotations

from dataclasses import replace

from huiying.core.errors import BackendError
from huiying.core.model import Post
from huiying.core.ports import Captures


def cited(post: Post, captures: Captures) -> Post:
    """Pin the page that `post` was read off and return the post; one that is not held any more is not named."""
    if post.capture is None:
        return post
    try:
        captures.pin(post.capture)
    except BackendError as missing:
        if missing.code != "capture_missing":
            raise
        return replace(post, capture=None, page_sha256=None)
    return post
