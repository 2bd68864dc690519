"""The witness: another office's machine that keeps one checkpoint of each ledger and signs only what extends it.

desk: request ─► POST /add-checkpoint, or a file ─► Witness.add ─► a line of signature ─► desk: put beneath the note
                                                        │
                                                        └► origins/ORIGIN/latest, replaced by compare-and-swap

Request, answer and status codes are those of c2sp.org/tlog-witness. The folder holds the key, its name, and in
`trusted` one verifier key a line.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import httpx
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from huiying import second_file
from huiying.checkpoint import History
from huiying.core import merkle, note
from huiying.core.cosignature import CosignerKey, cosign, cosigned
from huiying.core.errors import BackendError, HuiyingError, Refused, Tampered
from huiying.core.note import Checkpoint, VerifierKey

logger = structlog.get_logger("huiying.witness")

LARGEST = 1_000_000  # bytes of a request
_PROOF = 63  # lines at most, as c2sp.org/tlog-witness has it
_KEY, _NAME, _TRUSTED = "witness.key", "witness.name", "trusted"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a witness answers: 200 and its signature; 400 no request, 403 not signed by a trusted key, 404 unknown
    origin, 409 another size is held, which is the text, 422 not an extension of what is held."""

    status: int
    text: str = ""

    @property
    def kind(self) -> str:
        """Return the media type."""
        return "text/x.tlog.size" if self.status == 409 else "text/plain; charset=utf-8"


