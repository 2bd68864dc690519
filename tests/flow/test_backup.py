"""Backup and restore: what is in the archive, on which backends it comes back, and what the ledger then declares."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from alerts.desk_payloads import Restored
from alerts.events import EventType
from alerts.folded import fold_all
from alerts.following import entries
from huiying import wiring
from huiying.backup import backup, declare, restore
from huiying.core.codec import instant
from huiying.core.errors import HuiyingError, Refused, StorageFull, Tampered
from huiying.core.model import Draft, Response, Role
from huiying.core.states import Account
from huiying.init import create_ledger
from huiying.undeclared import PENDING
from tests.alerts.scene import desk as scene_desk
from tests.alerts.scene import post
from tests.alerts.web.invented import TEXTS
from tests.clock import SettableClock
from tests.flow.profile import EMBEDDED, Profile, Servers

pytest_plugins = ("tests.servers", "tests.flow.profile")

NOW = instant("2026-03-10T10:00:00+08:00")
MACHINE = 'desk = "{desk}"\ntitle = "t"\ncontact = "a@b.cn"\n'
ACCOUNT = Account("zhiban", "p-1", "值班员", Role.DUTY, None, "zh", "hash")
SCENE = scene_desk()
NOTE = Draft("noted", "A1", "p-1", Role.DUTY, payload={"text": "停水"})


def machine_file(folder: Path, profile: Profile = EMBEDDED, more: str = "") -> None:
    """Write huiying.toml, and the secrets, of `profile` to `folder`."""
    (folder / "secrets").mkdir(parents=True)
    (folder / "huiying.toml").write_text(MACHINE.format(desk=profile.desk) + more + profile.toml, encoding="utf-8")
    for name, secret in profile.secrets.items():
        (folder / "secrets" / name).write_text(secret, encoding="utf-8")


def made(folder: Path, profile: Profile = EMBEDDED, more: str = "", first: Draft = NOTE) -> Path:
    """Make a desk with two events, an account and a capture."""
    machine_file(folder, profile, more)
    for name, text in TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "data").mkdir()
    create_ledger(folder, "test", SettableClock(NOW), profile.secrets)
    with opened(folder, profile.secrets) as runtime:
        runtime.ledger.append([first])
        runtime.store.accounts.add(ACCOUNT)
        runtime.store.stories.assign("post", [1, 2], NOW.date(), NOW.date(), lambda _: None)
        runtime.captures.put(Response("http://127.0.0.2/1", 200, (), b"page", NOW))
    return folder


@contextmanager
def opened(folder: Path, secrets: Mapping[str, str] = EMBEDDED.secrets) -> Iterator[wiring.Runtime]:
    runtime = wiring.open_desk(folder, secrets)
    try:
        yield runtime
    finally:
        runtime.close()


def saved(folder: Path, archive: Path, secrets: Mapping[str, str] = EMBEDDED.secrets) -> Path:
    """Back `folder` up to `archive`."""
    with opened(folder, secrets) as runtime:
        assert backup(runtime, archive, lambda done, total: None) == archive.stat().st_size
    return archive


def held(folder: Path, profile: Profile = EMBEDDED) -> tuple[list[bytes], list[Account], list[str], int]:
    """Return what the desk in `folder` holds of what was made; its ledger verifies, and it can go on."""
    with opened(folder, profile.secrets) as runtime:
        runtime.ledger.verify()
        events = [event.raw for event in runtime.ledger.read()]
        stories = runtime.store.stories.posts("post")
        # A number that the database gives must not be one that was copied.
        runtime.store.stories.assign("next", [1], NOW.date(), NOW.date(), lambda found: found[0].story)
        assert runtime.store.stories.posts("post") == [*stories, "next"]
        return events, runtime.store.accounts.all(), stories, runtime.ledger.append([NOTE])[0].seq


def captured(folder: Path) -> list[bytes]:
    """Return the bytes of every capture's file under `folder`."""
    return [file.read_bytes() for file in sorted(folder.rglob("*.warc*"))]


