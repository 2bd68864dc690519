"""The one spider: it stands open and waits; requests are handed to its engine one by one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from scrapy import Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import DontCloseSpider


class WaitingSpider(Spider):
    """Never idle enough to be closed."""

    name = "huiying"

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> WaitingSpider:
        """Make the spider and refuse its closing for want of requests."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.stay, signal=signals.spider_idle)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """Begin with nothing."""
        return
        yield

    def stay(self) -> None:
        """Keep the spider open."""
        raise DontCloseSpider
