"""From a post standing in a due loopback feed to its alert in the browser: `python -m tests.bench.latency [posts]`.

The feed is read every second without pause between requests, which only test sites on loopback may ask for. A post is
put into the feed; the clock stops when its card is in the page that Chromium shows. Prints median and percentiles.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from huiying.init import shipped_files
from tests.flow.office import PASSWORD, RunningOffice
from tests.site import Site

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
RULE = '[[rules]]\nid = "w"\nname = "w"\ntopics = ["water"]\nplaces = ["110105000000"]\n'


def texts(site: Site) -> dict[str, str]:
    """Return a desk with one outlet on `site` and one rule."""
    files = {name: text.replace("{area_code}", "110105000000") for name, text in shipped_files().items()}
    files["places.toml"] = 'code = "110105000000"\nname = "朝阳区"\n'
    files["outlets.toml"] = (
        f'[[outlets]]\nid = "paper"\nname = "报"\ntier = "county"\nhosts = ["{site.host}"]\nhome = "110105000000"\n'
        f'pace = 0\ntest_site = true\n[[outlets.sources]]\nkind = "feed"\naddress = "{site.url("/feed")}"\nevery = 1\n'
    )
    return files | {"rules.toml": RULE, "huiying.toml": ""}


def publish(site: Site, number: int, entries: list[dict[str, str]]) -> str:
    """Put post `number` into the feed; return its title."""
    title = f"北京市朝阳区第{number}号院附近突发停水"
    body = f"11月{number % 28 + 1}日，北京市朝阳区第{number}号院附近因水管破裂停水，影响{number + 200}户，正在抢修。"
    head = f"<html><head><title>{title}</title></head>"
    site.page(f"/{number}.html", f"{head}<body><h1>{title}</h1><p>{body}</p></body></html>")
    stamp = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
    entries.insert(0, {"title": title, "link": site.url(f"/{number}.html"), "pubDate": stamp})
    site.feed("/feed", entries[:50], etag=True)
    return title


def main(posts: int) -> None:
    """Measure `posts` posts one after the other."""
    waits = []
    with tempfile.TemporaryDirectory() as folder, Site("127.0.0.41") as site, sync_playwright() as playwright:
        entries: list[dict[str, str]] = []
        publish(site, 0, entries)
        with RunningOffice(Path(folder) / "desk", texts(site), None) as office:
            office.client("duty").close()
            page = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS).new_page()
            page.goto(f"http://127.0.0.1:{office.port}/login")
            page.fill("[name=login]", "duty")
            page.fill("[name=password]", PASSWORD)
            page.press("[name=password]", "Enter")
            page.get_by_text("第0号院").first.wait_for()
            for number in range(1, posts + 1):
                began = time.monotonic()
                title = publish(site, number, entries)
                page.get_by_text(title).first.wait_for(timeout=30_000)
                waits.append(time.monotonic() - began)
    waits.sort()
    p95 = waits[min(len(waits) - 1, int(len(waits) * 0.95))]
    print(f"posts {len(waits)}  median {statistics.median(waits):.2f} s  p95 {p95:.2f} s  longest {waits[-1]:.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
