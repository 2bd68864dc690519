"""The identity of a web address: its canonical form, the id of the post that stands there, its host.

address ─ canonical ─► where it is fetched ─ one_for_twins ─► what it is known by: neither scheme, nor telephone's or
                                              printer's twin ─ post_id ─► the post
"""

from __future__ import annotations

import hashlib
import posixpath
import re
import string
from functools import lru_cache
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

_PORTS = {"http": 80, "https": 443}
# Parameters that say where a reader came from, never which page: the analytics makers' own documentation.
_TRACKING = re.compile(r"(utm_\w+|spm|from_source|hmsr|hmpl|hmcu|hmkw|hmci|fbclid|gclid|msclkid|yclid|_ga)", re.I)
# What applications add when a reader passes a page on: documented by WeChat, or seen in every page passed on by it.
_PASSED_ON = re.compile(
    r"(?:isappinstalled|nsukey|share_?token|wxshare_count)(?:=.*)?|from=(?:(?:single|group)message|timeline)", re.I
)
_PRINTED = re.compile(
    r"(?:print|printable|prn)(?:=(?:1|y|yes|true|on)?)?|(?:action|format|view|mode|output)=print", re.I
)
_PRINTED_PATH = re.compile(r"(?:[_-]print)+(?=\.[sp]?html?$)|(?:/print)+/?$", re.I)
_TELEPHONE = re.compile(r"^(?:(?:www|m|wap|3g|mobile|touch|h5)\.)+(?=[^.]+\.)")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")  # a % that escapes nothing is one itself
_UNRESERVED = string.ascii_letters + string.digits + "-._~"  # RFC 3986 section 2.3


def canonical(address: str) -> str:
    """Return the one form of `address`: what differs only by case of host, port, fragment or tracking is the same.

    RFC 3986 section 6.2.2 and 6.2.3; the query's order and the scheme are kept, because servers tell them apart.
    A text that is no address of the web comes back stripped of blanks only.
    """
    parts = _split(address.strip())
    if parts is None:
        return address.strip()
    scheme, name, port, path, query = parts
    place = f"[{name}]" if ":" in name else name
    if port is not None and port != _PORTS.get(scheme):
        place = f"{place}:{port}"
    return urlunsplit((scheme, place, _path(path), _query(query), ""))


def post_id(address: str) -> str:
    """Return the id of the post at `address`: 32 hex digits of SHA-256 over what its twins have in common."""
    return hashlib.sha256(one_for_twins(address).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def one_for_twins(address: str) -> str:
    """Return the one form that the twins of a page have: over http and https, for telephones, for printers, passed on.

    It is what a page is known by, and is not fetched. A text that is no address of the web comes back stripped only.
    """
    parts = _split(address.strip())
    if parts is None:
        return address.strip()
    _, name, port, path, query = parts
    place = _TELEPHONE.sub("", name, count=1)
    if port is not None and port not in _PORTS.values():
        place = f"{place}:{port}"
    kept = [
        part
        for part in _query(query).split("&")
        if part and not (_PASSED_ON.fullmatch(part) or _PRINTED.fullmatch(part))
    ]
    return urlunsplit(("http", place, _PRINTED_PATH.sub("", _path(path)) or "/", "&".join(kept), ""))


def host(address: str) -> str:
    """Return the host of `address` in lower case, without port and brackets; "" where there is none."""
    parts = _split(address.strip())
    return parts[1] if parts else ""


@lru_cache(maxsize=4096)  # an address is asked of some ten times in one reading
def _split(address: str) -> tuple[str, str, int | None, str, str] | None:
    try:
        parts = urlsplit(address)
        name = (parts.hostname or "").rstrip(".")
        if parts.scheme not in _PORTS or not name:
            return None
        return parts.scheme, _ascii(name), parts.port, parts.path, parts.query
    except ValueError:
        return None


def _ascii(name: str) -> str:
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return name


def _path(path: str) -> str:
    plain = quote(_ESCAPE.sub(_escaped, path), safe="/%:@!$&'()*+,;=~")
    tail = "/" if plain.endswith(("/", "/.", "/..")) else ""
    normal = posixpath.normpath("/" + plain.lstrip("/"))
    return normal if normal == "/" else normal + tail


def _escaped(match: re.Match[str]) -> str:
    if match[1] is None:
        return "%25"
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else match[0].upper()


def _query(query: str) -> str:
    if not _TRACKING.search(query):
        return quote(query, safe="/%:@!$&'()*+,;=~?[]")
    kept = [(name, value) for name, value in parse_qsl(query, True) if not _TRACKING.fullmatch(name)]
    return urlencode(kept)
