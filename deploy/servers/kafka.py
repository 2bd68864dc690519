"""A genuine Kafka broker on loopback for tests: one KRaft node, no container.

jars(folder) ─ Maven ─► lib/*.jar ─► Broker(jars, data).start() ─► address ─ kill(), start() ─► stop()

Needs Java 17, Maven and Linux. The licence is Apache-2.0; the jars are fetched for tests, never committed or shipped.

    python deploy/servers/kafka.py [FOLDER]     prints KAFKA_BOOTSTRAP=… and runs until Ctrl-C
"""

from __future__ import annotations

import base64
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

POM = Path(__file__).parent / "kafka" / "pom.xml"
HOST = "127.0.0.1"
START = 90  # seconds until a broker on a busy machine must answer
_JAVA = ("-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")


class NoServer(RuntimeError):
    """The broker cannot run here; the text says what is missing or what it wrote last."""


def jars(folder: Path) -> Path:
    """Copy the broker's jars to `folder` through Maven, once for each version of the POM; return their folder."""
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            raise NoServer(f"{tool} is not on the PATH")
    wanted = POM.read_text(encoding="utf-8")
    stamp = folder / "pom.xml"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        command = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NoServer(f"Maven could not copy the jars:\n{(done.stdout + done.stderr)[-2000:]}")
        stamp.write_text(wanted, encoding="utf-8")
    return folder


def free_port() -> int:
    """Return a free port of loopback."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@dataclass
class Broker:
    """One broker with its data in `data`; ports stay the same over a kill and a start.

    `more` are further properties, over its own.
    """

    lib: Path
    data: Path
    port: int = field(default_factory=free_port)
    controller: int = field(default_factory=free_port)
    more: Mapping[str, object] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Return "host:port" for clients."""
        return f"{HOST}:{self.port}"

    def start(self) -> None:
        """Start and wait until the broker answers; NoServer with the end of its log where it does not."""
        self.data.mkdir(parents=True, exist_ok=True)
        config = self.data / "server.properties"
        config.write_text("".join(f"{key}={value}\n" for key, value in self._settings().items()), encoding="utf-8")
        if not (self.data / "log" / "meta.properties").exists():
            cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            self._run("kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(config)).wait()
        self._process = self._run("kafka.Kafka", str(config))
        self._wait()

    def kill(self) -> None:
        """End the broker as a power cut does."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let the broker hang: it keeps its connections and answers nothing."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let a paused broker go on."""
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """End the broker in order; after 20 s by force."""
        self._end(signal.SIGTERM)

    def _settings(self) -> dict[str, object]:
        single = ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic")
        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@{HOST}:{self.controller}",
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{HOST}:{self.controller}",
            "advertised.listeners": f"PLAINTEXT://{self.address}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": self.data / "log",
            # Internal topics cannot be replicated on one node, and tests need few partitions of them.
            **{f"{topic}.replication.factor": 1 for topic in single},
            **{f"{topic}.min.isr": 1 for topic in single[1:]},
            **{f"{topic}.num.partitions": 2 for topic in single},
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            # After a kill the broker comes back only when its old session has run out.
            "broker.session.timeout.ms": 4000,
            "broker.heartbeat.interval.ms": 1000,
            "num.network.threads": 2,
            "num.io.threads": 4,
            "log.cleaner.threads": 1,
            "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
            # A topic that the product does not create itself must not appear by accident.
            "auto.create.topics.enable": "false",
            # Rights can be taken away from a topic; what no rule names is allowed.
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "true",
            **self.more,
        }

    def _run(self, main: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = ["java", *_JAVA, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{self.lib}/*", main]
        with (self.data / "broker.log").open("ab") as log:
            return subprocess.Popen(
                [*command, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def _wait(self) -> None:
        end = time.monotonic() + START
        while not _answers(self.port):
            if self._process is None or self._process.poll() is not None or time.monotonic() > end:
                self.kill()
                written = (self.data / "broker.log").read_text(encoding="utf-8", errors="replace")
                raise NoServer(f"the broker does not answer:\n{written[-2000:]}")
            time.sleep(0.1)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def _answers(port: int) -> bool:
    """Ask for the cluster's metadata (request 3, version 1, no topics): this broker must be in it."""
    request = struct.pack(">hhih", 3, 1, 7, 0) + struct.pack(">i", 0)
    try:
        with socket.create_connection((HOST, port), timeout=2) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            answer = connection.recv(12, socket.MSG_WAITALL)
    except OSError:
        return False
    return len(answer) == 12 and struct.unpack(">iii", answer)[1:] >= (7, 1)


def main() -> None:
    """Run a broker until Ctrl-C."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.gettempdir()) / "huiying-servers" / "kafka"
    broker = Broker(jars(folder / "lib"), folder / "data")
    broker.start()
    print(f"KAFKA_BOOTSTRAP={broker.address}", flush=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        broker.stop()


if __name__ == "__main__":
    main()
