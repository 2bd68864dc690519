"""What a page says of itself outside its visible lines: <title>, meta, JSON-LD, <time>, the data of its own scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from pipeline.clean import one_line

# Names of meta elements that mean the publication, letters only, the most particular first.
_META_TIMES = (
    *("articlepublishedtime", "ogpublishedtime", "datepublished", "ogreleasedate", "pubdate", "publishdate", "pubtime"),
    *("publishtime", "publisheddate", "publishedtime", "publicationdate", "firstpublishedtime", "firstcreatetime"),
    *("bytedancepublishedtime", "weiboarticlecreateat", "sailthrudate", "dcdateissued", "dctermsissued", "dcdate"),
    *("apubtime", "ogtime", "apubdate", "releasedate", "createdate", "date"),
)
_JSON_LD = re.compile(r'"datePublished"\s*:\s*"([^"]{8,40})"')
_DATA = re.compile(
    r"""\b(?:pub_?time|pub_?date|publish_?time|publish_?date|published_?at|first_?publish_?time)["']?\s*[:=]\s*"""
    r"""(?:["']([^"']{8,40})["']|(\d{10}(?:\d{3})?)\b)""",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"[^a-z]+")


class Head:
    """The head of one parsed page."""

    def __init__(self, tree: Any) -> None:
        self._tree = tree
        self._metas: dict[str, str] = {}
        for element in tree.iter("meta"):
            name = element.get("property") or element.get("name") or element.get("itemprop")
            content = element.get("content")
            if name and content:
                self._metas.setdefault(_LETTERS.sub("", name.lower()), content)
        title = next(tree.iter("title"), None)
        self.title = one_line("".join(title.itertext())) if title is not None else ""

    def titles(self) -> Iterator[str]:
        """Yield what meta calls the article; `ArticleTitle` is 政府网站发展指引 (国办发〔2017〕47号), annex 1."""
        for name in ("articletitle", "ogtitle"):
            if said := one_line(self._metas.get(name, "")):
                yield said

    def times(self) -> Iterator[tuple[str, str]]:
        """Yield the times of publication said, with the source of each, the most trusted first."""
        scripts = [element for element in self._tree.iter("script") if element.text]
        for script in scripts:
            if script.get("type") == "application/ld+json":
                yield from ((said, "json-ld") for said in _JSON_LD.findall(script.text)[:1])
        yield from ((self._metas[name], "meta") for name in _META_TIMES if name in self._metas)
        for element in self._tree.iter("time"):
            if element.get("datetime"):
                yield element.get("datetime"), "time"
                break
        # Data that names several times speaks of other articles too.
        said = {one or other for script in scripts for one, other in _DATA.findall(script.text)}
        if len(said) == 1:
            yield _spelt(said.pop()), "script"


def _spelt(said: str) -> str:
    """Return a time of data as a written one: ten digits are seconds, thirteen milliseconds since 1970 (UTC)."""
    if not said.isdecimal() or len(said) not in (10, 13):
        return said
    return datetime.fromtimestamp(int(said[:10]), UTC).isoformat()
