"""What stands published on the invented sites, and since when.

written posts ─ hours ─► stand from the start
               └ turn ─► publish_next(), one after another
posts of the past     ─► stand(), at their own instants
responses, own texts  ─► publish(), on an official site

With a file everything stands again, at the same instants, after the site was stopped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from huiying.core.codec import instant, instant_text
from huiying.example.posts import Response, Written

OFFICIAL = "yunze-gov"  # whose site has the editors' page
OFFICIALS = (OFFICIAL, "yunze-shuiwu", "yunze-jiaotong", "yunze-fengdu")
FIRST_REPLY = 20001


@dataclass(frozen=True, slots=True)
class Published:
    """One article as it stands on its outlet's site since `at` (aware, UTC)."""

    id: int
    outlet: str
    title: str
    text: tuple[str, ...]
    at: datetime


class Press:
    """The articles of all sites. `begun` is the instant from which the hours of standing posts count back."""

    def __init__(self, posts: Sequence[Written], begun: datetime, file: Path | None = None) -> None:
        self._file = file
        self._posts: dict[int, Written] = {}
        self._articles: dict[int, Published] = {}
        if file is not None and file.exists():
            self._posts = {post.id: post for post in posts}
            self._waiting = sorted((post for post in posts if post.turn is not None), key=lambda post: post.turn or 0)
            self._read(json.loads(file.read_text(encoding="utf-8")))
        else:
            self.begin(posts, begun)

    def articles(self, outlet: str) -> list[Published]:
        """Return what stands on the site of `outlet`, newest first."""
        here = [article for article in self._articles.values() if article.outlet == outlet]
        return sorted(here, key=lambda article: (article.at, article.id), reverse=True)

    def article(self, outlet: str, id: int) -> Published | None:
        """Return one article of `outlet`, None where it does not stand there."""
        found = self._articles.get(id)
        return found if found is not None and found.outlet == outlet else None

    def publish_next(self, now: datetime) -> Published | None:
        """Publish the post whose turn it is; None when all are published."""
        if not self._waiting:
            return None
        article = self._stand(self._waiting.pop(0), now)
        self._save()
        return article

    def stand(self, posts: Sequence[tuple[datetime, Written]]) -> None:
        """Let each of `posts` stand since its instant."""
        for at, post in posts:
            self._posts[post.id] = post
            self._stand(post, at)
        self._save()

    def publish(self, outlet: str, title: str, text: tuple[str, ...], now: datetime) -> Published:
        """Publish an article that is none of the written posts on the site of `outlet`."""
        article = Published(max([FIRST_REPLY - 1, *self._articles]) + 1, outlet, title, text, now)
        self._articles[article.id] = article
        self._save()
        return article

    def soften(self, id: int, title: str, text: tuple[str, ...]) -> None:
        """Put another title and text in the place of an article's, under the same address and date."""
        self._articles[id] = replace(self._articles[id], title=title, text=text)
        self._save()

    def withdraw(self, id: int) -> None:
        """Take an article off its site: its address answers 404 from now on."""
        del self._articles[id]
        self._save()

    def begin(self, posts: Sequence[Written], begun: datetime) -> None:
        """Let the written posts stand that count their hours back from `begun`, and the others wait for their turn."""
        self._posts |= {post.id: post for post in posts}
        self._waiting = sorted((post for post in posts if post.turn is not None), key=lambda post: post.turn or 0)
        for post in posts:
            if post.hours is not None:
                self._stand(post, begun - timedelta(hours=post.hours))
        self._save()

    def replies(self) -> list[Published]:
        """Return what was published on official sites and is none of the written posts, newest first."""
        found = [one for one in self._articles.values() if one.id >= FIRST_REPLY and one.outlet in OFFICIALS]
        return sorted(found, key=lambda article: (article.at, article.id), reverse=True)

    def open_responses(self, responses: Sequence[Response]) -> list[Response]:
        """Return the responses whose problem has been reported and that have not been published yet."""
        titles = {(article.outlet, article.title) for article in self._articles.values()}
        return [one for one in responses if one.post in self._articles and (one.outlet, one.title) not in titles]

    def _stand(self, post: Written, at: datetime) -> Published:
        article = Published(post.id, post.outlet, post.title, post.text, at)
        self._articles[post.id] = article
        return article

    def _read(self, kept: dict[str, Any]) -> None:
        for id, at in kept["posts"].items():
            if int(id) in self._posts:
                self._stand(self._posts[int(id)], instant(at))
        for reply in kept["replies"]:
            outlet = reply.get("outlet", OFFICIAL)
            article = Published(reply["id"], outlet, reply["title"], tuple(reply["text"]), instant(reply["at"]))
            self._articles[article.id] = article
        self._waiting = [post for post in self._waiting if post.id not in self._articles]

    def _save(self) -> None:
        if self._file is None:
            return
        posts = {str(one.id): instant_text(one.at) for one in self._articles.values() if one.id in self._posts}
        replies = [
            {"id": one.id, "outlet": one.outlet, "title": one.title, "text": list(one.text), "at": instant_text(one.at)}
            for one in self._articles.values()
            if one.id not in self._posts
        ]
        beside = self._file.with_suffix(".new")
        beside.write_text(json.dumps({"posts": posts, "replies": replies}, ensure_ascii=False), encoding="utf-8")
        os.replace(beside, self._file)
