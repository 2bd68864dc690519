"""The log on a real Kafka that asks for TLS and a password, as [log] and its secret name them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12

from deploy.servers.kafka import HOST, Broker, NoServer, free_port, jars
from huiying.backends.log_kafka import KafkaLog
from huiying.backends.log_kafka_settings import KafkaSettings
from huiying.core.config_text import parse_machine
from huiying.core.errors import BackendError
from huiying.core.model import Topic
from tests.kafka_server import JARS
from tests.servers import absent

pytestmark = pytest.mark.servers
PASSWORD = "not-a-secret"


@dataclass(frozen=True)
class Secure:
    address: str
    authority: Path


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    """A broker whose second listener speaks SASL over TLS, with a certificate of its own authority."""
    folder = tmp_path_factory.mktemp("secure")
    authority, keystore = certified(folder)
    plain, port, controller = free_port(), free_port(), free_port()
    own = "listener.name.secure"
    listeners = f"PLAINTEXT://{HOST}:{plain},SECURE://{HOST}:{port}"
    more = {
        "listeners": f"{listeners},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": listeners,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT",
        f"{own}.ssl.keystore.location": keystore,
        f"{own}.ssl.keystore.type": "PKCS12",
        f"{own}.ssl.keystore.password": PASSWORD,
        f"{own}.ssl.key.password": PASSWORD,
        f"{own}.sasl.enabled.mechanisms": "PLAIN",
        f"{own}.plain.sasl.jaas.config": (
            "org.apache.kafka.common.security.plain.PlainLoginModule required "
            f'username="huiying" password="{PASSWORD}" user_huiying="{PASSWORD}";'
        ),
    }
    broker = Broker(Path(), folder / "data", plain, controller, more)
    try:
        broker.lib = jars(JARS)
        broker.start()
    except NoServer as missing:
        absent(str(missing))
    yield Secure(f"{HOST}:{port}", authority)
    broker.stop()


def certified(folder: Path) -> tuple[Path, Path]:
    """Make a key and its certificate for loopback; return the certificate and a keystore with both."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "broker")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    authority, keystore = folder / "ca.pem", folder / "broker.p12"
    authority.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    encryption = serialization.BestAvailableEncryption(PASSWORD.encode())
    keystore.write_bytes(pkcs12.serialize_key_and_certificates(b"broker", key, certificate, None, encryption))
    return authority, keystore


def settings(secure: Secure, password: str, authority: bool = True) -> KafkaSettings:
    cafile = f'cafile = "{secure.authority}"\n' if authority else ""
    machine = parse_machine(
        f'desk = "secure"\ntitle = "t"\ncontact = "a@b.cn"\n[log]\nkafka = "{secure.address}"\n'
        f'protocol = "SASL_SSL"\nmechanism = "PLAIN"\nusername = "huiying"\n{cafile}'
    )
    return KafkaSettings.of(machine, {"kafka": password})


def test_with_the_right_password_and_authority_records_go_round(secure: Secure) -> None:
    log = KafkaLog(settings(secure, PASSWORD))
    log.append(Topic.POSTS_FOUND, [("a", b"1")])
    assert [record.value for record in log.poll(Topic.POSTS_FOUND, "g", 10)] == [b"1"]
    log.close()


def test_with_a_wrong_password_nothing_is_written_and_no_password_is_told(secure: Secure) -> None:
    log = KafkaLog(settings(secure, "wrong-password"))
    with pytest.raises(BackendError) as failed:
        log.append(Topic.POSTS_FOUND, [("a", b"1")])
    assert "wrong-password" not in failed.value.sentence("zh")
    log.close()


def test_a_broker_of_another_authority_is_not_spoken_to(secure: Secure) -> None:
    log = KafkaLog(settings(secure, PASSWORD, authority=False))
    with pytest.raises(BackendError):
        log.append(Topic.POSTS_FOUND, [("a", b"1")])
    log.close()
