"""One address to its answer, or to the reason why there is none; every hop of a redirect is checked by us.

address ─ boundary ─► robots, pace ─► answer ─ redirect ─► boundary ─► …
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urljoin

import structlog
from OpenSSL import SSL
from scrapy import exceptions
from scrapy.http import Headers
from scrapy.http import Response as Answer
from service_identity.exceptions import VerificationError
from twisted.internet.error import ConnectError, ConnectionDone, ConnectionLost

from crawlers import robots
from crawlers.boundary import refuse_address
from huiying.core.addresses import host
from huiying.core.config import Outlet
from huiying.core.model import Response
from huiying.core.ports import Clock

logger = structlog.get_logger("huiying.crawl")

TEMPORARY = frozenset({"name", "timeout", "connection", "tls", "robots_unknown"})
ACCEPT = {
    "Accept": "text/html,application/rss+xml,application/atom+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5",
}
_TRANSPORT = frozenset({"transfer-encoding", "content-length", "connection", "keep-alive", "set-cookie"})


@dataclass(frozen=True, slots=True)
class Missed:
    """No answer. `code` names a sentence under "crawl." in the catalogues, `detail` is for the log."""

    code: str
    detail: str

    @property
    def temporary(self) -> bool:
        """Say whether trying again later may help."""
        return self.code in TEMPORARY


class Downloader(Protocol):
    """What the fetcher needs of the engine."""

    async def get(self, outlet: Outlet, address: str, headers: Mapping[str, str]) -> Answer:
        """Return the answer to one request, whatever its status."""


class Fetcher:
    """Fetches for one outlet at a time, politely."""

    def __init__(self, engine: Downloader, clock: Clock, refused_names: set[str]) -> None:
        self._engine = engine
        self._clock = clock
        self._refused_names = refused_names

    async def fetch(
        self, outlet: Outlet, address: str, etag: str | None = None, modified: str | None = None
    ) -> Response | Missed:
        """Return the last answer of the chain (any status but a redirect's), or why there is none. Never raises."""
        target, headers = address, dict(ACCEPT)
        headers |= {"If-None-Match": etag} if etag else {}
        headers |= {"If-Modified-Since": modified} if modified else {}
        for _ in range(robots.HOPS + 1):
            if reason := refuse_address(outlet, target):
                return Missed("elsewhere", f"{reason} {target}")
            answer = await self._one(outlet, target, headers)
            if isinstance(answer, Missed):
                return answer
            location = answer.headers.get("Location")
            if answer.status not in robots.REDIRECTS or not location:
                return self._response(answer)
            target = _joined(target, location.decode("latin-1"))
        return Missed("redirects", target)

    async def _one(self, outlet: Outlet, address: str, headers: Mapping[str, str]) -> Answer | Missed:
        try:
            return await self._engine.get(outlet, address, headers)
        except robots.Forbidden as cause:
            return Missed("robots", cause.text)
        except robots.Unknown as cause:
            return Missed("robots_unknown", str(cause))
        except (exceptions.DownloadCancelledError, exceptions.IgnoreRequest) as cause:
            return Missed("too_large", str(cause)[:200])
        except exceptions.CannotResolveHostError as cause:
            code = "private_address" if host(address) in self._refused_names else "name"
            return Missed(code, str(cause)[:200])
        except exceptions.DownloadTimeoutError as cause:
            return Missed("timeout", str(cause)[:200])
        except (
            exceptions.DownloadConnectionRefusedError,
            exceptions.DownloadFailedError,
            exceptions.ResponseDataLossError,
            ConnectError,
            ConnectionDone,
            ConnectionLost,
            OSError,
        ) as cause:
            code = "tls" if _is_tls(cause) else "connection"
            return Missed(code, f"{type(cause).__name__} {cause}"[:200])
        except Exception as cause:  # noqa: BLE001 — what a hostile server provokes in libraries is its own failure
            logger.warning("fetch_broke", address=address, cause=repr(cause)[:200], at=_place(cause))
            return Missed("broken", f"{type(cause).__name__} {cause}"[:200])

    def _response(self, answer: Answer) -> Response:
        """Return the answer as it is kept: what belonged to the connection, and cookies, are not part of it."""
        kept = [one for one in _pairs(answer.headers) if one[0].lower() not in _TRANSPORT]
        kept.append(("Content-Length", str(len(answer.body))))
        asked = _pairs(answer.request.headers) if answer.request else ()
        return Response(answer.url, answer.status, tuple(kept), answer.body, self._clock.now(), tuple(asked))


def _pairs(headers: Headers) -> Iterator[tuple[str, str]]:
    """Yield name and value of each header, in order."""
    for name, values in headers.items():
        for value in values:
            yield name.decode("latin-1"), value.decode("latin-1")


def header(response: Response, name: str) -> str | None:
    """Return the first header called `name` (lower case), None where there is none."""
    return next((value for key, value in response.headers if key.lower() == name), None)


def _place(cause: Exception) -> str:
    """Return where it was raised. A whole traceback takes a second to print, and a server can cause one at will."""
    last = traceback.extract_tb(cause.__traceback__)[-1]
    return f"{last.filename}:{last.lineno}"


def _is_tls(cause: BaseException) -> bool:
    """Say whether a handshake failed: OpenSSL's errors stand among the reasons of the connection's."""
    reasons = getattr(cause, "reasons", None) or getattr(cause.__cause__, "reasons", None) or ()
    return any(isinstance(getattr(one, "value", one), SSL.Error | VerificationError) for one in reasons)


def _joined(base: str, location: str) -> str:
    try:
        return urljoin(base, location)
    except ValueError:
        return location
