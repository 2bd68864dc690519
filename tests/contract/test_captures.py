"""The contract of the captures, one sentence of the port a test, over every backend."""

from __future__ import annotations

import errno
import gzip
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from huiying.backends.captures_folder import FolderCaptures
from huiying.core.codec import instant
from huiying.core.errors import BackendError, StorageFull
from huiying.core.messages import LANGUAGES, catalogue
from huiying.core.model import Response
from huiying.core.ports import Captures

AT = instant("2026-01-27T08:00:00.123456+08:00")
PAGE = Response(
    "http://a.cn/1.html",
    200,
    (("Content-Type", "text/html; charset=gbk"), ("X-Twice", "1"), ("X-Twice", "2")),
    "某镇停水".encode("gbk"),
    AT,
)
ASKED = replace(PAGE, request=(("User-Agent", "Huiying/1 (+mailto:a@b.cn)"), ("Accept", "text/html")))


@pytest.fixture(params=["folder"])
def captures(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Captures]:
    made = FolderCaptures(tmp_path)
    yield made
    made.close()


def code(error: pytest.ExceptionInfo[BackendError]) -> str:
    return error.value.code


def test_the_request_comes_back_with_its_response_and_with_no_other(captures: Captures) -> None:
    first, second, third = captures.put(ASKED), captures.put(PAGE), captures.put(replace(ASKED, body=b"x" * 99))
    captures.pin(first)
    captures.expire(date(2026, 1, 1))
    assert captures.get(first) == ASKED
    assert captures.get(second) == PAGE
    assert captures.get(third) == replace(ASKED, body=b"x" * 99)


def test_get_returns_what_was_put(captures: Captures) -> None:
    others = [replace(PAGE, address=f"http://a.cn/{n}", body=bytes([n]) * 1000) for n in range(5)]
    references = [captures.put(one) for one in [PAGE, *others]]
    assert len(set(references)) == 6
    assert [captures.get(one) for one in references] == [PAGE, *others]


def test_many_are_put_at_once_each_with_its_request_and_in_the_folder_of_its_day(captures: Captures) -> None:
    pages = [ASKED, replace(PAGE, fetched=AT + timedelta(days=1)), PAGE, ASKED]
    references = captures.put_all(pages)
    assert [one.partition("/")[0] for one in references] == ["2026-01-27", "2026-01-28", "2026-01-27", "2026-01-27"]
    captures.pin(references[0])
    assert [captures.get(one) for one in references] == pages
    assert captures.put_all([]) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(body=st.binary(max_size=2000), status=st.sampled_from([200, 204, 404, 503, 599]))
def test_any_bytes_come_back(captures: Captures, body: bytes, status: int) -> None:
    page = replace(PAGE, body=body, status=status)
    assert captures.get(captures.put(page)) == page


@pytest.mark.parametrize(
    ("header", "body"),
    [
        (("Transfer-Encoding", "chunked"), b"5\r\nabcde\r\n0\r\n\r\n"),
        (("Content-Encoding", "gzip"), gzip.compress(b"abcde")),
        (("Content-Encoding", "gzip"), b"abcde"),
    ],
)
def test_headers_that_speak_of_encoding_do_not_change_the_body(
    captures: Captures, header: tuple[str, str], body: bytes
) -> None:
    page = replace(PAGE, headers=(header,), body=body)
    assert captures.get(captures.put(page)) == page


@pytest.mark.parametrize("reference", ["", "2026-01-27/000001:0", "../../etc:1", "2026-01-27/../x:0", "x"])
def test_what_is_not_held_is_capture_missing(captures: Captures, reference: str) -> None:
    for ask in (captures.get, captures.pin):
        with pytest.raises(BackendError) as error:
            ask(reference)
        assert code(error) == "capture_missing"


def test_an_offset_between_records_is_capture_missing(captures: Captures) -> None:
    reference = captures.put(PAGE)
    with pytest.raises(BackendError) as error:
        captures.get(f"{reference}7")
    assert code(error) == "capture_missing"


def test_pinned_captures_survive_expiry_and_others_do_not(captures: Captures) -> None:
    kept, lost = captures.put(PAGE), captures.put(replace(PAGE, address="http://a.cn/2"))
    later = captures.put(replace(PAGE, fetched=AT + timedelta(days=1)))
    captures.pin(kept)
    assert captures.expire(date(2026, 1, 28)) == 1
    assert captures.get(kept) == PAGE
    assert captures.get(later).fetched == AT + timedelta(days=1)
    with pytest.raises(BackendError):
        captures.get(lost)


def test_pinning_twice_changes_nothing(captures: Captures) -> None:
    reference = captures.put(PAGE)
    captures.pin(reference)
    captures.expire(date(2026, 2, 1))
    captures.pin(reference)
    assert list(captures.references()) == [reference]


def test_references_are_those_cited_in_order(captures: Captures) -> None:
    put = [captures.put(replace(PAGE, fetched=AT + timedelta(days=day))) for day in (0, 0, 1)]
    for reference in (put[2], put[1], put[0]):
        captures.pin(reference)
    assert list(captures.references()) == put


