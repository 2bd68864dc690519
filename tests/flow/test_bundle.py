"""The auditor's file and its verifier, which shares no code with the product: what each change of the file comes to."""

from __future__ import annotations

import ast
import base64
import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from alerts.events import EventType
from deploy import verify_bundle
from deploy.verify_bundle import Changed, check
from huiying.backends.captures_folder import FolderCaptures
from huiying.bundle import export
from huiying.checkpoint import issue
from huiying.core import codec
from huiying.core.cosignature import CosignerKey, cosign
from huiying.core.errors import Refused, Tampered
from huiying.core.model import Draft, Json, Response, Role
from tests.flow.test_checkpoint import Office

FLIPS = 10_000 if os.environ.get("HUIYING_PROFILE") == "long" else 300
VERIFIER = Path(verify_bundle.__file__)
PAGE = "湖滨镇停水已恢复".encode() * 3
AT = codec.instant("2026-03-10T02:00:00Z")


class Audited(Office):
    """An office with a page captured twice and cited, and a checkpoint."""

    def __init__(self, folder: Path, kind: str = "office") -> None:
        super().__init__(folder, kind)
        self.note(3)
        for _ in range(2):
            self.cite(PAGE)
        self.kept = folder / "kept.txt"
        self.kept.write_text(self.issue(), encoding="utf-8")
        self.note(2)

    def cite(self, body: bytes, sha256: str | None = None) -> None:
        self.record(EventType.CAPTURED, **self.page(body) | ({"sha256": sha256} if sha256 else {}))

    def page(self, body: bytes) -> dict[str, str]:
        """Keep a page for good; return what cites it."""
        captures = FolderCaptures(self.data / "captures")
        reference = captures.put(Response("http://127.0.0.2/1", 200, (), body, AT))
        captures.pin(reference)
        captures.close()
        return {"capture": reference, "sha256": hashlib.sha256(body).hexdigest()}

    def record(self, type: EventType, **payload: Json) -> None:
        ledger = self.ledger()
        ledger.append([Draft(type, "A1", "system", Role.SYSTEM, payload=payload)])
        ledger.close()

    def export(self, name: str = "ledger.bundle") -> Path:
        ledger, captures = self.ledger(), FolderCaptures(self.data / "captures")
        try:
            export(ledger, captures, "county", self.folder / name)
        finally:
            captures.close()
            ledger.close()
        return self.folder / name


@pytest.fixture
def office(tmp_path: Path) -> Audited:
    return Audited(tmp_path / "desk")


def resealed(file: Path, change: Callable[[list[str]], Sequence[str]]) -> Path:
    """Change the lines of a bundle as somebody would who can compute sums."""
    lines = file.read_text(encoding="utf-8").splitlines()[:-1]
    before = "".join(f"{line}\n" for line in change(lines)).encode()
    file.write_bytes(before + f"end {hashlib.sha256(before).hexdigest()}\n".encode())
    return file


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", str(VERIFIER), *map(str, words)], capture_output=True, text=True, timeout=60, check=False
    )


