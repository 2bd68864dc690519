"""The witness signs what extends the checkpoint that it holds, says which size that is, and refuses all else."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from huiying import second_file
from huiying.checkpoint import History, history
from huiying.core import merkle, note
from huiying.core.cosignature import cosigned
from huiying.core.errors import BackendError, Refused, Tampered
from huiying.witness import LARGEST, Witness, application, create, parsed, request, send, with_cosignature
from tests.attacks.office import Office, noted
from tests.clock import SettableClock
from tests.flow.office import wait_for

with warnings.catch_warnings():
    # Starlette's test client asks for httpx2; with httpx it works the same.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

CLOCK = SettableClock("2026-03-10T10:00:00+08:00")
AT = int(CLOCK.now().timestamp())
# The example of c2sp.org/tlog-witness.
EXAMPLE = """old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
"""  # noqa: E501
# A request of the tests of litewitness (filippo.io/torchwood), and the key of its log.
ORIGIN = "sigsum.org/v1/tree/985ea163f5af026723561354f51f2ebcdcf2af809ce254ccfb64aa9aadd80f90"
LITEWITNESS = f"""old 0

{ORIGIN}
1
KgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=

— {ORIGIN} 7BKT0gOfNZ1J0So9unY3BZtm2YkPIoNYM/dce0Z2avJDs8dxN6ts9bOSwwrVrbjm6P9K3ZxpK6jJngOG6YvGGzV/lwo=
"""
ITS_KEY = note.VerifierKey(ORIGIN, bytes.fromhex("52c05edad1bf5feffa81354faae59a655d9a9a1a793ed2f62c39c26c0be2aecd"))


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    create(tmp_path / "witness", "witness.example/w1")
    return Witness(tmp_path / "witness", CLOCK.now)


@pytest.fixture
def office(tmp_path: Path, witness: Witness) -> Office:
    made = Office(tmp_path / "desk")
    made.append(noted(None), noted(None))
    known = state(made)
    witness.trust(known.key("county/1"))
    return made


def state(office: Office) -> History:
    with office.ledger() as ledger:
        return history(ledger)


def asked(office: Office, old: int) -> bytes:
    """Sign the ledger as it is and ask for a signature."""
    signed = office.issue()
    return request(state(office), old, signed)


def test_the_published_example_of_a_request_is_read() -> None:
    old, proof, signed = parsed(EXAMPLE.encode())
    assert (old, len(proof), note.checkpoint(signed).size) == (20_852_014, 4, 20_852_163)


def test_a_request_of_another_program_is_signed(witness: Witness) -> None:
    assert witness.add(LITEWITNESS.encode()).status == 404
    witness.trust(ITS_KEY)
    answer = witness.add(LITEWITNESS.encode())
    assert answer.status == 200
    assert cosigned(LITEWITNESS.partition("\n\n")[2] + answer.text, witness.key) == AT


def test_each_extension_is_signed_and_the_newest_is_kept(office: Office, witness: Witness) -> None:
    sizes = []
    for old, more in ((0, 1), (3, 4), (5, 1), (10, 0)):
        answer = witness.add(asked(office, old))
        assert answer.status == 200, answer
        kept = witness.held("county/1")
        assert kept
        sizes.append(note.checkpoint(kept).size)
        assert kept.endswith(answer.text)
        assert cosigned(kept, witness.key) == AT
        office.append(*[noted(None)] * more)
    assert sizes == [3, 5, 10, 12]


def test_the_same_checkpoint_is_signed_again(office: Office, witness: Witness) -> None:
    signed = office.issue()
    assert witness.add(request(state(office), 0, signed)).status == 200
    assert witness.add(request(state(office), 3, signed)).status == 200


def test_another_old_size_is_answered_with_the_size_held(office: Office, witness: Witness) -> None:
    witness.add(asked(office, 0))
    office.append(noted(None))
    wrong = witness.add(asked(office, 2))
    assert (wrong.status, wrong.text, wrong.kind) == (409, "3\n", "text/x.tlog.size")
    assert witness.add(asked(office, 0)).status == 409


def test_a_history_written_anew_is_refused(office: Office, witness: Witness, tmp_path: Path) -> None:
    rows = office.rows()
    witness.add(asked(office, 0))
    office.overwrite(rows[:2])
    office.append(noted(None, "另一段历史"), noted(None))
    (office.data / "checkpoints" / "latest").unlink()
    answer = witness.add(asked(office, 3))
    assert answer.status == 422
    office.overwrite(rows[:2])
    office.append(noted(None, "一样长的另一段"))
    (office.data / "checkpoints" / "latest").unlink()
    same = witness.add(asked(office, 3))
    assert (same.status, same.text) == (409, "3\n")
    kept = witness.held("county/1")
    assert kept
    assert note.checkpoint(kept).root == merkle.root([row["leaf"] for row in rows])


def test_a_proof_that_is_cut_or_where_none_may_be_is_refused(office: Office, witness: Witness) -> None:
    hash = base64.b64encode(bytes(32)).decode()
    first = asked(office, 0)
    assert witness.add(first.replace(b"old 0\n", f"old 0\n{hash}\n".encode())).status == 422
    witness.add(first)
    office.append(*[noted(None)] * 4)
    second = asked(office, 3)
    lines = second.split(b"\n")
    assert witness.add(b"\n".join([lines[0], *lines[2:]])).status == 422
    assert witness.add(second).status == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda asked: b"", 400),
        (lambda asked: b"\xff" + asked, 400),
        (lambda asked: asked.replace(b"old 0\n", b"old 00\n"), 400),
        (lambda asked: asked.replace(b"old 0\n", b"old -1\n"), 400),
        (lambda asked: asked.replace(b"old 0\n", b"old 0\nAAAA\n"), 400),
        (lambda asked: asked.replace(b"old 0\n", b"old 0\n" + (b"A" * 43 + b"=\n") * 64), 400),
        (lambda asked: asked.replace(b"old 0\n", b"old 4\n"), 400),
        (lambda asked: asked + b"x" * LARGEST, 400),
        (lambda asked: asked.partition(b"\n\n")[0] + b"\n\n", 400),
        (lambda asked: asked.replace(b"\n3\n", b"\n2\n"), 403),
        (lambda asked: asked.replace("— county/1 ".encode(), "— county/2 ".encode()), 403),
        (lambda asked: asked.replace(b"\ncounty/1\n", b"\ncounty/2\n"), 404),
    ],
)
def test_what_is_no_request_or_of_nobody_trusted_is_refused(
    office: Office, witness: Witness, change, status: int
) -> None:
    answer = witness.add(change(asked(office, 0)))
    assert (answer.status, answer.text) == (status, "")
    assert witness.held("county/1") is None


def test_of_two_requests_at_once_the_second_sees_the_first(
    office: Office, witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A race that c2sp.org/tlog-witness tells of: the smaller must not replace the larger."""
    small = asked(office, 0)
    office.append(noted(None))
    large = asked(office, 0)
    swap = second_file.swap

    def late(*given: object) -> None:
        monkeypatch.undo()
        assert witness.add(large).status == 200
        swap(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(second_file, "swap", late)
    answer = witness.add(small)
    assert (answer.status, answer.text) == (409, "5\n")
    kept = witness.held("county/1")
    assert kept
    assert note.checkpoint(kept).size == 5


def test_many_at_once_leave_the_largest_that_was_signed(office: Office, witness: Witness) -> None:
    requests = [asked(office, 0) for _ in range(6)]
    answers: list[int] = []
    threads = [threading.Thread(target=lambda body=body: answers.append(witness.add(body).status)) for body in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 409, 409, 409, 409, 409]


def test_an_origin_names_no_folder_of_its_own_choice(witness: Witness, tmp_path: Path) -> None:
    assert witness._place("..").parent == tmp_path / "witness" / "origins"
    assert witness._place("../../x").parent == tmp_path / "witness" / "origins"


def test_a_kept_note_that_was_damaged_is_no_beginning(office: Office, witness: Witness, tmp_path: Path) -> None:
    witness.add(asked(office, 0))
    (tmp_path / "witness" / "origins" / "county%2F1" / "latest").write_text("x", encoding="utf-8")
    with pytest.raises(Refused, match="note_unreadable"):
        witness.add(asked(office, 0))
    answer = TestClient(application(witness)).post("/add-checkpoint", content=asked(office, 0))
    assert answer.status_code == 500


@contextmanager
def serving(witness: Witness) -> Iterator[httpx.Client]:
    with TestClient(application(witness), base_url="http://witness.test") as client:
        yield client


def test_over_http_the_codes_are_those_of_the_standard(office: Office, witness: Witness) -> None:
    with serving(witness) as client:
        good = client.post("/add-checkpoint", content=asked(office, 0))
        assert (good.status_code, good.text[:2]) == (200, "— ")
        office.append(noted(None))
        wrong = client.post("/add-checkpoint", content=asked(office, 0))
        assert (wrong.status_code, wrong.text) == (409, "3\n")
        assert wrong.headers["content-type"] == "text/x.tlog.size"
        assert client.post("/add-checkpoint", content=b"x").status_code == 400
        assert client.post("/add-checkpoint", content=b"x" * (LARGEST + 1)).status_code == 413
        assert client.get("/add-checkpoint").status_code == 405
        assert client.get("/").status_code == 404


def test_the_desk_sends_and_gets_its_note_signed_whatever_size_it_supposed(office: Office, witness: Witness) -> None:
    with serving(witness) as client:
        for old in (0, 0, 2):
            signed = office.issue()
            both = send(client, "http://witness.test/", state(office), signed, witness.key, old)
            assert both.startswith(signed)
            assert cosigned(both, witness.key) == AT
            assert office.verify(both, witnesses=[witness.key]).cosigned[0].name == "witness.example/w1"
            office.append(noted(None))


def test_the_desk_is_told_of_a_witness_that_knows_more_or_another_history(office: Office, witness: Witness) -> None:
    rows = office.rows()
    witness.add(asked(office, 0))
    (office.data / "checkpoints" / "latest").unlink()
    with serving(witness) as client:
        for keep, texts, reason in ((2, (), "shorter"), (2, ("另一段",), "root"), (2, ("另一段", "更长"), "root")):
            office.overwrite(rows[:keep])
            office.append(*[noted(None, text) for text in texts])
            signed = office.issue()
            office.overwrite(office.rows()[: keep + len(texts)])
            (office.data / "checkpoints" / "latest").unlink()
            with pytest.raises(Tampered, match=reason):
                send(client, "http://witness.test", state(office), signed, witness.key)


def test_what_a_witness_answers_otherwise_is_an_error(office: Office, witness: Witness, tmp_path: Path) -> None:
    signed, known = office.issue(), state(office)
    for status, text, code in (
        (404, "", "witness_refused"),
        (409, "many\n", "witness_refused"),
        (200, "", "witness_unsigned"),
        (200, "— witness.example/w1 AAAA\n", "witness_unsigned"),
    ):
        transport = httpx.MockTransport(lambda asked, status=status, text=text: httpx.Response(status, text=text))
        with httpx.Client(transport=transport) as client, pytest.raises(Refused, match=code):
            send(client, "http://witness.test", known, signed, witness.key)
    with httpx.Client() as client, pytest.raises(BackendError, match="witness_unreachable"):
        send(client, "http://127.0.0.1:9", known, signed, witness.key)


def test_a_signature_by_another_witness_is_not_taken(office: Office, witness: Witness, tmp_path: Path) -> None:
    other = create(tmp_path / "other", "other.example/w1")
    signed = office.issue()
    line = witness.add(request(state(office), 0, signed)).text
    with pytest.raises(Refused, match="witness_unsigned"):
        with_cosignature(signed, line, other)
    assert with_cosignature(signed, f"\n{line}", witness.key) == signed + line


def test_verify_finds_a_cosignature_that_was_changed(office: Office, witness: Witness) -> None:
    signed = office.issue()
    both = signed + witness.add(request(state(office), 0, signed)).text
    assert office.verify(both).bad is None
    raw = bytearray(base64.b64decode(both.split(" ")[-1]))
    raw[-1] ^= 1
    forged = " ".join([*both.split(" ")[:-1], base64.b64encode(raw).decode()]) + "\n"
    found = office.verify(forged, witnesses=[witness.key]).bad
    assert found
    assert (found.seq, found.reason) == (0, "signature")


def test_a_request_that_makes_no_sense_is_refused_at_the_desk(office: Office) -> None:
    signed = office.issue()
    with pytest.raises(Refused, match="witness_size"):
        request(state(office), 4, signed)


def test_a_witness_is_made_once_and_needs_a_name(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="witness_missing"):
        Witness(tmp_path, CLOCK.now)
    with pytest.raises(Refused, match="witness_name"):
        create(tmp_path, "two words")
    create(tmp_path, "a")
    with pytest.raises(Refused, match="witness_exists"):
        create(tmp_path, "a")
    assert (tmp_path / "witness.key").stat().st_mode & 0o077 == 0


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HUIYING_LANGUAGE": "en"}
    command = [sys.executable, "-m", "huiying", "witness", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)


def test_by_files_from_hand_to_hand(office: Office, tmp_path: Path) -> None:
    made = run("init", tmp_path / "other", "--name", "other.example/w1")
    assert made.stdout.startswith("other.example/w1+")
    signed = office.issue()
    wanted, answer = tmp_path / "request", tmp_path / "answer"
    assert run("request", "--desk", office.folder, "--out", wanted).returncode == 0
    unknown = run("add", tmp_path / "other", wanted)
    assert (unknown.returncode, "origin is not known" in unknown.stderr) == (1, True)
    assert run("trust", tmp_path / "other", str(state(office).key("county/1"))).returncode == 0
    added = run("add", tmp_path / "other", wanted, "--out", answer)
    assert added.returncode == 0, added.stderr
    kept = tmp_path / "kept"
    kept.write_text(signed + answer.read_text(encoding="utf-8"), encoding="utf-8")
    command = [sys.executable, "-m", "huiying", "verify", str(office.folder), "--checkpoint", str(kept)]
    environment = {**os.environ, "HUIYING_LANGUAGE": "en"}
    verified = subprocess.run(
        [*command, "--witness-key", made.stdout.strip()],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )
    assert "Witness other.example/w1 cosigned the checkpoint of the first 3 events" in verified.stdout, verified.stderr


def test_the_command_serves_and_the_desk_sends(office: Office, tmp_path: Path) -> None:
    made = run("init", tmp_path / "other", "--name", "other.example/w1")
    run("trust", tmp_path / "other", str(state(office).key("county/1")))
    signed = office.issue()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "huiying", "witness", "serve", str(tmp_path / "other"), "--port", str(port)]
    with subprocess.Popen(command) as server:
        try:
            wait_for(lambda: answers(port))
            sent = run("send", f"http://127.0.0.1:{port}", made.stdout.strip(), "--desk", office.folder)
        finally:
            server.terminate()
    assert sent.returncode == 0, sent.stderr
    assert sent.stdout.startswith(signed)
    assert sent.stdout.count("— ") == 2


def answers(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0