def test_files_come_back_as_they_were(tmp_path: Path) -> None:
    desk, copy = made(tmp_path / "desk"), tmp_path / "new" / "copy"
    files = restore(saved(desk, tmp_path / "a.tar.gz"), copy, lambda done, total: None)
    assert files == 8 + 1 + len(captured(desk / "data")) + 3
    assert captured(copy) == captured(desk) != []
    assert (copy / "data" / "ledger.key").read_bytes() == (desk / "data" / "ledger.key").read_bytes()
    assert held(copy) == held(desk)


def test_a_projection_is_never_believed_past_the_ledger_that_was_restored(tmp_path: Path) -> None:
    first, second, third = (entries(None, post(number, at=NOW), SCENE, 2, NOW)[0].draft for number in range(3))
    desk, copy = made(tmp_path / "desk", first=first), tmp_path / "copy"
    with opened(desk) as runtime:
        runtime.view().keep()
    archive = saved(desk, tmp_path / "a.tar.gz")
    with opened(desk) as runtime:
        runtime.ledger.append([second])
        runtime.view().keep()
    restore(archive, copy, lambda done, total: None)
    with opened(copy) as runtime:
        kept = runtime.store.projection.load()
        assert kept is not None
        assert kept[0].seq == runtime.ledger.head()
        assert runtime.view().folded() == fold_all(runtime.ledger.read())
    # The store of the day after over the ledger of the day before: first shorter, then as long by another way.
    shutil.copy2(desk / "data" / "store.sqlite", copy / "data" / "store.sqlite")
    for more, alerts in (([], 1), ([third], 2)):
        with opened(copy) as runtime:
            runtime.ledger.append(more)
            assert runtime.view().folded() == fold_all(runtime.ledger.read())
            assert len(runtime.view().alerts()) == alerts


def test_a_desk_goes_to_postgresql_and_back(tmp_path: Path, servers: Servers) -> None:
    desk = made(tmp_path / "desk")
    there = servers(log=False, index=False, desk=EMBEDDED.desk)
    machine_file(tmp_path / "there", there)
    restore(saved(desk, tmp_path / "a.tar.gz"), tmp_path / "there", lambda done, total: None, there.secrets)
    assert not list((tmp_path / "there" / "data").glob("*.sqlite"))
    archive = saved(tmp_path / "there", tmp_path / "b.tar.gz", there.secrets)
    machine_file(tmp_path / "back")
    restore(archive, tmp_path / "back", lambda done, total: None)
    assert captured(tmp_path / "back") == captured(desk) != []
    assert held(tmp_path / "there", there) == held(tmp_path / "back") == held(desk)


def test_a_schema_that_holds_something_is_not_overwritten(tmp_path: Path, servers: Servers) -> None:
    profile = servers(log=False, index=False)
    desk = made(tmp_path / "desk", profile)
    archive = saved(desk, tmp_path / "a.tar.gz", profile.secrets)
    with pytest.raises(Refused, match="restore_data_held") as refused:
        restore(archive, tmp_path / "new", lambda done, total: None, profile.secrets)
    assert profile.desk in refused.value.sentence("zh")
    assert not (tmp_path / "new").exists()
    assert len(held(desk, profile)[0]) == 2


def test_data_and_captures_go_where_the_folders_own_file_says(tmp_path: Path) -> None:
    desk = made(tmp_path / "desk")
    archive = saved(desk, tmp_path / "a.tar.gz")
    shared = tmp_path / "shared"
    machine_file(tmp_path / "new", more=f'data = "{tmp_path / "far"}"\ncaptures = "{shared}"\n')
    restore(archive, tmp_path / "new", lambda done, total: None)
    assert captured(shared) == captured(desk) != []
    assert (tmp_path / "far" / "ledger.sqlite").exists()
    assert held(tmp_path / "new") == held(desk)
    again = saved(tmp_path / "new", tmp_path / "b.tar.gz")
    with tarfile.open(again) as tar:
        assert "desk/data/ledger.sqlite" in tar.getnames()