def create(folder: Path, name: str) -> CosignerKey:
    """Make a witness with a key of its own in `folder`; return its public half. One that exists is Refused."""
    if not name or re.search(r"[\s+]", name):
        raise Refused("witness_name", name=name)
    folder.mkdir(parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    try:
        descriptor = os.open(folder / _KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as cause:
        raise Refused("witness_exists", folder=str(folder)) from cause
    with os.fdopen(descriptor, "w", encoding="ascii") as private:
        private.write(key.private_bytes_raw().hex())
    (folder / _NAME).write_text(name, encoding="utf-8")
    return CosignerKey(name, key.public_key().public_bytes_raw())


class Witness:
    """The witness in `folder`; `now` tells the instants of its signatures. Any number of processes."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        try:
            self._key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex((folder / _KEY).read_text("ascii")))
            self._name = (folder / _NAME).read_text("utf-8")
        except (OSError, ValueError) as cause:
            raise Refused("witness_missing", folder=str(folder)) from cause
        self._folder = folder
        self._now = now

    @property
    def key(self) -> CosignerKey:
        """Return the public half of its key."""
        return CosignerKey(self._name, self._key.public_key().public_bytes_raw())

    def trust(self, key: VerifierKey) -> None:
        """Trust `key` for the origin that it names. What a restoration begins is another origin: trust it anew."""
        if key not in self.trusted():
            with (self._folder / _TRUSTED).open("a", encoding="utf-8") as file:
                file.write(f"{key}\n")

    def trusted(self) -> list[VerifierKey]:
        """Return the keys that it trusts."""
        file = self._folder / _TRUSTED
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        return [note.verifier_key(line) for line in lines if line]

    def held(self, origin: str) -> str | None:
        """Return the newest note of `origin` that it signed."""
        return second_file.latest(self._place(origin))

    def add(self, request: bytes) -> Answer:
        """Check a request and sign its checkpoint, once that is kept durably."""
        try:
            old, proof, signed = parsed(request)
            said = note.checkpoint(signed)
        except Refused:
            return Answer(400)
        keys = [key for key in self.trusted() if key.name == said.origin]
        if not keys:
            return Answer(404)
        try:
            text = note.opened(signed, keys)
        except Refused:
            return Answer(403)
        return self._extended(old, proof, said, text, signed) if old <= said.size else Answer(400)

    def _extended(self, old: int, proof: list[bytes], said: Checkpoint, text: str, signed: str) -> Answer:
        before = self.held(said.origin)
        known = note.checkpoint(before) if before else Checkpoint(said.origin, 0, merkle.EMPTY)
        if old != known.size or (old == said.size and said.root != known.root):
            return Answer(409, f"{known.size}\n")
        begun = not proof and (said.size > 0 or said.root == merkle.EMPTY)
        if not (merkle.extends(old, known.root, said.size, said.root, proof) if old else begun):
            return Answer(422)
        line = cosign(text, self._name, self._key, int(self._now().timestamp()))
        try:
            second_file.swap(self._place(said.origin), before, f"{signed}{line}")
        except Refused:  # another request was first
            return self._extended(old, proof, said, text, signed)
        return Answer(200, line)

    def _place(self, origin: str) -> Path:
        return self._folder / "origins" / quote(origin, safe="").replace(".", "%2E")


def parsed(request: bytes) -> tuple[int, list[bytes], str]:
    """Read (old size, consistency proof, note) of a request; what is none is Refused("request_unreadable")."""
    try:
        head, _, signed = request[: LARGEST + 1].decode().partition("\n\n")
        first, *lines = head.split("\n")
        proof = [note.decoded(line) for line in lines]
    except ValueError as cause:
        raise Refused("request_unreadable") from cause
    old = re.fullmatch(r"old (0|[1-9][0-9]{0,18})", first, re.ASCII)
    if old is None or len(request) > LARGEST or len(proof) > _PROOF or any(len(hash) != 32 for hash in proof):
        raise Refused("request_unreadable")
    return int(old[1]), proof, signed


def request(known: History, old: int, signed: str) -> bytes:
    """Return what asks a witness that holds `old` events to sign the ledger's own note `signed`.

    A note of more events than the ledger has, or of fewer than `old`, is Refused("witness_size").
    """
    size = note.checkpoint(signed).size
    if not old <= size <= len(known.leaves):
        raise Refused("witness_size", old=old, size=size)
    proof = merkle.consistency(known.leaves[:size], old) if old else []
    lines = [f"old {old}", *(base64.b64encode(hash).decode() for hash in proof)]
    return ("\n".join(lines) + f"\n\n{signed}").encode()


def with_cosignature(signed: str, answer: str, key: CosignerKey) -> str:
    """Return the note with the line of `answer` that `key` signed; without one it is Refused("witness_unsigned")."""
    text = signed.rpartition("\n\n")[0]
    for line in answer.splitlines():
        if cosigned(f"{text}\n\n{line}\n", key) is not None:
            return f"{signed}{line}\n"
    raise Refused("witness_unsigned", name=key.name)


def send(client: httpx.Client, url: str, known: History, signed: str, key: CosignerKey, old: int = 0) -> str:
    """Let the witness at `url` sign the note `signed`; return the note with its signature.

    `old` is the size that it may hold; it says where it holds another one. A witness that holds more than the ledger
    has, or to which the ledger is no extension, makes it Tampered ("shorter", "root"). One that is away is a
    BackendError("witness_unreachable"), any other answer Refused("witness_refused").
    """
    asked = old
    for _ in range(3):
        answer = _posted(client, url, request(known, asked, signed))
        if answer.status_code != 409 or not re.fullmatch(r"[0-9]{1,19}\n", answer.text, re.ASCII):
            break
        if int(answer.text) > len(known.leaves):
            raise Tampered("tampered", seq=len(known.leaves), reason="shorter")
        if int(answer.text) == asked:
            raise Tampered("tampered", seq=asked, reason="root")
        asked = int(answer.text)
    if answer.status_code == 422:
        raise Tampered("tampered", seq=asked, reason="root")
    if answer.status_code != 200:
        raise Refused("witness_refused", url=url, status=answer.status_code)
    return with_cosignature(signed, answer.text, key)


def _posted(client: httpx.Client, url: str, body: bytes) -> httpx.Response:
    try:
        return client.post(f"{url.rstrip('/')}/add-checkpoint", content=body)
    except (httpx.HTTPError, httpx.InvalidURL) as cause:
        raise BackendError("witness_unreachable", url=url, detail=str(cause)) from cause


def serve(witness: Witness, host: str, port: int) -> None:
    """Answer requests until Ctrl-C. A port in use is HuiyingError("port_in_use")."""
    import uvicorn

    from alerts.web.serve import open_socket

    with open_socket(host, port) as listening:
        config = uvicorn.Config(application(witness), log_config=None, access_log=False)
        uvicorn.Server(config).run(sockets=[listening])


def application(witness: Witness) -> Callable[..., object]:
    """Return the ASGI application: POST /add-checkpoint and nothing else."""
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    async def add(asked: Request) -> Response:
        body = b""
        async for part in asked.stream():
            body += part
            if len(body) > LARGEST:
                return Response(status_code=413)
        try:
            answer = await run_in_threadpool(witness.add, body)
        except (HuiyingError, OSError) as failed:
            logger.error("witness_failed", error=str(failed))
            return Response(status_code=500)
        return Response(answer.text, answer.status, headers={"Content-Type": answer.kind})

    return Starlette(routes=[Route("/add-checkpoint", add, methods=["POST"])])
