"""A genuine Elasticsearch 8.19 for tests, without containers: one node on loopback, its data in one folder.

pom.xml ─ mvn ─► zip ─► home/ (kept between runs) ─ start ─► run/{config,data,logs,pid} ─► http://127.0.0.1:PORT

    python3 elasticsearch.py install          fetch and unpack, 20 s the first time
    python3 elasticsearch.py start FOLDER     print the address when the server answers
    python3 elasticsearch.py stop FOLDER

Needs Linux, bash, Java 17 or later and Maven. This build lacks GET /, _delete_by_query, _reindex, painless, ILM and
ingest.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

POM = Path(__file__).parent / "elasticsearch" / "pom.xml"
HOME = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "huiying" / "elasticsearch-8.19.21"
LOOPBACK = "127.0.0.1"
_PATIENCE = 180.0
_NOBODY = 65534
_SETTINGS = {
    "cluster.name": "huiying-test",
    "node.name": "node-1",
    "network.host": LOOPBACK,
    "discovery.type": "single-node",
    "node.processors": 2,
    # a disk that others fill must not turn a test red
    "cluster.routing.allocation.disk.threshold_enabled": "false",
    "node.store.allow_mmap": "false",
    "xpack.security.enabled": "false",
}
_JVM = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-AlwaysPreTouch", "-Xms256m", "-Xmx1g"]


class Unavailable(RuntimeError):
    """The server cannot be had here: no Java, no Maven, no way to the artifacts, or it did not start."""


def install(home: Path = HOME) -> Path:
    """Return the folder with the server, fetched by Maven and unpacked where it is not yet."""
    if (home / "bin" / "elasticsearch").exists():
        return home
    for tool in ("mvn", "java"):
        if shutil.which(tool) is None:
            raise Unavailable(f"{tool} is not on the PATH")
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".elasticsearch-", dir=home.parent) as work:
        fetched, unpacked = Path(work) / "zip", Path(work) / "home"
        _maven(fetched)
        _unpack(next(fetched.glob("elasticsearch-*.zip")), unpacked)
        unpacked.chmod(0o755)
        unpacked.replace(home)
    return home


def _maven(into: Path) -> None:
    command = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={into}"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Unavailable(f"Maven failed: {done.stdout[-2000:]}")


def _unpack(archive: Path, into: Path) -> None:
    """Unpack all but what other systems need; the launcher insists on every module and tool."""
    with zipfile.ZipFile(archive) as bundle:
        for member in bundle.infolist():
            inner = member.filename.partition("/")[2]
            if not inner or member.is_dir() or inner.startswith(("lib/platform/darwin", "lib/platform/windows")):
                continue
            target = into / inner
            target.parent.mkdir(parents=True, exist_ok=True)
            with bundle.open(member) as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink)
            target.chmod(0o755 if inner.startswith("bin/") else 0o644)
    for name in ("logs", "plugins"):
        (into / name).mkdir(exist_ok=True)


class Server:
    """One server over `folder`, which keeps its data and its ports between a stop and a start."""

    def __init__(self, folder: Path, home: Path = HOME) -> None:
        self._folder = folder
        self._home = home

    @property
    def url(self) -> str:
        """Return the address of its HTTP interface."""
        return f"http://{LOOPBACK}:{self._ports()[0]}"

    @property
    def pid(self) -> int | None:
        """Return the process that serves this folder, None where there is none (another may have its number)."""
        try:
            pid = int((self._folder / "pid").read_text())
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return pid if str(self._folder).encode() in line else None

    def start(self) -> str:
        """Start it and return its address once it answers. Raises Unavailable with the end of its log."""
        if self.pid is None:
            install(self._home)
            self._configure()
            self._launch()
        until = time.monotonic() + _PATIENCE
        while not self._answers():
            if self.pid is None or time.monotonic() > until:
                raise Unavailable(f"Elasticsearch does not answer: {self._log()}")
            time.sleep(0.2)
        return self.url

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop it with `how` and wait until it is gone; 30 s after a gentle signal it is killed."""
        until = time.monotonic() + 30
        pid = self.pid
        while pid is not None and self.pid == pid:
            os.kill(pid, how)
            time.sleep(0.1)
            how = signal.SIGKILL if time.monotonic() > until else how

    def _ports(self) -> list[int]:
        file = self._folder / "ports"
        if not file.exists():
            with socket.socket() as one, socket.socket() as other:
                one.bind((LOOPBACK, 0))
                other.bind((LOOPBACK, 0))
                file.write_text(json.dumps([one.getsockname()[1], other.getsockname()[1]]))
        return list(json.loads(file.read_text()))

    def _configure(self) -> None:
        for name in ("data", "logs", "tmp"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        config = self._folder / "config"
        shutil.rmtree(config, ignore_errors=True)
        shutil.copytree(self._home / "config", config)
        http, transport = self._ports()
        places = {"path.data": self._folder / "data", "path.logs": self._folder / "logs"}
        settings = {**_SETTINGS, **places, "http.port": http, "transport.port": transport}
        (config / "elasticsearch.yml").write_text("".join(f"{key}: {value}\n" for key, value in settings.items()))
        (config / "jvm.options").write_text("\n".join([*_JVM, "-Djava.io.tmpdir=${ES_TMPDIR}"]) + "\n")

    def _launch(self) -> None:
        """Run the launcher, which returns when the server has started or has failed to."""
        (self._folder / "pid").unlink(missing_ok=True)
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("ES_", "JAVA_", "_JAVA"))}
        java = Path(str(shutil.which("java"))).resolve().parent.parent
        own = {
            "ES_JAVA_HOME": str(java),
            "ES_PATH_CONF": str(self._folder / "config"),
            "ES_TMPDIR": str(self._folder / "tmp"),
            "CLI_JAVA_OPTS": "-XX:TieredStopAtLevel=1 -Xshare:auto",
        }
        command = ["bash", str(self._home / "bin" / "elasticsearch"), "-d", "-p", str(self._folder / "pid")]
        with (self._folder / "launch.log").open("ab") as log:
            done = subprocess.run(
                [*self._unprivileged(), *command],
                env=inherited | own,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                timeout=_PATIENCE,
                check=False,
            )
        if done.returncode != 0:
            raise Unavailable(f"Elasticsearch did not start: {self._log()}")

    def _unprivileged(self) -> list[str]:
        """Return what to put before the command: the server refuses root, so root is another user in a namespace."""
        if os.geteuid() != 0:
            return []
        prefix = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
        if (
            shutil.which("unshare")
            and subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
        ):
            return prefix
        for path in (self._folder, *self._folder.rglob("*")):
            os.chown(path, _NOBODY, _NOBODY)
        return ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]

    def _answers(self) -> bool:
        try:
            with build_opener(ProxyHandler({})).open(f"{self.url}/_cluster/health?timeout=2s", timeout=5) as answer:
                return answer.status == 200
        except (URLError, OSError):
            return False

    def _log(self) -> str:
        return "\n".join((self._folder / "launch.log").read_text(errors="replace").splitlines()[-20:])


def main(arguments: list[str]) -> int:
    """Carry out `install`, `start FOLDER` or `stop FOLDER`; return the exit status."""
    try:
        match arguments:
            case ["install"]:
                print(install())
            case ["start", folder]:
                print(f"ELASTICSEARCH_URL={Server(Path(folder).resolve()).start()}")
            case ["stop", folder]:
                Server(Path(folder).resolve()).stop()
            case _:
                print(__doc__)
                return 2
    except Unavailable as why:
        print(why, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