def test_a_capture_that_stands_is_left_as_it_is(tmp_path: Path) -> None:
    desk, shared = made(tmp_path / "desk"), tmp_path / "shared"
    archive = saved(desk, tmp_path / "a.tar.gz")
    [file] = (desk / "data" / "captures").rglob("*.warc*")
    there = shared / file.relative_to(desk / "data" / "captures")
    there.parent.mkdir(parents=True)
    there.write_bytes(file.read_bytes() + b"more")
    machine_file(tmp_path / "new", more=f'captures = "{shared}"\n')
    restore(archive, tmp_path / "new", lambda done, total: None)
    assert captured(shared) == [file.read_bytes() + b"more"]


def test_another_desks_file_is_refused(tmp_path: Path) -> None:
    archive = saved(made(tmp_path / "desk"), tmp_path / "a.tar.gz")
    machine_file(tmp_path / "new", Profile("another"))
    with pytest.raises(Refused, match="restore_other_desk") as refused:
        restore(archive, tmp_path / "new", lambda done, total: None)
    assert "another" in refused.value.sentence("en")
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"huiying.toml", "secrets"}


def test_a_folder_that_holds_anything_else_is_refused(tmp_path: Path) -> None:
    archive = saved(made(tmp_path / "desk"), tmp_path / "a.tar.gz")
    machine_file(tmp_path / "new")
    (tmp_path / "new" / "rules.toml").touch()
    with pytest.raises(Refused, match="restore_not_empty"):
        restore(archive, tmp_path / "new", lambda done, total: None)


def test_a_ledger_that_was_tampered_with_is_not_backed_up(tmp_path: Path) -> None:
    desk = made(tmp_path / "desk")
    direct = sqlite3.connect(desk / "data" / "ledger.sqlite")
    direct.execute("DROP TRIGGER events_no_update")
    direct.execute("UPDATE events SET raw = CAST(replace(CAST(raw AS TEXT), '停水', '供水') AS BLOB) WHERE seq = 2")
    direct.commit()
    direct.close()
    with pytest.raises(Tampered) as found:
        saved(desk, tmp_path / "a.tar.gz")
    assert found.value.fields["seq"] == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["desk"]


