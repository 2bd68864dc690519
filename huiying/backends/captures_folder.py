"""Captures in a folder of WARC files (ISO 28500:2017, version 1.1), readable by any tool for web archives.

seen/2026-01-27/000001.warc.gz    one gzip member a record; a new file a process start and per 100 MB
cited/2026-01-27_000001_4711.warc.gz    a copy of one response and its request, byte for byte

A reference is "2026-01-27/000001:4711": day, file, and the byte where the member of its response begins; the request
that it answers is the member behind it. A kill can cut only the last members of a file, and no process ever writes on
behind them, so no later record is hidden.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date
from http import HTTPStatus
from io import BytesIO, FileIO
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from huiying.core.codec import instant, instant_text
from huiying.core.errors import BackendError, StorageFull
from huiying.core.model import Response

FILE_LIMIT = 100 * 2**20
_REFERENCE = re.compile(r"(\d{4}-\d\d-\d\d)/(\d{6}):(\d{1,12})")
_OF = "WARC-Concurrent-To"  # a request names the response that was made of it
_CITED = re.compile(r"(\d{4}-\d\d-\d\d)_(\d{6})_(\d{1,12})\.warc\.gz")


class FolderCaptures:
    """See `huiying.core.ports.Captures`. One writing process a file; any process may get and pin."""

    def __init__(self, folder: Path, limit: int = FILE_LIMIT) -> None:
        self._seen = folder / "seen"
        self._cited = folder / "cited"
        self._limit = limit
        self._file: FileIO | None = None
        self._name = ("", "")
        self._alone = threading.Lock()  # the desk's requests come in several threads

    def put(self, response: Response) -> str:
        """Write one record and force it to the disk: a reference must never name what a power cut took."""
        return self.put_all([response])[0]

    def put_all(self, responses: Sequence[Response]) -> list[str]:
        """Write the records of each day one behind the other and force them to the disk once."""
        references: dict[int, str] = {}
        days: dict[str, list[int]] = {}
        for number, response in enumerate(responses):
            days.setdefault(response.fetched.astimezone(UTC).date().isoformat(), []).append(number)
        for day, numbers in days.items():
            written = self._put(day, [_record(responses[number]) for number in numbers])
            references |= zip(numbers, written, strict=True)
        return [references[number] for number in range(len(responses))]

    def _put(self, day: str, records: Sequence[bytes]) -> list[str]:
        with self._alone, _errors():
            file = self._open(day)
            begin = file.seek(0, os.SEEK_END)
            try:
                _write(file, b"".join(records))
            except OSError:
                self._cut_off(begin)
                raise
            offsets = accumulate(map(len, records[:-1]), initial=begin)
            return [f"{day}/{self._name[1]}:{offset}" for offset in offsets]

    def get(self, reference: str) -> Response:
        """Read the record that begins at the reference, the cited copy first."""
        try:
            return _response(_members(*self._place(reference)))
        except (OSError, ArchiveLoadFailed, zlib.error, EOFError, LookupError, ValueError, AttributeError) as cause:
            raise BackendError("capture_missing", reference=reference) from cause

    def pin(self, reference: str) -> None:
        """Copy the records' own bytes; the rename makes the copy appear whole or not at all."""
        path, offset = self._place(reference)
        if path.parent == self._cited:
            return
        try:
            members = _members(path, offset)
        except (OSError, ArchiveLoadFailed, zlib.error, EOFError) as cause:
            raise BackendError("capture_missing", reference=reference) from cause
        with _errors():
            self._cited.mkdir(parents=True, exist_ok=True)
            target = self._copy(reference)
            unfinished = target.with_suffix(f".{os.getpid()}")
            with unfinished.open("wb", buffering=0) as file:
                _write(file, members)
            unfinished.replace(target)
            _force_folder(self._cited)

    def expire(self, before: date) -> int:
        """Delete the folders of whole days before `before`."""
        with _errors():
            old = [day for day in self._days() if date.fromisoformat(day.name) < before]
            for day in old:
                if self._name[0] == day.name:
                    self.close()
                shutil.rmtree(day)
        return len(old)

    def references(self) -> Iterator[str]:
        """Yield the references of the cited copies by day, file and offset."""
        found = (_CITED.fullmatch(path.name) for path in self._cited.glob("*.warc.gz"))
        for day, file, offset in sorted((one[1], one[2], int(one[3])) for one in found if one):
            yield f"{day}/{file}:{offset}"

    def close(self) -> None:
        """Close the file being written."""
        file, self._file, self._name = self._file, None, ("", "")
        if file is not None:
            file.close()

    def _open(self, day: str) -> FileIO:
        if self._file is not None and (self._name[0] != day or self._file.tell() >= self._limit):
            self.close()
        if self._file is None:
            folder = self._seen / day
            folder.mkdir(parents=True, exist_ok=True)
            self._file, name = _create(folder)
            self._name = (day, name)
            for changed in (folder, self._seen):
                _force_folder(changed)
        return self._file

    def _cut_off(self, offset: int) -> None:
        """Take a half-written record away; where even that fails, leave the file and begin another one."""
        if self._file is None:
            return
        try:
            self._file.truncate(offset)
        except OSError:
            self.close()

    def _place(self, reference: str) -> tuple[Path, int]:
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            raise BackendError("capture_missing", reference=reference)
        copy = self._copy(reference)
        if copy.exists():
            return copy, 0
        return self._seen / match[1] / f"{match[2]}.warc.gz", int(match[3])

    def _copy(self, reference: str) -> Path:
        return self._cited / f"{reference.replace('/', '_').replace(':', '_')}.warc.gz"

    def _days(self) -> list[Path]:
        return [path for path in self._seen.glob("????-??-??") if path.is_dir()]


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        if cause.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull("storage_full", what="captures") from cause
        raise BackendError("captures_unwritable", detail=str(cause)) from cause


