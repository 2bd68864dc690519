"""Notifications to the machine's channels, as signed JSON over HTTP or by mail: kept, tried again, never lost.

opened │ escalated │ new source alarm ─► Delivery saved ─► due ─► POST in a thread of its own ─► delivered │ tried again

A delivery is saved before the cursor moves on and sent only after, so a kill loses and doubles none; a receiver that
answered just before a kill may be told twice, and knows by X-Huiying-Delivery.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import httpx
import structlog

from huiying.core import codec
from huiying.core.config import Channel
from huiying.core.states import Deliveries, Delivery

_IN_FLIGHT = 4
_ATTEMPTS = 30  # with the waits below a little more than a day
_LONGEST_WAIT = 3600
_ANSWER = 200  # characters of an answer that are kept
_REFUSALS = ("errcode", "code", "StatusCode")  # WeCom, Feishu and their like answer 200 and say no in the body

logger = structlog.get_logger("alerts.webhook")
Key = tuple[int, str, str]
Mail = Callable[[Channel, str | None, Mapping[str, object]], tuple[bool, str]]


def no_mail(channel: Channel, secret: str | None, letter: Mapping[str, object]) -> tuple[bool, str]:
    """Answer for a process that sends no mail."""
    return False, "no mail here"


def signature(secret: str, sent: str, body: bytes) -> str:
    """Return "sha256=<hex>": HMAC-SHA256 over the timestamp header, a full stop and the body."""
    digest = hmac.new(secret.encode(), sent.encode() + b"." + body, hashlib.sha256)
    return f"sha256={digest.hexdigest()}"


def accepted(status: int, body: str) -> bool:
    """Say whether an answer means yes: a 2xx whose JSON, if it is any, names no error code but 0."""
    if not 200 <= status < 300:
        return False
    try:
        answer = json.loads(body)
    except ValueError:
        return True
    return not isinstance(answer, dict) or all(answer.get(name) in (None, 0, "0", "ok") for name in _REFUSALS)


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after `attempts` failures: 10 s doubled each time, at most an hour."""
    return timedelta(seconds=min(10 * 2 ** min(attempts - 1, 10), _LONGEST_WAIT))


class Webhook:
    """Sends what is due. `send` is called from one thread; each POST runs in a daemon thread of its own."""

    def __init__(
        self,
        channels: Sequence[Channel],
        secrets: Mapping[str, str],
        client: httpx.Client,
        deliveries: Deliveries,
        mail: Mail = no_mail,
    ) -> None:
        self._channels = {channel.name: channel for channel in channels}
        self._secrets = secrets
        self._client = client
        self._deliveries = deliveries
        self._mail = mail
        self._flying: dict[Key, Delivery] = {}
        self._landed: queue.SimpleQueue[tuple[Key, bool, str]] = queue.SimpleQueue()

    def announce(self, seq: int, subject: str, level: int | None, now: datetime) -> None:
        """Keep a delivery to each channel that wants `level` (None: a source alarm, which every channel wants)."""
        for channel in self._channels.values():
            if level is None or channel.min_level <= level:
                self._deliveries.save(Delivery(seq, channel.name, subject, 0, now, None, ""))

    def send(self, now: datetime, letter: Callable[[Delivery], Mapping[str, object] | None]) -> int:
        """Record the answers that came, and start what is due; return how many of both.

        A delivery that has no letter tells of an event that a restored ledger does not hold: it is given up.
        """
        settled = self._settle(now)
        waiting = [delivery for delivery in self._deliveries.due(now) if _key(delivery) not in self._flying]
        started = waiting[: _IN_FLIGHT - len(self._flying)]
        for delivery in started:
            written = letter(delivery)
            if written is None:
                self._deliveries.save(replace(delivery, due=None, answer="ledger restored"))
            else:
                self._start(delivery, codec.canonical(written), codec.instant_text(now))
        return settled + len(started)

    def _start(self, delivery: Delivery, body: bytes, sent: str) -> None:
        self._flying[_key(delivery)] = delivery
        threading.Thread(target=self._post, args=(delivery, body, sent), daemon=True).start()

    def _post(self, delivery: Delivery, body: bytes, sent: str) -> None:
        good, answer = self._answer(delivery, body, sent)
        self._landed.put((_key(delivery), good, answer))

    def _answer(self, delivery: Delivery, body: bytes, sent: str) -> tuple[bool, str]:
        channel = self._channels.get(delivery.channel)
        secret = self._secrets.get(delivery.channel)
        if channel is not None and channel.mail:
            return self._mail(channel, secret, json.loads(body))
        if channel is None or not secret:
            return False, "no channel" if channel is None else "no secret"
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-Huiying-Delivery": f"{delivery.seq}:{delivery.channel}:{delivery.subject}",
            "X-Huiying-Timestamp": sent,
            "X-Huiying-Signature": signature(secret, sent, body),
        }
        try:
            response = self._client.post(channel.url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as failed:
            return False, f"{type(failed).__name__}: {failed}"[:_ANSWER]
        return accepted(response.status_code, response.text), f"{response.status_code} {response.text}"[:_ANSWER]

    def _settle(self, now: datetime) -> int:
        settled = 0
        while not self._landed.empty():
            key, good, answer = self._landed.get()
            tried = replace(self._flying.pop(key), answer=answer)
            self._deliveries.save(_after(tried, good, now))
            logger.info("webhook", channel=tried.channel, seq=tried.seq, delivered=good, answer=answer)
            settled += 1
        return settled


def _key(delivery: Delivery) -> Key:
    return delivery.seq, delivery.channel, delivery.subject


def _after(tried: Delivery, good: bool, now: datetime) -> Delivery:
    attempts = tried.attempts + 1
    if good:
        return replace(tried, attempts=attempts, due=None, delivered=now)
    due = now + wait_after(attempts) if attempts < _ATTEMPTS else None
    return replace(tried, attempts=attempts, due=due)
