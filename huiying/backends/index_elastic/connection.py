"""How to reach Elasticsearch, and its errors as ours.

settings ─► client ─► answer │ ApiError, TransportError, an answer of another shape ─► BackendError, StorageFull
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from elasticsearch import ApiError, Elasticsearch, TransportError

from huiying.core.config import Machine
from huiying.core.errors import BackendError, StorageFull

_FULL = ("flood-stage", "read-only-allow-delete", "No space left on device")
_INSUFFICIENT_STORAGE = 507  # RFC 4918, section 11.5


@dataclass(frozen=True, slots=True)
class ElasticSettings:
    """Where the cluster is, as whom we come, and how much of it one desk takes. Secrets are not printed.

    `hosts` are addresses with scheme and port; `fingerprint` is the certificate's SHA-256; `timeout` is in seconds for
    one request; `shards` and `replicas` count for each month's index made from now on.
    """

    hosts: tuple[str, ...]
    desk: str
    api_key: str | None = field(default=None, repr=False)
    basic_auth: tuple[str, str] | None = field(default=None, repr=False)
    ca_certs: str | None = None
    verify_certs: bool = True
    fingerprint: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    timeout: float = 10.0
    shards: int = 1
    replicas: int = 1

    @classmethod
    def of(cls, machine: Machine, secrets: Mapping[str, str], patience: float = 10.0) -> ElasticSettings:
        """Return what [index] and the secret "elasticsearch" say, with `patience` seconds for one request."""
        said = machine.index
        secret = secrets.get("elasticsearch")
        return cls(
            hosts=tuple(address.strip() for address in (said.elasticsearch or "").split(",")),
            desk=machine.desk,
            api_key=None if said.username else secret,
            basic_auth=(said.username, secret or "") if said.username else None,
            ca_certs=said.ca_certs,
            fingerprint=said.fingerprint,
            timeout=patience,
            shards=said.shards,
            replicas=said.replicas,
        )


def connect(settings: ElasticSettings) -> Elasticsearch:
    """Return a client; nothing is sent yet. What contradicts itself is BackendError("index_failed")."""
    tls = {
        "ca_certs": settings.ca_certs,
        "verify_certs": None if settings.verify_certs else False,
        "ssl_show_warn": None if settings.verify_certs else False,
        "ssl_assert_fingerprint": settings.fingerprint,
        "client_cert": settings.client_cert,
        "client_key": settings.client_key,
    }
    given: dict[str, Any] = {name: value for name, value in tls.items() if value is not None}
    with translated():
        return Elasticsearch(
            list(settings.hosts),
            api_key=settings.api_key,
            basic_auth=settings.basic_auth,
            request_timeout=settings.timeout,
            # Another node is tried, the same one is not: waiting and trying again is the caller's, who says so.
            max_retries=len(settings.hosts) - 1,
            retry_on_status=(502, 503, 504),
            **given,
        )


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn the client's errors, and answers that are not what they should be, into ours, chained."""
    try:
        yield
    except ApiError as cause:
        raise failure(cause.status_code, said(cause.body) or str(cause)) from cause
    except TransportError as cause:
        raise BackendError("index_failed", detail=f"{type(cause).__name__}: {cause}"[:200]) from cause
    except (LookupError, TypeError, ValueError, AttributeError) as cause:
        raise BackendError("index_failed", detail=f"unexpected: {cause!r}"[:200]) from cause


def said(error: Any) -> str:
    """Return type and deepest reason of an answer's or of a bulk item's error, empty where it names none.

    The reasons above the deepest quote the text of the document.
    """
    inner = error.get("error", error) if isinstance(error, dict) else error
    if not isinstance(inner, dict):
        return str(inner or "")
    deepest = inner
    while isinstance(below := deepest.get("caused_by"), dict) and below.get("reason"):
        deepest = below
    return ": ".join(str(part) for part in (inner.get("type"), deepest.get("reason")) if part)


def moved(cause: ApiError) -> bool:
    """Say whether an index was deleted under a search: its generation was switched or its month dropped."""
    return cause.status_code == 404 or said(cause.body).startswith("search_phase_execution_exception")


def beginning(cause: ApiError) -> bool:
    """Say whether a shard of a new index had not begun yet."""
    return cause.status_code == 503 and moved(cause)


def failure(status: int, reason: str) -> BackendError:
    """Return the error for a refusal with this HTTP status: a disk that is full is told from the rest."""
    if status == _INSUFFICIENT_STORAGE or any(sign in reason for sign in _FULL):
        return StorageFull("storage_full", what="index")
    return BackendError("index_failed", detail=f"{status} {reason}"[:200])
