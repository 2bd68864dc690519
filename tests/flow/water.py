"""A small real-time office about water in one district: a news site, an official site, one rule, one unit."""

from __future__ import annotations

import time

from huiying.init import shipped_files
from tests.site import Site

AREA = "110105000000"
RULE = f'[[rules]]\nid = "water"\nname = "供水"\ntopics = ["water"]\nplaces = ["{AREA}"]\n'
UNIT = f'[[units]]\nid = "bureau"\nname = "水务局"\ntopics = ["water"]\nplaces = ["{AREA}"]\n'


def water_texts(news: Site, official: Site) -> dict[str, str]:
    """Return the desk's files; both sites have one feed at /feed, read every second."""
    texts = {name: text.replace("{area_code}", AREA) for name, text in shipped_files().items()}
    del texts["huiying.toml"]
    outlets = [
        _outlet("news", "区报", news),
        _outlet("government", "区政府网", official, 'official = true\nunit = "bureau"\n'),
    ]
    own = {
        "places.toml": f'code = "{AREA}"\nname = "朝阳区"\n',
        "outlets.toml": "\n".join(outlets),
        "rules.toml": RULE,
        "units.toml": UNIT,
    }
    return texts | own


def _outlet(id: str, name: str, site: Site, more: str = "") -> str:
    return (
        f'[[outlets]]\nid = "{id}"\nname = "{name}"\ntier = "county"\nhosts = ["{site.host}"]\nhome = "{AREA}"\n'
        f'pace = 0\ntest_site = true\n{more}[[outlets.sources]]\nkind = "feed"\n'
        f'address = "{site.url("/feed")}"\nevery = 1\n'
    )


class Feed:
    """Posts on a site with their feed; a post stands in the feed as soon as it is published."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._entries: list[dict[str, str]] = []
        site.feed("/feed", [], etag=True)

    def publish(self, path: str, title: str, text: str) -> str:
        """Put a page and its entry; return its address."""
        head = f"<html><head><title>{title}</title></head>"
        self.site.page(path, f"{head}<body><h1>{title}</h1><p>{text}</p></body></html>")
        stamp = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        address = self.site.url(path)
        self._entries.insert(0, {"title": title, "link": address, "pubDate": stamp})
        self.site.feed("/feed", self._entries[:50], etag=True)
        return address
