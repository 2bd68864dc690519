"""feedparser's own test files through our reader: what we make of each is what feedparser makes of it.

They are in feedparser's source distribution, which pip brings at test time; where it cannot, this is skipped, and fails
in CI.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import feedparser
import pytest

from crawlers.feeds import _item, read_feed
from crawlers.items import Item, Unreadable
from crawlers.splitting import cut_up

AT = "http://127.0.0.1:8097/feed"
CUT = 1000  # feeds of the suite that are cut: of 6.0.14 they are 1,022
_TYPE = re.compile(rb"Header:\s*Content-type:\s*(\S[^\n]*)", re.I)
# Where we differ, and why: by the file's path as a regular expression.
DELIBERATE = {
    # No outlet writes EBCDIC: bytes that are neither UTF-8 nor declared in a charset of the web are read as Chinese.
    r"encoding/x80_(cp037|cp500|cp875|csibm037|csibm500|ebcdic[-_]cp[-_].*|ibm037|ibm039|ibm1140|ibm500)\.xml": 21,
    # Undeclared bytes: feedparser takes them for Latin-1, we for Chinese, in GB18030 or Big5 by frequent characters.
    r"illformed/chardet/(eucjp|euckr|gb2312|shiftjis)\.xml": 4,
    # Noise in the midst of text that is labelled iso-8859-2: it reads better as Chinese than as Latin.
    r"encoding/bozo_linenoise\.xml": 1,
}


@pytest.fixture(scope="module")
def files(pytestconfig: pytest.Config) -> list[tuple[str, bytes]]:
    """Return path and bytes of every test file of the feedparser that is installed."""
    cache = pytestconfig.cache.mkdir("feedparser")  # type: ignore[union-attr]
    name = f"feedparser-{feedparser.__version__}.tar.gz"
    if not (cache / name).exists():
        _download(cache)
    if not (cache / name).exists():
        assert not os.environ.get("CI"), "pip brings no source distribution of feedparser"
        pytest.skip("pip brings no source distribution of feedparser")
    with tarfile.open(cache / name) as archive:
        members = [one for one in archive if one.isfile() and "/tests/" in one.name and not one.name.endswith(".py")]
        return [(one.name.split("/tests/")[1], _bytes(archive, one)) for one in members]


def _download(folder: Path) -> None:
    wanted = ("--no-binary", ":all:", "--no-deps", "--disable-pip-version-check", "--quiet")
    what = f"feedparser=={feedparser.__version__}"
    pip = [sys.executable, "-m", "pip", "download", *wanted, "--dest", str(folder), what]
    subprocess.run(pip, check=False, timeout=200, capture_output=True)


def _bytes(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    assert stream is not None
    return stream.read()


def _theirs(body: bytes, content_type: str | None) -> list[Item] | None:
    headers = {"content-location": AT} | ({"content-type": content_type} if content_type else {})
    parsed = feedparser.parse(io.BytesIO(body), response_headers=headers)
    return [_item(entry) for entry in parsed.entries] if parsed.version else None


def _ours(body: bytes, content_type: str | None) -> list[Item] | None:
    read = read_feed(body, content_type, AT)
    return None if isinstance(read, Unreadable) else read


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_we_read_is_what_feedparser_reads(files: list[tuple[str, bytes]]) -> None:
    differ = []
    for path, body in files:
        found = _TYPE.search(body)
        content_type = found[1].decode("latin-1").strip() if found else None
        if _ours(body, content_type) != _theirs(body, content_type):
            differ.append(path)
    assert len(files) >= 2125
    assert [path for path in differ if not any(re.fullmatch(form, path) for form in DELIBERATE)] == []
    assert {form: sum(bool(re.fullmatch(form, path)) for path in differ) for form in DELIBERATE} == DELIBERATE


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_items_read_alone_are_what_the_whole_says_wherever_a_feed_is_cut(files: list[tuple[str, bytes]]) -> None:
    differ, cut_ones = [], 0
    for path, body in files:
        whole, cut = read_feed(body, None, AT), cut_up(body)
        if cut is None or isinstance(whole, Unreadable) or len(whole) != len(cut.items):
            continue
        cut_ones += 1
        digests = cut.digests()
        for digest in set(digests):
            expected = [item for item, one in zip(whole, digests, strict=True) if one == digest]
            if read_feed(cut.without(set(digests) - {digest}, digests), None, AT) != expected:
                differ.append(path)
    assert differ == []
    assert cut_ones >= CUT