def test_after_expiry_the_same_day_can_be_put_again(captures: Captures) -> None:
    captures.put(PAGE)
    captures.expire(date(2026, 2, 1))
    assert captures.get(captures.put(PAGE)) == PAGE


def test_the_day_is_that_of_utc(captures: Captures) -> None:
    assert captures.put(replace(PAGE, fetched=instant("2026-01-27T07:59:00+08:00"))).startswith("2026-01-26/")


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.warc.gz"))


def test_every_file_is_a_valid_archive_for_other_tools(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    captures = FolderCaptures(tmp_path)
    captures.pin([captures.put(PAGE) for _ in range(3)][1])
    captures.close()
    for file in files(tmp_path):
        checker = Checker(_Arguments())
        checker.process_one(str(file))
        assert not checker.exit_value
        with file.open("rb") as stream:
            for record in ArchiveIterator(stream, check_digests="raise"):
                assert record.rec_headers.get_header("WARC-Date") == "2026-01-27T00:00:00.123456Z"
                assert record.rec_headers.get_header("WARC-Payload-Digest")
                assert record.http_headers.statusline == "200 OK"
                assert record.content_stream().read() == PAGE.body
    assert "DIGEST" not in capsys.readouterr().out.upper().replace("NO DIGEST", "")


class _Arguments:
    verbose = False
    inputs: tuple[str, ...] = ()


def test_a_record_cut_off_by_a_kill_hides_no_later_one(tmp_path: Path) -> None:
    first = FolderCaptures(tmp_path)
    whole, cut = first.put(PAGE), first.put(PAGE)
    first.close()
    [file] = files(tmp_path)
    file.write_bytes(file.read_bytes()[:-10])
    second = FolderCaptures(tmp_path)
    later = second.put(PAGE)
    second.close()
    assert second.get(whole) == second.get(later) == PAGE
    for ask in (second.get, second.pin):
        with pytest.raises(BackendError) as error:
            ask(cut)
        assert code(error) == "capture_missing"
    assert len(files(tmp_path)) == 2


def test_a_request_cut_off_by_a_kill_leaves_its_response(tmp_path: Path) -> None:
    captures = FolderCaptures(tmp_path)
    reference = captures.put(ASKED)
    captures.close()
    [file] = files(tmp_path)
    file.write_bytes(file.read_bytes()[:-10])
    assert captures.get(reference) == PAGE
    captures.pin(reference)
    assert captures.get(reference) == PAGE


def test_a_full_file_is_followed_by_another(tmp_path: Path) -> None:
    captures = FolderCaptures(tmp_path, limit=1000)
    references = [captures.put(replace(PAGE, address=f"http://a.cn/{n}")) for n in range(6)]
    captures.close()
    assert len(files(tmp_path)) > 1
    assert [captures.get(one).address for one in references] == [f"http://a.cn/{n}" for n in range(6)]


def test_two_processes_never_write_one_file(tmp_path: Path) -> None:
    one, other = FolderCaptures(tmp_path), FolderCaptures(tmp_path)
    references = [one.put(PAGE), other.put(PAGE), one.put(PAGE)]
    one.close()
    other.close()
    assert len(files(tmp_path)) == 2
    assert [one.get(reference) for reference in references] == [PAGE] * 3


def test_a_file_that_another_process_has_just_created_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = FolderCaptures(tmp_path), FolderCaptures(tmp_path)
    first = one.put(PAGE)
    with monkeypatch.context() as blind:
        blind.setattr(Path, "glob", lambda self, pattern: iter(()))
        second = other.put(PAGE)
    one.close()
    other.close()
    assert (first, second) == ("2026-01-27/000001:0", "2026-01-27/000002:0")


def test_a_full_disk_writes_nothing_and_the_next_put_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    captures = FolderCaptures(tmp_path)
    first = captures.put(PAGE)

    def full(file: io.FileIO, record: bytes) -> None:
        file.write(record[: len(record) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("huiying.backends.captures_folder._write", full)
        with pytest.raises(StorageFull):
            captures.put(PAGE)
        with pytest.raises(StorageFull):
            captures.pin(first)
    assert list(captures.references()) == []
    second = captures.put(replace(PAGE, body=b"after"))
    assert [captures.get(first), captures.get(second).body] == [PAGE, b"after"]
    captures.close()
    with files(tmp_path)[0].open("rb") as stream:
        assert len(list(ArchiveIterator(stream))) == 2


def test_a_folder_that_cannot_be_written_is_a_backend_error(tmp_path: Path) -> None:
    (tmp_path / "seen").write_text("in the way")
    with pytest.raises(BackendError) as error:
        FolderCaptures(tmp_path).put(PAGE)
    assert code(error) == "captures_unwritable"


@pytest.mark.parametrize("language", LANGUAGES)
def test_its_errors_have_sentences(language: str) -> None:
    assert {"error.capture_missing", "error.captures_unwritable", "error.storage_full"} <= set(catalogue(language))
