"""What is never read: social networks, forums, message boards, self-media, bridges, other hosts, private networks.

outlet  ─ refuse_outlet ──► Refused | None     at configuration check, and again before the first reading
address ─ refuse_address ─► reason | None      for each item, before each fetch, at each redirect
IP      ─ refuse_ip ──────► reason | None      for what a name resolved to, before the connection
"""

from __future__ import annotations

import ipaddress
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from huiying.core.addresses import host
from huiying.core.config import Outlet
from huiying.core.errors import Refused

IP = ipaddress.IPv4Address | ipaddress.IPv6Address
NOT_THIS_OUTLET = "not_this_outlet"
LONGEST = 4096  # characters of an address; RFC 9110 section 4.1 asks for 8000 bytes, of which each may be escaped
LEAST_PACE = 1.0  # seconds between requests to one host; less is for test sites on loopback only
# What Python 3.11's `is_global` lets pass: IETF protocols, the old 6to4 relays (RFC 7526), documentation (RFC 9637).
_SPECIAL = tuple(ipaddress.ip_network(one) for one in ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20"))
# All that IANA has assigned of IPv6 (RFC 4291 section 2.5.4), and NAT64, whose inner address is judged by itself.
_UNICAST = tuple(ipaddress.ip_network(one) for one in ("2000::/3", "64:ff9b::/96"))
_HOSTS = 4096  # names whose verdict is kept: the same ones come at every reading
_HOST = re.compile(r"[^\s/?#@]+")
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_NUMERIC = re.compile(r"(0x[0-9a-f]*|\d+)(\.(0x[0-9a-f]*|\d+)){0,3}", re.I)


@dataclass(frozen=True, slots=True)
class _Refusals:
    """The shipped list: kinds by host, by label of a host, and patterns over path and query."""

    hosts: dict[str, str]
    labels: dict[str, str]
    paths: tuple[tuple[str, re.Pattern[str]], ...]
    platforms: tuple[tuple[str, str, re.Pattern[str]], ...]


@cache
def _refusals() -> _Refusals:
    file = resources.files("crawlers") / "data" / "refused_hosts.toml"
    read: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    return _Refusals(
        hosts={name: kind for kind, names in read["kinds"].items() for name in names},
        labels={name: kind for kind, names in read["labels"].items() for name in names},
        paths=tuple((kind, re.compile(form, re.I)) for kind, forms in read["paths"].items() for form in forms),
        platforms=tuple((one["kind"], one["host"], re.compile(one["path"], re.I)) for one in read["platforms"]),
    )


def refuse_outlet(outlet: Outlet) -> Refused | None:
    """Return why `outlet` may not be read at all, None where it may: its hosts, its pace, each source's address."""
    if outlet.pace < LEAST_PACE and not outlet.test_site:
        return Refused("outlet_pace", outlet=outlet.id, least=int(LEAST_PACE))
    for name in outlet.hosts:
        if reason := _refuse_host(outlet, host(f"http://{name}") if _HOST.fullmatch(name) else ""):
            return Refused(f"outlet_{reason}", outlet=outlet.id, host=name)
    for id, source in outlet.source_ids():
        if reason := _refuse_kind(source.address) or refuse_address(outlet, source.address):
            shown = host(source.address) if reason == "credentials" else source.address
            return Refused(f"source_{reason}", source=id, address=shown)
        if source.kind == "list" and source.items is None and source.link == "a":
            return Refused("source_without_selector", source=id, address=source.address)
    return None


def refuse_address(outlet: Outlet, address: str) -> str | None:
    """Return why `address` may not be fetched for `outlet`: a code, or None where it may."""
    name = host(address) if len(address) <= LONGEST else ""
    if not name:
        return "not_http"
    if urlsplit(address.strip()).username is not None:
        return "credentials"
    if not owns(outlet, address):
        return NOT_THIS_OUTLET
    return _refuse_host(outlet, name) or _refuse_kind(address)


def owns(outlet: Outlet, address: str) -> bool:
    """Say whether `address` lies on one of the outlet's hosts; a host of theirs may carry a port."""
    name, port = host(address), urlsplit(address.strip()).port
    return any(name == host(f"http://{own}") and _port(own) in (None, port) for own in outlet.hosts)


def refuse_ip(address: str, loopback: bool) -> str | None:
    """Return "private_address" unless `address` lies in the public internet, or in loopback where that is allowed.

    Addresses that carry another inside (IPv4-mapped, NAT64, 6to4, Teredo) are judged by it too. Source: the IANA IPv4
    and IPv6 special-purpose registries (100.64.0.0/10 among them), as Python's `is_global` reads them, and `_SPECIAL`.
    """
    ip = ipaddress.ip_address(address.split("%")[0])
    if loopback:
        return None if ip.is_loopback else "private_address"
    return None if all(_is_public(one) for one in _inside(ip)) else "private_address"


def _is_public(ip: IP) -> bool:
    if not ip.is_global or ip.is_multicast or any(ip in network for network in _SPECIAL):
        return False
    return ip.version == 4 or any(ip in network for network in _UNICAST)


@lru_cache(maxsize=_HOSTS)
def _port(own: str) -> int | None:
    return urlsplit(f"http://{own}").port


def _inside(ip: IP) -> Iterator[IP]:
    yield ip
    if isinstance(ip, ipaddress.IPv6Address):
        yield from (one for one in (ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())) if one is not None)
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            yield ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)


def _refuse_host(outlet: Outlet, name: str) -> str | None:
    if not name:
        return "bad_host"
    if outlet.test_site:
        return None if _is_loopback(name) else "private_address"
    return _refuse_literal(name) or _listed(name)


@lru_cache(maxsize=_HOSTS)
def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


@lru_cache(maxsize=_HOSTS)
def _refuse_literal(name: str) -> str | None:
    """Refuse private addresses, every numeric form but the dotted four, and names that only a local network knows."""
    try:
        ip = ipaddress.ip_address(name)
        mapped = isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None
        return "private_address" if mapped else refuse_ip(name, loopback=False)
    except ValueError:
        local = "." not in name or name.endswith((".localhost", ".local", ".internal", ".lan", ".home.arpa"))
        inwards = "private_address" if local or _NUMERIC.fullmatch(name) else None
        return inwards or (None if _NAME.fullmatch(name) else "bad_host")


@lru_cache(maxsize=_HOSTS)
def _listed(name: str) -> str | None:
    labels = name.split(".")
    for start in range(len(labels) - 1):
        if kind := _refusals().hosts.get(".".join(labels[start:])):
            return kind
    return next((kind for label in labels[:-1] if (kind := _refusals().labels.get(label))), None)


def _refuse_kind(address: str) -> str | None:
    """Return the kind of platform that host, path or query name, whoever claims to own the host."""
    name = host(address)
    if not name:
        return None
    parts = urlsplit(address.strip())
    for kind, owner, form in _refusals().platforms:
        if (name == owner or name.endswith(f".{owner}")) and form.search(parts.path):
            return kind
    whole = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return _listed(name) or next((kind for kind, form in _refusals().paths if form.search(whole)), None)