def _create(folder: Path) -> tuple[FileIO, str]:
    """Create the next free file of the day; exclusive creation keeps two processes apart."""
    number = max((int(path.name[:6]) for path in folder.glob("??????.warc.gz")), default=0) + 1
    while True:
        name = f"{number:06d}"
        try:
            return (folder / f"{name}.warc.gz").open("xb", buffering=0), name
        except FileExistsError:
            number += 1


def _write(file: FileIO, record: bytes) -> None:
    """Write all of `record` and force it to the disk; unbuffered, so that nothing of a failed write comes later."""
    rest = memoryview(record)
    while rest:
        rest = rest[file.write(rest) or 0 :]
    os.fsync(file.fileno())


def _force_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _record(response: Response) -> bytes:
    """Return the response's record and, where there was one, its request's, each a gzip member."""
    out = BytesIO()
    writer = WARCWriter(out, gzip=True, warc_version="1.1")
    phrase = HTTPStatus(response.status).phrase if response.status in HTTPStatus._value2member_map_ else ""
    fetched = {"WARC-Date": instant_text(response.fetched)}
    record = writer.create_warc_record(
        response.address,
        "response",
        payload=BytesIO(response.body),
        length=len(response.body),
        http_headers=StatusAndHeaders(f"{response.status} {phrase}".strip(), list(response.headers), "HTTP/1.1"),
        warc_headers_dict=fetched,
    )
    writer.write_record(record)
    if response.request:
        of = record.rec_headers.get_header("WARC-Record-ID")
        line = f"GET {_target(response.address)} HTTP/1.1"
        asked = writer.create_warc_record(
            response.address,
            "request",
            http_headers=StatusAndHeaders(line, list(response.request), is_http_request=True),
            warc_headers_dict={**fetched, _OF: of},
        )
        writer.write_record(asked)
    return out.getvalue()


def _target(address: str) -> str:
    """Return what a request line names of `address`: path and query."""
    parts = urlsplit(address)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _members(path: Path, offset: int) -> bytes:
    """Return the compressed bytes of the response that begins at `offset`, with its request's where one follows."""
    with path.open("rb") as file:
        file.seek(offset)
        response = _member(file)
        file.seek(offset + len(response))
        try:
            request = _member(file)
        except (EOFError, zlib.error):
            return response
    pair = response + request
    return pair if len(list(_records(pair))) == 2 else response


def _member(file: BinaryIO) -> bytes:
    """Return the compressed bytes of the gzip member that begins where `file` stands; EOFError where it was cut off."""
    unpack = zlib.decompressobj(zlib.MAX_WBITS + 16)
    member = b""
    while not unpack.eof:
        part = file.read(1 << 16)
        if not part:
            raise EOFError("cut off")
        unpack.decompress(part)
        member += part[: len(part) - len(unpack.unused_data)]
    return member


def _records(members: bytes) -> Iterator[ArcWarcRecord]:
    """Yield the response, and the request where the second member is the one that it answers."""
    of = None
    for record in ArchiveIterator(BytesIO(members)):
        if of is None or record.rec_headers.get_header(_OF) == of:
            yield record
        of = record.rec_headers.get_header("WARC-Record-ID")


def _response(members: bytes) -> Response:
    records = _records(members)
    record = next(records)
    body = record.raw_stream.read()
    asked = next(records, None)
    return Response(
        address=record.rec_headers.get_header("WARC-Target-URI"),
        status=int(record.http_headers.get_statuscode()),
        headers=tuple(record.http_headers.headers),
        body=body,
        fetched=instant(record.rec_headers.get_header("WARC-Date").replace("Z", "+00:00")),
        request=tuple(asked.http_headers.headers) if asked else (),
    )
