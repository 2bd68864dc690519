"""Notices by mail, against a small SMTP server on loopback: what is said, what is attached, what is tried again."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

import pytest

from alerts.mail import Mailer
from alerts.reports.paper import Paper
from huiying.check import _channel
from huiying.core.config import Channel, Machine
from huiying.core.errors import Refused

OPENED = {
    "type": "opened", "kind": "demonstration", "alert": "A1", "level": 2, "step": "acknowledge",
    "deadline": "2026-03-04T16:00:00.000000Z", "title": "青河镇停水\n三天", "place": "青河镇",
    "address": "http://127.0.0.2/1",
}  # fmt: skip
REPORT = {"type": "report_issued", "kind": "office", "report": 7, "period": "2026-Q1", "fraction": "3/4"}


@dataclass
class Post:
    """What the server took: envelope receivers and messages; `refuses` are receivers that it does not know."""

    port: int = 0
    refuses: frozenset[str] = frozenset()
    to: list[str] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Post]:
    post = Post()

    class Talk(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

        def handle(self) -> None:
            self.say("220 test")
            while line := self.rfile.readline().decode().strip():
                word = line[:4].upper()
                if word == "RCPT":
                    known = line.split("<")[1].rstrip(">") not in post.refuses
                    post.to.append(line)
                    self.say("250 ok" if known else "550 unknown")
                elif word == "DATA":
                    self.say("354 go on")
                    self.take()
                else:
                    self.say({"EHLO": "250 test", "QUIT": "221 bye"}.get(word, "250 ok"))
                    if word == "QUIT":
                        return

        def take(self) -> None:
            lines = []
            while (line := self.rfile.readline()) != b".\r\n":
                lines.append(line)
            post.mails.append(cast(EmailMessage, message_from_bytes(b"".join(lines), policy=policy.default)))
            self.say("250 taken")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk) as listening:
        post.port = listening.server_address[1]
        thread = threading.Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        yield post
        listening.shutdown()
        thread.join()


class Printer:
    """Papers whose only report is number 7."""

    def issue(self, name: str, key: str | None = None) -> int:
        raise NotImplementedError

    def paper(self, seq: int, form: str, language: str) -> Paper:
        if seq != 7:
            raise Refused("no_report", seq=seq)
        return Paper("c-2026-Q1-7.pdf", "application/pdf", b"%PDF a sheet")


def mailer(language: str = "zh") -> Mailer:
    machine = Machine.model_validate({"desk": "c", "title": "某县值班台", "contact": "a@b.cn", "language": language})
    return Mailer(machine, "Asia/Shanghai", Printer())


def channel(post: Post, *to: str) -> Channel:
    receivers = to or ("duty@gov.example",)
    return Channel(name="mail", url=f"smtp://127.0.0.1:{post.port}", sender="notify@gov.example", to=receivers)


def test_an_alert_is_told_in_words_and_a_title_stays_one_line(server: Post) -> None:
    assert mailer()(channel(server), None, OPENED) == (True, "250")
    (mail,) = server.mails
    assert mail["Subject"] == "演示 某县值班台 新预警：青河镇停水 三天"
    assert (mail["From"], mail["To"]) == ("notify@gov.example", "duty@gov.example")
    said = mail.get_content()
    for line in ("地点：青河镇", "级别：较大", "步骤：签收", "时限：2026年3月4日 24:00", "原文：http://127.0.0.2/1"):
        assert line in said


def test_an_issued_report_comes_with_its_pdf(server: Post) -> None:
    assert mailer("en")(channel(server), None, REPORT) == (True, "250")
    (mail,) = server.mails
    (paper,) = mail.iter_attachments()
    assert mail["Subject"] == "某县值班台 Report issued: 2026-Q1"
    assert (paper.get_filename(), paper.get_content_type()) == ("c-2026-Q1-7.pdf", "application/pdf")
    assert paper.get_payload(decode=True) == b"%PDF a sheet"


def test_what_was_not_taken_for_everybody_is_tried_again(server: Post) -> None:
    server.refuses = frozenset({"gone@gov.example"})
    good, answer = mailer()(channel(server, "duty@gov.example", "gone@gov.example"), None, OPENED)
    assert (good, answer) == (False, "refused: gone@gov.example")
    good, answer = mailer()(channel(server, "gone@gov.example"), None, OPENED)
    assert (good, "SMTPRecipientsRefused" in answer) == (False, True)


def test_a_server_that_is_away_and_a_report_that_cannot_be_printed_are_said(server: Post) -> None:
    away = channel(server).model_copy(update={"url": "smtp://127.0.0.1:1"})
    good, answer = mailer()(away, None, OPENED)
    assert (good, "ConnectionRefusedError" in answer) == (False, True)
    good, answer = mailer()(channel(server), None, {**REPORT, "report": 8})
    assert (good, "no_report" in answer) == (False, True)
    assert server.mails == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"url": "smtp://mail.example", "sender": "a@b.cn", "to": ("c@d.cn",)}, None),
        ({"url": "smtp://mail.example", "sender": "a@b.cn"}, "channel_mail"),
        ({"url": "smtp://mail.example", "to": ("c@d.cn",)}, "channel_mail"),
        ({"url": "smtps://", "sender": "a@b.cn", "to": ("c@d.cn",)}, "channel_mail"),
        ({"url": "ftp://x"}, "channel_url"),
    ],
)
def test_check_says_what_a_mail_channel_lacks(fields: dict[str, object], code: str | None) -> None:
    found = _channel(Channel.model_validate({"name": "mail", **fields}))
    assert (found.code if found else None) == code