def test_the_verifier_imports_nothing_of_ours() -> None:
    tree = ast.parse(VERIFIER.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    outside = {name.partition(".")[0] for name in imported} - sys.stdlib_module_names
    assert outside == {"cryptography"}


def test_a_whole_bundle_holds_and_says_what_was_checked(office: Audited) -> None:
    ran = run(office.export(), "--checkpoint", office.kept)
    assert ran.returncode == 0, ran.stderr
    first, second, *rest = ran.stdout.splitlines()
    assert first.startswith("9 events of county (office), chain ")
    assert second == "1 cited captures are those that the events name"
    assert [line.endswith("the first 6 events are those that were signed") for line in rest] == [True, True]


def test_the_pages_of_posts_are_in_the_bundle_too(office: Audited) -> None:
    pages = [page.encode() for page in ("停水", "塌陷", "恢复", "改口")]
    cited = [office.page(body) for body in pages]
    office.record(EventType.OPENED, posts=[cited[0]])
    office.record(EventType.POST_ATTACHED, post=cited[1])
    office.record(EventType.POST_CHANGED, post=cited[2])
    office.record(EventType.POST_GONE, post="p1", **cited[3])
    office.record(EventType.POST_ATTACHED, post={"id": "p2"})
    ran = run(office.export())
    assert "5 cited captures are those that the events name" in ran.stdout, ran.stderr
    without = resealed(office.export("cut"), lambda lines: lines[:-1])
    assert "cites a capture that is missing" in run(without).stderr


def test_the_same_ledger_gives_the_same_bytes(office: Audited) -> None:
    assert office.export("one").read_bytes() == office.export("two").read_bytes()


def test_any_byte_changed_is_caught(office: Audited) -> None:
    file = office.export()
    whole, drawn = file.read_bytes(), random.Random(20260310)
    for _ in range(FLIPS):
        at, bit = drawn.randrange(len(whole)), 1 << drawn.randrange(8)
        file.write_bytes(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])
        with pytest.raises(Changed):
            check(file, [], "")
    file.write_bytes(whole)
    assert check(file, [], "")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: [lines[0], *lines[2:]], "another number"),
        (lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]], "another number"),
        (lambda lines: [*lines[:8], *lines[9:]], "another number"),
        (lambda lines: lines[:-1], "cites a capture that is missing"),
        (lambda lines: [*lines, lines[-1]], "is not the one that it says it is"),
        (lambda lines: [*lines[:-1], lines[-1][:-8] + "AAAAAAA="], "is not the one|no base64|spelled"),
        (lambda lines: [*lines, f"capture {hashlib.sha256(b'x').hexdigest()} eA=="], "no event cites"),
        (lambda lines: [lines[0], lines[-1], *lines[1:-1]], "wrong place"),
        (lambda lines: ["huiying-bundle 1 other", *lines[1:]], "another number or desk"),
        (lambda lines: [*lines, "hello"], "neither an event nor a capture"),
    ],
)
def test_a_change_by_somebody_who_computes_the_sum_anew_is_caught(
    office: Audited, change: Callable[[list[str]], list[str]], said: str
) -> None:
    with pytest.raises(Changed, match=said):
        check(resealed(office.export(), change), [], "")


def edited(lines: list[str], number: int, old: str, new: str) -> list[str]:
    """Return the lines with the text of event `number` changed."""
    raw = base64.b64decode(lines[number].removeprefix("event ")).decode()
    assert old in raw
    lines[number] = f"event {base64.b64encode(raw.replace(old, new).encode()).decode()}"
    return lines


@pytest.mark.parametrize(
    ("number", "old", "new", "said"),
    [
        (2, "停水", "供水", "at least one is another"),
        (2, '"停水"', ' "停水"', "not written as events are"),
        (2, "2026-03-10T02", "2026-03-10T01", "before the one before it"),
        (9, "2026-03-10T02", "2026-03-09T02", "before the one before it"),
        (7, '"size":6', '"size":5', ""),
        (7, "— county/1 ", "— county/2 ", "not signed by this ledger"),
        (1, '"office"', '"demonstration"', "no history of this ledger"),
    ],
)
def test_an_event_changed_is_caught(office: Audited, number: int, old: str, new: str, said: str) -> None:
    file = resealed(office.export(), lambda lines: edited(lines, number, old, new))
    if not said:  # what stands beside the note in its event is not what was signed: the note is
        assert check(file, [], "")
        return
    with pytest.raises(Changed, match=said):
        check(file, [], "")


def test_an_event_spelled_in_another_way_is_caught(office: Audited) -> None:
    def respelled(lines: list[str]) -> list[str]:
        at = next(at for at, line in enumerate(lines) if line.startswith("event") and line.endswith("="))
        letters, padding = lines[at].rstrip("="), lines[at].count("=")
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        lines[at] = letters[:-1] + alphabet[alphabet.index(letters[-1]) + 1] + "=" * padding
        return lines

    with pytest.raises(Changed, match="spelled in another way"):
        check(resealed(office.export(), respelled), [], "")


def test_a_ledger_that_begins_twice_is_none(office: Audited) -> None:
    ledger = office.ledger()
    ledger.append([Draft(EventType.LEDGER_CREATED, None, "system", Role.SYSTEM, payload={"kind": "office"})])
    ledger.close()
    with pytest.raises(Changed, match="created by its first event"):
        check(office.export(), [], "")


def test_a_tail_that_no_checkpoint_inside_covers_is_caught_by_a_later_one_only(office: Audited) -> None:
    later = office.folder / "later.txt"
    file = office.export()
    ledger = office.ledger()
    later.write_text(issue(ledger, office.data, "by_hand"), encoding="utf-8")
    ledger.close()
    cut = resealed(file, lambda lines: [*lines[:9], *lines[10:]])
    assert run(cut).returncode == 0
    ran = run(cut, "--checkpoint", later)
    assert ran.returncode == 1
    assert "9 events were signed, the bundle holds 8" in ran.stderr


