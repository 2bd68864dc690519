"""How often the publisher of a feed wants it to be read: RSS 2.0's `ttl`, and `sy:updatePeriod` of RSS 1.0.

bytes ─ the channel's head ─► seconds
"""

from __future__ import annotations

import re

_HEAD = 2**16  # bytes
_TTL = re.compile(rb"<ttl>\s*(\d{1,6})\s*</ttl>", re.I)  # minutes: RSS 2.0 specification, "ttl"
_PERIOD = re.compile(rb"<sy:updatePeriod>\s*(\w{1,20})\s*</sy:updatePeriod>", re.I)
_FREQUENCY = re.compile(rb"<sy:updateFrequency>\s*(\d{1,6})\s*</sy:updateFrequency>", re.I)
_DAY = 86400
# RDF Site Summary 1.0 Modules: Syndication
_PERIODS = {b"hourly": 3600, b"daily": _DAY, b"weekly": 7 * _DAY, b"monthly": 30 * _DAY, b"yearly": 365 * _DAY}


def wish(body: bytes) -> int:
    """Return the seconds between two readings that the feed asks for, at most a day, 0 where it says nothing."""
    head = body[:_HEAD]
    ttl, period, often = _TTL.search(head), _PERIOD.search(head), _FREQUENCY.search(head)
    wished = int(ttl[1]) * 60 if ttl else 0
    if period and (length := _PERIODS.get(period[1].lower())):
        wished = max(wished, length // max(1, int(often[1]) if often else 1))
    return min(wished, _DAY)
