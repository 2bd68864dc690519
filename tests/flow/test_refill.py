"""A desk without its index: it is filled again from POSTS_READY, also when a kill came in between."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

from huiying import wiring
from huiying.core import codec
from huiying.core.model import Post, Tier, Topic
from huiying.core.ports import Query
from huiying.demo import make
from huiying.wiring import Runtime, open_desk


def posts(runtime: Runtime, count: int) -> None:
    """Append `count` ready posts."""
    now = runtime.clock.now()
    for number in range(count):
        seen = now + timedelta(seconds=number)
        post = Post(
            *("yunze", f"{number:032x}", 1, "yunze-news", "yunze-news/1", Tier.COUNTY, False),
            *(f"http://127.0.0.2/{number}", "题", "文", None, seen, seen, f"{seen:%Y-%m}"),
            *(f"{number:032x}", "题", "文", (), None, (), False),
        )
        runtime.log.append(Topic.POSTS_READY, [(post.id, codec.encode(post))])


def indexed(runtime: Runtime) -> int:
    index = runtime.index(writer=False)
    return index.search(Query(limit=1)).total


def test_a_killed_refill_goes_on_at_the_next_start(tmp_path: Path) -> None:
    make(tmp_path / "demo", 8990, "zh")
    runtime = open_desk(tmp_path / "demo")
    posts(runtime, 1200)
    indexing = wiring.indexing(runtime)
    while indexing.tick():
        pass
    runtime.close()
    shutil.rmtree(runtime.data / "index")
    again = open_desk(tmp_path / "demo")
    assert wiring.indexing(again).tick() > 0
    assert 0 < indexed(again) < 1200
    again.close()
    last = open_desk(tmp_path / "demo")
    indexing = wiring.indexing(last)
    while indexing.tick():
        pass
    assert indexed(last) == 1200
    last.close()
