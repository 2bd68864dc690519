"""Back up a desk to one file while it runs, and restore it into an empty folder, on the same backends or on others.

folder, servers ─► copies of files, key, captures, databases ─► tar.gz with MANIFEST.json (SHA-256 of each)
                                                                        │
folder, servers ◄─ captures, databases to where huiying.toml says ◄─────┘ ─► declare: `restored` in the ledger

Ledger and store stand in the archive as SQLite files whatever held them. A folder that holds nothing but a huiying.toml
of its own, and the `secrets` for it, keeps that one: so a desk goes from files to PostgreSQL and back. Captures that
stand already in a folder that the machines share are left as they are.

Two things are left out. The search index is a projection, and `process` fills it again from POSTS_READY. A log on Kafka
outlives the desk's machines; what it holds beyond the restored ledger was read already and is not read again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from alerts.events import EventType
from huiying import __version__, wiring
from huiying.core.codec import instant, instant_text
from huiying.core.config import Machine
from huiying.core.config_files import read_machine
from huiying.core.config_text import DESK_FILES, MACHINE_FILE
from huiying.core.errors import Refused, StorageFull, Tampered
from huiying.core.model import Draft, Event, Role
from huiying.core.ports import Clock, Ledger
from huiying.undeclared import PENDING

MANIFEST = "MANIFEST.json"
_OWN = {MACHINE_FILE, "secrets"}
_DATABASES = ("store", "ledger")
_PAGE = 1000
Progress = Callable[[int, int], None]


def backup(runtime: wiring.Runtime, archive: Path, progress: Progress) -> int:
    """Write the opened desk to the new file `archive`; return its size in bytes. `progress` gets (done, all).

    A ledger that does not verify is Tampered, and nothing is written.
    """
    if archive.exists():
        raise Refused("backup_exists", file=str(archive))
    with _room(archive), tempfile.TemporaryDirectory(prefix="huiying-backup-", dir=archive.parent) as scratch:
        _collect(runtime, Path(scratch) / "desk", progress)
        partial = Path(scratch) / "archive"
        with tarfile.open(partial, "w:gz") as tar:
            tar.add(Path(scratch) / "desk", arcname="desk")
        os.replace(partial, archive)
    return archive.stat().st_size


@contextmanager
def _room(what: Path) -> Iterator[None]:
    """Turn a full disk into StorageFull; what else the system refuses keeps its own name."""
    try:
        yield
    except OSError as cause:
        if cause.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull("storage_full", what=str(what)) from cause
        raise


def _collect(runtime: wiring.Runtime, into: Path, progress: Progress) -> None:
    # The ledger is copied last: cursors and offsets then stand behind what it holds, and what comes again does nothing
    # twice; were they ahead, events would be skipped.
    sums: dict[str, str] = {}
    log = runtime.data / "log"
    offsets = log / "offsets.sqlite"
    files = _plain(runtime)
    logs = [file for file in (offsets, *sorted(set(log.glob("*.sqlite")) - {offsets})) if file.exists()]
    total = len(files) + len(logs) + len(_DATABASES)

    def add(name: str, copy: Callable[[Path], object]) -> None:
        target = into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy(target)
        sums[name] = _sum(target)
        progress(len(sums), total)

    for name, file in files.items():
        add(name, lambda target, file=file: shutil.copy2(file, target))  # type: ignore[misc]
    add("data/store.sqlite", lambda target: wiring.copy_out(runtime, "store", target))
    for file in logs:
        add(f"data/log/{file.name}", lambda target, file=file: wiring.snapshot(file, target))  # type: ignore[misc]
    taken = instant_text(runtime.clock.now())
    add("data/ledger.sqlite", lambda target: wiring.copy_out(runtime, "ledger", target))
    manifest = {"version": __version__, "desk": runtime.machine.desk, "taken": taken, "sha256": sums}
    (into / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True), encoding="utf-8")


def _plain(runtime: wiring.Runtime) -> dict[str, Path]:
    """Return every file that is copied as it is, by its name in the archive."""
    files = {name: runtime.folder / name for name in (MACHINE_FILE, *DESK_FILES)}
    files |= {f"data/{name}": runtime.data / name for name in ("ledger.key", "clock")}
    captures = _captures(runtime.folder, runtime.machine)
    files |= {f"data/captures/{file.relative_to(captures)}": file for file in sorted(captures.rglob("*"))}
    return {name: file for name, file in files.items() if file.is_file()}


def _captures(folder: Path, machine: Machine) -> Path:
    return folder / machine.captures if machine.captures else folder / machine.data / "captures"


def restore(archive: Path, folder: Path, progress: Progress, secrets: Mapping[str, str] = wiring.NO_SECRETS) -> int:
    """Unpack `archive` into the empty or new `folder` once every file has its checksum; return how many files.

    Where huiying.toml names PostgreSQL, ledger and store go there, into an empty schema. The ledger must be declared
    after this, by `declare`: where that was cut short, the same archive restores nothing again.
    """
    if (data := _undeclared(folder)) is not None:
        return _the_same(archive, data)
    if folder.exists() and {path.name for path in folder.iterdir()} - _OWN:
        raise Refused("restore_not_empty", folder=str(folder))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _room(folder), tempfile.TemporaryDirectory(prefix="huiying-restore-", dir=folder.parent) as scratch:
        desk = Path(scratch) / "desk"
        files = _unpack(archive, Path(scratch), progress)
        machine = _machine(desk, folder)
        _place(desk, machine, secrets)
        if folder.exists():
            os.replace(folder, Path(scratch) / "before")
        os.replace(desk, folder)
    return files


def _undeclared(folder: Path) -> Path | None:
    """Return the data folder of a desk whose restoration was cut short before it was declared."""
    if not (folder / MACHINE_FILE).is_file():
        return None
    data = folder / read_machine(folder).data
    return data if (data / PENDING).exists() else None


def _the_same(archive: Path, data: Path) -> int:
    """Return how many files `archive` holds, if it is the one that was restored to `data`."""
    try:
        with tarfile.open(archive, "r:gz") as tar:
            member = tar.extractfile(f"desk/{MANIFEST}")
            written = member.read() if member else b""
        sums = json.loads(written)["sha256"]
    except (OSError, tarfile.TarError, EOFError, ValueError, KeyError, TypeError, zlib.error) as cause:
        raise Refused("backup_unreadable", file=str(archive)) from cause
    if hashlib.sha256(written).hexdigest() != json.loads((data / PENDING).read_text(encoding="utf-8"))["manifest"]:
        raise Refused("restore_other_archive", file=str(archive))
    return len(sums)


def _unpack(archive: Path, scratch: Path, progress: Progress) -> int:
    desk = scratch / "desk"
    try:
        with tarfile.open(archive, "r:gz") as tar:
            _extract(tar, scratch)
        written = (desk / MANIFEST).read_bytes()
        manifest = json.loads(written)
        sums, taken = manifest["sha256"], manifest["taken"]
    except (OSError, tarfile.TarError, EOFError, ValueError, KeyError, TypeError, zlib.error) as cause:
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise Refused("backup_unreadable", file=str(archive)) from cause
    for done, (name, expected) in enumerate(sums.items(), 1):
        if not (desk / name).is_file() or _sum(desk / name) != expected:
            raise Refused("backup_damaged", file=name)
        progress(done, len(sums))
    (desk / MANIFEST).unlink()
    pending = {"taken": taken, "manifest": hashlib.sha256(written).hexdigest()}
    (desk / "data" / PENDING).write_text(json.dumps(pending), encoding="utf-8")
    return len(sums)


def _machine(desk: Path, folder: Path) -> Machine:
    """Return what the folder's own huiying.toml says where it has one, else the archive's."""
    archived = read_machine(desk)
    if (folder / MACHINE_FILE).is_file():
        shutil.copy2(folder / MACHINE_FILE, desk / MACHINE_FILE)
    if (folder / "secrets").is_dir():
        shutil.copytree(folder / "secrets", desk / "secrets")
    machine = read_machine(desk)
    if machine.desk != archived.desk:
        raise Refused("restore_other_desk", archived=archived.desk, desk=machine.desk, file=str(folder / MACHINE_FILE))
    return machine


def _place(desk: Path, machine: Machine, secrets: Mapping[str, str]) -> None:
    """Bring captures, databases and data to where `machine` has them; what lies inside the folder moves with it."""
    data = desk / "data"
    target = desk / machine.data
    if target != data and target.exists() and any(target.iterdir()):
        raise Refused("restore_data_held", what="data", place=str(target))
    if machine.captures and (data / "captures").is_dir():
        _merge(data / "captures", desk / machine.captures)
    if machine.ledger.postgresql:
        for what in _DATABASES:
            wiring.copy_in(machine, secrets, what, data / f"{what}.sqlite")
            (data / f"{what}.sqlite").unlink()
    if target != data:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            target.rmdir()
        shutil.move(data, target)


def _merge(source: Path, target: Path) -> None:
    """Move the files of `source` to `target`, but none onto one that stands there."""
    for file in sorted(source.rglob("*")):
        there = target / file.relative_to(source)
        if file.is_file() and not there.exists():
            there.parent.mkdir(parents=True, exist_ok=True)
            beside = there.with_name(f"{there.name}.restoring")
            shutil.copy2(file, beside)
            os.replace(beside, there)
    shutil.rmtree(source)


def read_known(written: str) -> tuple[int, str] | None:
    """Read "SEQ:CHAIN" of `huiying verify`; None where nothing is written."""
    if not written:
        return None
    number, _, chain = written.partition(":")
    if not (number.isdecimal() and re.fullmatch(r"[0-9a-f]{64}", chain)):
        raise Refused("known_unreadable", given=written)
    return int(number), chain


def declare(ledger: Ledger, clock: Clock, data: Path, known: tuple[int, str] | None = None) -> Event | None:
    """Record `restored` in a ledger that was just restored to the data folder `data`; None where there is none to.

    `known` is the number and the chain hash (hexadecimal) of the last event known of the ledger before, from a report
    or from `huiying verify`. Where the restored ledger has another hash at that number it is Tampered. Called again it
    records nothing twice.
    """
    note = data / PENDING
    if not note.exists():
        return None
    pending = json.loads(note.read_text(encoding="utf-8"))
    key = f"restored:{pending['manifest'][:32]}"
    events = ledger.append([_draft(ledger, clock, pending["taken"], known)], key=key)
    note.unlink()
    return events[0]


def _draft(ledger: Ledger, clock: Clock, taken: str, known: tuple[int, str] | None) -> Draft:
    [last] = ledger.read(after=ledger.head() - 1)
    if known is not None and known[0] <= last.seq:
        [same] = ledger.read(after=known[0] - 1, limit=1)
        if same.chain.hex() != known[1]:
            raise Tampered("tampered", seq=known[0], reason="chain")
        known = None
    number, chain = known or (last.seq, last.chain.hex())
    before = _origin(ledger)
    name, _, count = before.rpartition("/")
    payload = {
        "origin": f"{name}/{int(count) + 1}",
        "of": before,
        "last": last.seq,
        "chain": last.chain.hex(),
        "known": number,
        "known_chain": chain,
        "lost_from": instant_text(instant(taken)),
        "lost_until": instant_text(clock.now()),
    }
    return Draft(EventType.RESTORED, None, "system", Role.SYSTEM, payload=payload)


def _origin(ledger: Ledger) -> str:
    """Return the origin that the ledger has now: that of its last restoration, else that of its first event."""
    origin, after = "", 0
    while events := ledger.read(after=after, limit=_PAGE):
        for event in events:
            if event.type in (EventType.LEDGER_CREATED, EventType.RESTORED):
                origin = str(event.payload["origin"])
        after = events[-1].seq
    return origin


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
