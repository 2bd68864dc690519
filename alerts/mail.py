"""Notices by mail: the same letters as the webhooks', written out; an issued report comes with its PDF.

letter ─► EmailMessage in the machine's language ─► SMTP, with TLS where the server has it ─► delivered │ tried again
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from alerts.reports.paper import Papers
from alerts.wording import Wording
from huiying.core.codec import instant
from huiying.core.config import Channel, Machine
from huiying.core.errors import HuiyingError

PATIENCE = 20  # seconds for one answer of the server
_PORTS = {"smtp": 25, "smtps": 465}
_LINES = ("title", "place", "level", "step", "deadline", "address", "period", "fraction", "source", "alarm", "since")
_ANSWER = 200  # characters of an answer that are kept


class Mailer:
    """Sends letters by SMTP. Called from threads of their own; `papers` gives the reports' files."""

    def __init__(self, machine: Machine, zone: str, papers: Papers | None) -> None:
        self._machine = machine
        self._wording = Wording(machine.language, ZoneInfo(zone))
        self._papers = papers

    def __call__(self, channel: Channel, secret: str | None, letter: Mapping[str, object]) -> tuple[bool, str]:
        """Send `letter`; return whether the server took it for every receiver, and what it said."""
        at = urlsplit(channel.url)
        try:
            message = self._message(channel, letter)
            with _server(at.scheme, str(at.hostname), at.port or _PORTS[at.scheme]) as server:
                if at.username:
                    server.login(at.username, secret or "")
                refused = server.send_message(message)
        except (smtplib.SMTPException, OSError, ValueError, HuiyingError) as failed:
            return False, f"{type(failed).__name__}: {failed}"[:_ANSWER]
        return not refused, f"refused: {', '.join(refused)}"[:_ANSWER] if refused else "250"

    def _message(self, channel: Channel, letter: Mapping[str, object]) -> EmailMessage:
        message = EmailMessage()
        kind = str(letter["type"])
        what = str(letter.get("title") or letter.get("period") or letter.get("source") or "")
        mark = self._wording.text(f"page.kind.{letter['kind']}") + " " if letter.get("kind") != "office" else ""
        subject = self._wording.text(f"mail.{kind}", what=what)
        message["Subject"] = f"{mark}{self._machine.title} {subject}".replace("\r", " ").replace("\n", " ")
        message["From"] = channel.sender
        message["To"] = ", ".join(channel.to)
        told = [(key, self._told(key, letter[key])) for key in _LINES if letter.get(key) not in (None, "")]
        lines = [
            self._wording.text("mail.line", name=self._wording.text(f"mail_name.{key}"), text=t) for key, t in told
        ]
        message.set_content("\n".join([subject, "", *lines, ""]))
        self._attach(message, letter)
        return message

    def _told(self, key: str, value: object) -> str:
        if key in ("deadline", "since"):
            return self._wording.until(instant(str(value)))
        if key in ("level", "step"):
            return self._wording.text(f"{key}.{value}")
        if key == "alarm":
            return self._wording.text(f"alarm.{value}", detail="…")
        return str(value)

    def _attach(self, message: EmailMessage, letter: Mapping[str, object]) -> None:
        """Attach the PDF of an issued report; a machine that cannot print sends the figures alone."""
        report = letter.get("report")
        if self._papers is None or not isinstance(report, int):
            return
        paper = self._papers.paper(report, "pdf", self._wording.language)
        main, _, sub = paper.media_type.partition("/")
        message.add_attachment(paper.body, maintype=main, subtype=sub, filename=paper.name)


def _server(scheme: str, host: str, port: int) -> smtplib.SMTP:
    """Connect; where the server offers STARTTLS it is used, and its certificate must be right."""
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=PATIENCE, context=ssl.create_default_context())
    server = smtplib.SMTP(host, port, timeout=PATIENCE)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=ssl.create_default_context())
        server.ehlo()
    return server
