"""From a post standing in a due loopback feed to its alert in the browser: `python -m tests.bench.latency [posts]`.

The feed is read every second without pause between requests, which only test sites on loopback may ask for. A post is
put into the feed; the clock stops when its card is in the page that Chromium shows. Prints median and percentiles.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.flow.office import PASSWORD, RunningOffice
from tests.flow.water import Feed, water_texts
from tests.site import Site

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def publish(feed: Feed, number: int) -> str:
    """Publish post `number`, a story of its own; return its title."""
    title = f"北京市朝阳区第{number}号院附近突发停水"
    feed.publish(
        f"/{number}.html", title, f"北京市朝阳区第{number}号院因水管破裂停水，影响{number + 200}户，正在抢修。"
    )
    return title


def main(posts: int) -> None:
    """Measure `posts` posts one after the other."""
    waits = []
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        news, official = opened.enter_context(Site("127.0.0.41")), opened.enter_context(Site("127.0.0.42"))
        feed, _ = Feed(news), Feed(official)
        publish(feed, 0)
        office = opened.enter_context(RunningOffice(folder / "desk", water_texts(news, official), None))
        office.client("auditor")
        playwright = opened.enter_context(sync_playwright())
        page = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS).new_page()
        page.goto(f"http://127.0.0.1:{office.port}/login")
        page.fill("[name=login]", "duty")
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.get_by_text("第0号院").first.wait_for(timeout=60_000)
        for number in range(1, posts + 1):
            time.sleep(number % 10 / 10)  # spread over the second between two readings
            began = time.monotonic()
            page.get_by_text(publish(feed, number)).first.wait_for(timeout=30_000)
            waits.append(time.monotonic() - began)
    waits.sort()
    p95 = waits[min(len(waits) - 1, int(len(waits) * 0.95))]
    print(f"posts {len(waits)}  median {statistics.median(waits):.2f} s  p95 {p95:.2f} s  longest {waits[-1]:.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
