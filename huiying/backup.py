"""Back up a desk to one file while it runs, and restore it into an empty folder.

folder ─► copies of files, key, captures, databases ─► tar.gz with MANIFEST.json (SHA-256 of each) ─► folder

The search index is left out: it is a projection, and `process` fills it again from POSTS_READY.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

from huiying import __version__
from huiying.core.config_files import DESK_FILES, MACHINE_FILE, read_machine
from huiying.core.errors import Refused, StorageFull
from huiying.wiring import snapshot

MANIFEST = "MANIFEST.json"
Progress = Callable[[int, int], None]


def backup(folder: Path, archive: Path, progress: Progress) -> int:
    """Write the desk in `folder` to the new file `archive`; return its size in bytes. `progress` gets (done, all)."""
    if archive.exists():
        raise Refused("backup_exists", file=str(archive))
    data = folder / read_machine(folder).data
    with tempfile.TemporaryDirectory(prefix="huiying-backup-", dir=archive.parent) as scratch:
        try:
            _collect(folder, data, Path(scratch) / "desk", progress)
            partial = Path(scratch) / "archive"
            with tarfile.open(partial, "w:gz") as tar:
                tar.add(Path(scratch) / "desk", arcname="desk")
            os.replace(partial, archive)
        except OSError as cause:
            raise StorageFull("storage_full", what=str(archive)) from cause
    return archive.stat().st_size


def _collect(folder: Path, data: Path, into: Path, progress: Progress) -> None:
    # The ledger is copied last: cursors and offsets then stand behind what it holds, and what comes again does nothing
    # twice; were they ahead, events would be skipped.
    names = [MACHINE_FILE, *DESK_FILES]
    offsets = data / "log" / "offsets.sqlite"
    topics = sorted(set((data / "log").glob("*.sqlite")) - {offsets})
    databases = [data / "store.sqlite", offsets, *topics, data / "ledger.sqlite"]
    plain = [folder / name for name in names] + [data / "ledger.key", data / "clock"]
    plain += [file for file in sorted((data / "captures").rglob("*")) if file.is_file()]
    total = len(databases) + len(plain)
    sums = {}
    for done, file in enumerate([*plain, *databases], 1):
        inside = file.relative_to(folder) if file.is_relative_to(folder) else Path("data") / file.relative_to(data)
        copy = into / inside
        if file.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            snapshot(file, copy) if file.suffix == ".sqlite" else shutil.copy2(file, copy)
            sums[str(inside)] = _sum(copy)
        progress(done, total)
    manifest = {"version": __version__, "sha256": sums}
    (into / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True), encoding="utf-8")


def restore(archive: Path, folder: Path, progress: Progress) -> int:
    """Unpack `archive` into the empty or new `folder` once every file has its checksum; return how many files."""
    if folder.exists() and any(folder.iterdir()):
        raise Refused("restore_not_empty", folder=str(folder))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="huiying-restore-", dir=folder.parent) as scratch:
        try:
            with tarfile.open(archive, "r:gz") as tar:
                _extract(tar, Path(scratch))
            desk = Path(scratch) / "desk"
            sums = json.loads((desk / MANIFEST).read_text(encoding="utf-8"))["sha256"]
        except (OSError, tarfile.TarError, EOFError, ValueError, KeyError, zlib.error) as cause:
            raise Refused("backup_unreadable", file=str(archive)) from cause
        for done, (name, expected) in enumerate(sums.items(), 1):
            if not (desk / name).is_file() or _sum(desk / name) != expected:
                raise Refused("backup_damaged", file=name)
            progress(done, len(sums))
        (desk / MANIFEST).unlink()
        if folder.exists():
            folder.rmdir()
        os.replace(desk, folder)
    return len(sums)


def _extract(tar: tarfile.TarFile, into: Path) -> None:
    """Extract plain files that lie inside `into`; anything else is a ValueError.

    Python 3.11.2, Debian 12's, does not have tarfile's own filters yet.
    """
    for member in tar:
        target = (into / member.name).resolve()
        if not target.is_relative_to(into.resolve()) or not (member.isfile() or member.isdir()):
            raise ValueError(f"not a plain file inside the folder: {member.name}")
        if member.isfile():
            source = tar.extractfile(member)
            assert source is not None
            target.parent.mkdir(parents=True, exist_ok=True)
            with source, target.open("wb") as file:
                shutil.copyfileobj(source, file)
            target.chmod(member.mode & 0o700)


def _sum(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
