"""The peers of the crawl bench, run with the peers' own interpreter: `python crawl_peers.py reader|loop FOLDER PORT …`.

reader    the library, its database on disk, ten workers (its own best, more are slower)
loop      what anybody writes first: requests with If-None-Match, feedparser over every body, one after the other
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable


def addresses(port: int, feeds: int, hosts: int) -> list[str]:
    """Return the feeds' addresses, as feeds_site says them."""
    made = []
    for feed in range(feeds):
        host = f"127.3.{feed % hosts // 100}.{feed % 100 + 1}"
        made.append(f"http://{host}:{port}/feed/{feed}.xml")
    return made


def with_reader(folder: str, urls: list[str]) -> Callable[[], None]:
    """Return what reads all feeds once with `reader`."""
    from reader import make_reader

    reader = make_reader(f"{folder}/reader.sqlite")
    for url in urls:
        reader.add_feed(url)
    return lambda: reader.update_feeds(workers=10, scheduled=False)


def with_loop(folder: str, urls: list[str]) -> Callable[[], None]:
    """Return what reads all feeds once with requests and feedparser."""
    import feedparser
    import requests

    session = requests.Session()
    tags: dict[str, str] = {}

    def read() -> None:
        for url in urls:
            answer = session.get(url, headers={"If-None-Match": tags[url]} if url in tags else {}, timeout=30)
            if answer.status_code == 200:
                feedparser.parse(answer.content)
                if "ETag" in answer.headers:
                    tags[url] = answer.headers["ETag"]

    return read


def main() -> None:
    """Read everything once, then once for each line of standard input."""
    name, folder, port, feeds, hosts = sys.argv[1:]
    read = {"reader": with_reader, "loop": with_loop}[name](folder, addresses(int(port), int(feeds), int(hosts)))
    read()
    print("{}", flush=True)
    for _ in sys.stdin:
        began = time.process_time()
        read()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"cpu": time.process_time() - began, "memory": memory}), flush=True)


if __name__ == "__main__":
    main()