def test_another_ledger_with_another_key_is_told_by_the_key(office: Audited, tmp_path: Path) -> None:
    key = office.ledger().read()[0].payload["public_key"]
    forged = Audited(tmp_path / "forged").export()
    assert run(office.export(), "--public-key", key).returncode == 0
    assert run(forged).returncode == 0
    assert "another public key" in run(forged, "--public-key", key).stderr
    assert run(forged, "--checkpoint", office.kept).returncode == 1


def test_a_file_given_as_evidence_is_in_the_bundle_and_looked_at(office: Audited) -> None:
    letter = b"%PDF a letter"
    captures, ledger = FolderCaptures(office.data / "captures"), office.ledger()
    reference = captures.put(Response("http://127.0.0.2/letter.pdf", 200, (), letter, AT))
    file = {"kind": "file", "value": reference, "sha256": hashlib.sha256(letter).hexdigest()}
    payload = {"finding": "true", "evidence": [file, {"kind": "address", "value": "https://a.example/"}]}
    gone = {"of": 1, "capture": None, "sha256": None}
    ledger.append([Draft(EventType.VERIFIED, "A1", "p-2", Role.UNIT, payload=payload)])
    ledger.append([Draft(EventType.RECHECKED, "A1", "system", Role.SYSTEM, payload=gone)])
    ledger.close()
    captures.close()
    bundle = office.export()
    assert "2 cited captures are those that the events name" in run(bundle).stdout
    encoded = base64.b64encode(letter).decode()
    without = resealed(bundle, lambda lines: [line for line in lines if not line.endswith(encoded)])
    with pytest.raises(Changed, match="event 10 cites a capture that is missing"):
        check(without, [], "")


def test_a_checkpoint_that_a_witness_signed_is_taken_and_its_signature_checked(office: Audited) -> None:
    own = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    key = CosignerKey("witness.example/w1", own.public_key().public_bytes_raw())
    signed = office.kept.read_text(encoding="utf-8")
    text = signed.rpartition("\n\n")[0] + "\n"
    bundle = office.export()
    assert f"not signed by {key.name}" in run(bundle, "--checkpoint", office.kept, "--witness-key", str(key)).stdout
    office.kept.write_text(signed + cosign(text, key.name, own, 1_772_000_000), encoding="utf-8")
    ran = run(bundle, "--checkpoint", office.kept, "--witness-key", str(key))
    assert ran.returncode == 0, ran.stderr
    assert "signed by witness.example/w1 at 2026-02-25T06:13:20+00:00" in ran.stdout
    office.kept.write_text(signed + cosign(f"{text}x\n", key.name, own, 1_772_000_000), encoding="utf-8")
    ran = run(bundle, "--checkpoint", office.kept, "--witness-key", str(key))
    assert (ran.returncode, "the signature of witness.example/w1 is wrong" in ran.stderr) == (1, True)
    for wrong in ("x", "a+b+c", "a+b+AAAA"):
        assert run(bundle, "--checkpoint", office.kept, "--witness-key", wrong).returncode == 2


def test_what_is_no_bundle_could_not_be_checked(tmp_path: Path) -> None:
    assert run(tmp_path / "missing").returncode == 2
    other = tmp_path / "other"
    other.write_text("x\n", encoding="utf-8")
    assert run(resealed(other, lambda lines: ["something else"])).returncode == 2


def test_a_tampered_ledger_and_a_lost_capture_are_not_exported(office: Audited, tmp_path: Path) -> None:
    office.export("there")
    with pytest.raises(Refused, match="bundle_exists"):
        office.export("there")
    office.cite(b"page", hashlib.sha256(b"another page").hexdigest())
    with pytest.raises(Refused, match="capture_changed"):
        office.export()
    other = Audited(tmp_path / "other")
    for file in (other.data / "captures").rglob("*.warc*"):
        file.unlink()
    with pytest.raises(Refused, match="capture_not_held"):
        other.export()
    third = Audited(tmp_path / "third")
    third.spoil()
    with pytest.raises(Tampered):
        third.export()
    assert not list(tmp_path.rglob("*.part"))
    assert not list(tmp_path.rglob("ledger.bundle"))
