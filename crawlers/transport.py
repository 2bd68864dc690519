"""Scrapy's HTTP/1.1 with an end to headers: of a body only so much is read, of headers scrapy 2.19 reads any number."""

from __future__ import annotations

from typing import Any

from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
)
from scrapy.crawler import Crawler
from twisted.web._newclient import HEADER, STATUS

HEAD = 2**18  # bytes of an answer before its body; real ones have some hundreds


class _BoundedProtocol(_LenientHTTP11ClientProtocol):
    transport: Any
    _head = 0

    def dataReceived(self, data: bytes) -> None:  # the name is twisted's
        super().dataReceived(data)  # type: ignore[no-untyped-call]
        in_head = self._parser is not None and self._parser.state in (STATUS, HEADER)
        self._head = self._head + len(data) if in_head else 0
        if self._head > HEAD:
            self.transport.abortConnection()


class _BoundedFactory(_LenientHTTP11ClientFactory):
    def buildProtocol(self, addr: Any) -> _BoundedProtocol:  # the name is twisted's
        return _BoundedProtocol(self._quiescentCallback)  # type: ignore[no-untyped-call]


class BoundedHandler(HTTP11DownloadHandler):
    """Downloads as scrapy does, and hangs up on headers above HEAD."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._pool._factory = _BoundedFactory