def failing(number: int) -> Callable[..., object]:
    def fail(*_: object, **__: object) -> object:
        raise OSError(number, "said by the system", "somewhere")

    return fail


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ENOSPC, StorageFull), (errno.EDQUOT, StorageFull), (errno.EACCES, PermissionError)]
)
def test_only_a_full_disk_is_called_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
) -> None:
    desk = made(tmp_path / "desk")
    archive = saved(desk, tmp_path / "a.tar.gz")
    monkeypatch.setattr(shutil, "copy2", failing(number))
    with pytest.raises(kind):
        saved(desk, tmp_path / "b.tar.gz")
    monkeypatch.setattr(shutil, "copyfileobj", failing(number))
    with pytest.raises(kind if kind is StorageFull else HuiyingError):
        restore(archive, tmp_path / "new", lambda done, total: None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar.gz", "desk"]


def restored(tmp_path: Path, name: str, archive: Path) -> Path:
    restore(archive, tmp_path / name, lambda done, total: None)
    return tmp_path / name


def declared(folder: Path, at: datetime, known: tuple[int, str] | None = None) -> Restored | None:
    with opened(folder) as runtime:
        event = declare(runtime.ledger, SettableClock(at), runtime.data, known)
        assert event is None or event == runtime.ledger.read()[-1]
        runtime.ledger.verify()
        return None if event is None else event.payload  # type: ignore[return-value]


def test_a_restored_ledger_declares_what_it_holds_and_what_may_be_lost(tmp_path: Path) -> None:
    desk = made(tmp_path / "desk")
    archive = saved(desk, tmp_path / "a.tar.gz")
    with opened(desk) as runtime:
        second = runtime.ledger.read()[-1]
        last = runtime.ledger.append([NOTE] * 3)[-1]
    copy = restored(tmp_path, "copy", archive)
    taken = json.loads((copy / "data" / PENDING).read_text(encoding="utf-8"))["taken"]
    payload = declared(copy, NOW, (last.seq, last.chain.hex()))
    assert payload == {
        "origin": "test/2",
        "of": "test/1",
        "last": 2,
        "chain": second.chain.hex(),
        "known": 5,
        "known_chain": last.chain.hex(),
        "lost_from": taken,
        "lost_until": "2026-03-10T02:00:00.000000Z",
    }
    assert set(payload) == set(Restored.__annotations__)
    assert declared(copy, NOW) is None


def test_where_nothing_later_is_known_the_backups_last_event_is_the_last_known(tmp_path: Path) -> None:
    copy = restored(tmp_path, "copy", saved(made(tmp_path / "desk"), tmp_path / "a.tar.gz"))
    payload = declared(copy, NOW)
    assert payload is not None
    assert (payload["known"], payload["known_chain"]) == (payload["last"], payload["chain"])


def test_the_second_restoration_begins_the_third_origin(tmp_path: Path) -> None:
    once = restored(tmp_path, "once", saved(made(tmp_path / "desk"), tmp_path / "a.tar.gz"))
    declared(once, NOW)
    twice = restored(tmp_path, "twice", saved(once, tmp_path / "b.tar.gz"))
    payload = declared(twice, NOW)
    assert payload is not None
    assert (payload["of"], payload["origin"]) == ("test/2", "test/3")


def test_another_history_than_the_known_one_is_tampered(tmp_path: Path) -> None:
    copy = restored(tmp_path, "copy", saved(made(tmp_path / "desk"), tmp_path / "a.tar.gz"))
    with pytest.raises(Tampered):
        declared(copy, NOW, (1, "00" * 32))
    assert declared(copy, NOW) is not None


def test_a_declaration_cut_short_is_made_once(tmp_path: Path) -> None:
    copy = restored(tmp_path, "copy", saved(made(tmp_path / "desk"), tmp_path / "a.tar.gz"))
    pending = (copy / "data" / PENDING).read_bytes()
    first = declared(copy, NOW)
    (copy / "data" / PENDING).write_bytes(pending)
    with opened(copy) as runtime:
        again = declare(runtime.ledger, SettableClock("2027-01-01T00:00:00Z"), runtime.data)
        assert again is not None
        assert again.payload == first
        assert [event.type for event in runtime.ledger.read()].count(EventType.RESTORED) == 1


def test_a_restoration_cut_short_goes_on_with_the_same_backup_only(tmp_path: Path) -> None:
    archive = saved(made(tmp_path / "desk"), tmp_path / "a.tar.gz")
    copy = restored(tmp_path, "copy", archive)
    other = saved(made(tmp_path / "other"), tmp_path / "b.tar.gz")
    with pytest.raises(Refused, match="restore_other_archive"):
        restore(other, copy, lambda done, total: None)
    (copy / "outlets.toml").write_text("# mine", encoding="utf-8")
    assert restore(archive, copy, lambda done, total: None) > 0
    assert (copy / "outlets.toml").read_text(encoding="utf-8") == "# mine"
    declared(copy, NOW)
    with pytest.raises(Refused, match="restore_not_empty"):
        restore(archive, copy, lambda done, total: None)


@pytest.mark.parametrize("command", ["watch", "desk", "up"])
def test_nothing_runs_on_a_ledger_that_has_not_declared_its_restoration(tmp_path: Path, command: str) -> None:
    copy = restored(tmp_path, "copy", saved(made(tmp_path / "desk"), tmp_path / "a.tar.gz"))
    ran = subprocess.run(
        [sys.executable, "-m", "huiying", command, str(copy)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "HUIYING_LANGUAGE": "en"},
        check=False,
    )
    assert ran.returncode == 1
    assert "Run huiying restore again with the same backup" in ran.stderr
