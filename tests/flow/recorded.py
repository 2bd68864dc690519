"""The recorded feeds beside the project, served on loopback: one host an outlet, feeds as they stood, pages rebuilt.

An address http://paper.example/x becomes http://127.0.0.21:PORT/paper.example/x, in feeds and on pages alike.
"""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from huiying.core.addresses import canonical, post_id
from tests.site import Answer, Site

SHARED = Path(os.environ.get("HUIYING_SHARED", Path(__file__).parents[3] / "shared"))
OUTLETS = ("people-daily", "people-politics", "guangming", "caixin-latest")
NO_ARTICLE = re.compile(r"版责编|-\s*广告\s*$")


def recorded_folder() -> Path:
    """Return the folder of recorded feeds; without it the test skips, and fails where CI is set."""
    folder = SHARED / "data" / "replay"
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"the recorded feeds are missing: {folder}")
        pytest.skip(f"the recorded feeds are not here: {folder}")
    return folder


@dataclass(frozen=True)
class Article:
    """One recorded article and where the test serves it."""

    outlet: str
    title: str
    html: str
    address: str

    @property
    def id(self) -> str:
        """Return the post's id."""
        return post_id(self.address)

    @property
    def is_article(self) -> bool:
        """Say whether the item is more than a list of editors or an advertisement."""
        return not NO_ARTICLE.search(self.title)


class Recorded:
    """The sites of the recorded outlets, and one official site where the test publishes."""

    def __init__(self) -> None:
        self.folder = recorded_folder()
        self._open = ExitStack()
        hosts = {name: f"127.0.0.{21 + number}" for number, name in enumerate((*OUTLETS, "official"))}
        self.sites = {name: self._open.enter_context(Site(host)) for name, host in hosts.items()}
        self.snapshots = json.loads((self.folder / "index.json").read_text(encoding="utf-8"))
        self.names = {entry["outlet"]: entry["name"] for entry in self.snapshots}
        self.articles = list(self._articles())
        for article in self.articles:
            self._serve(article)
        self.begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def begin(self) -> None:
        """Let every feed be empty and no official page be there, as before the first snapshot."""
        for site in self.sites.values():
            site.set("/feed.xml", Answer(b"<rss version='2.0'><channel><title>x</title></channel></rss>", etag=True))
        for path in ("/reply.html", "/outcome.html"):
            self.sites["official"].set(path, Answer(b"", 404))

    def serve(self, snapshot: dict[str, str]) -> None:
        """Let the outlet of `snapshot` answer with its feed as it stood then."""
        text = (self.folder / snapshot["file"]).read_text(encoding="utf-8")
        name = snapshot["outlet"]
        moved = re.sub(r"<link>([^<]+)</link>", lambda link: f"<link>{self._moved(name, link[1])}</link>", text)
        answer = Answer(moved.encode(), headers={"Content-Type": "application/rss+xml"}, etag=True)
        self.sites[name].set("/feed.xml", answer)

    def _moved(self, outlet: str, address: str) -> str:
        plain = html.unescape(address.strip())
        return self.sites[outlet].url("/" + plain.split("://", 1)[1])

    def _articles(self) -> Iterator[Article]:
        for line in (self.folder / "articles.jsonl").read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            address = canonical(self._moved(entry["outlet"], entry["url"]))
            yield Article(entry["outlet"], entry["title"], entry["html"], address)

    def _serve(self, article: Article) -> None:
        site = self.sites[article.outlet]
        path = article.address.removeprefix(site.url(""))
        if not article.html:
            site.set(path, Answer(b"", 404))
            return
        heading = html.escape(re.sub(r"^\d+版\S*\s*-\s*", "", article.title.strip()))
        site.page(
            path,
            f"<!DOCTYPE html><html><head><title>{heading}-{self.names[article.outlet]}</title></head>"
            f"<body><div class='article'><h1>{heading}</h1><div>{article.html}</div></div></body></html>",
        )

    def outlets_toml(self) -> str:
        """Return outlets.toml for these sites; the official one belongs to the unit "bureau"."""
        parts = []
        for name, site in self.sites.items():
            official = 'official = true\nunit = "bureau"\n' if name == "official" else ""
            parts.append(
                f'[[outlets]]\nid = "{name}"\nname = "{self.names.get(name, "政府网")}"\ntier = "national"\n'
                f'hosts = ["{site.host}"]\npace = 0\ntest_site = true\n{official}'
                f'[[outlets.sources]]\nkind = "feed"\naddress = "{site.url("/feed.xml")}"\nevery = 60\n'
            )
        return "\n".join(parts)
