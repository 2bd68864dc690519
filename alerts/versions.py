"""The captured versions of a post or of a published page, each beside the one before it.

opened │ post_attached │ post_changed │ post_gone    of one post
captured │ rechecked                                  of one published page
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from alerts.events import EventType
from huiying.core.model import Event, Json

_OF_POSTS = frozenset({EventType.OPENED, EventType.POST_ATTACHED, EventType.POST_CHANGED})
_OF_PAGES = frozenset({EventType.CAPTURED, EventType.RECHECKED})


@dataclass(frozen=True, slots=True)
class Version:
    """What event `seq` says of a page at that instant. `of` is the post's id or the number of the event it proves.

    `capture` and its `sha256` are None where no page was kept. Of a post `title` and `text_sha256` are known besides.
    """

    seq: int
    at: datetime
    of: str | int
    address: str
    capture: str | None
    sha256: str | None
    title: str = ""
    text_sha256: str = ""


def versions(event: Event) -> tuple[Version, ...]:
    """Return the versions that `event` records: of each post that it brings, or of a page."""
    payload = event.payload
    if event.type in _OF_POSTS:
        posts = payload["posts"] if event.type == EventType.OPENED else [payload["post"]]
        return tuple(_of_post(event, post) for post in posts)
    if event.type in _OF_PAGES or event.type == EventType.POST_GONE:
        of = payload["post"] if event.type == EventType.POST_GONE else payload["of"]
        page = payload["capture"], payload.get("sha256")
        return (Version(event.seq, event.recorded_at, of, payload["address"], *page),)
    return ()


def changes(events: Iterable[Event]) -> dict[int, tuple[Version, Version]]:
    """Return, by the number of the event that recorded the later one, each two versions that may be compared.

    A later look whose page was gone, or whose bytes are those of before, is none.
    """
    last: dict[str | int, Version] = {}
    found: dict[int, tuple[Version, Version]] = {}
    for event in events:
        for version in versions(event):
            before = last.get(version.of)
            if event.type == EventType.POST_GONE and event.payload["reason"] != "not_named":
                continue
            if before is not None and before.address == version.address and _differ(before, version):
                found[event.seq] = before, version
            if version.capture or version.text_sha256:
                last[version.of] = version
    return found


def _differ(before: Version, after: Version) -> bool:
    if before.text_sha256 and after.text_sha256:
        return (before.title, before.text_sha256) != (after.title, after.text_sha256)
    return after.capture is not None and before.sha256 != after.sha256


def _of_post(event: Event, post: Mapping[str, Json]) -> Version:
    return Version(
        seq=event.seq,
        at=event.recorded_at,
        of=post["id"],
        address=post["address"],
        capture=post.get("capture"),
        sha256=post.get("sha256"),
        title=post["title"],
        text_sha256=post["text_sha256"],
    )
