"""Cosignatures of C2SP: a checkpoint that real witnesses signed, and everything that a forger may change."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from huiying.core import note
from huiying.core.cosignature import CosignerKey, cosign, cosigned, cosigner_key
from huiying.core.errors import Refused

# A checkpoint of the certificate transparency log Arche 2025h1 (staging) with the cosignatures of four witnesses, and
# the keys that their operators publish.
REAL = """arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
"""  # noqa: E501
LOG = "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
WITNESSES = (
    "transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
    "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
)
# The example of c2sp.org/tlog-cosignature: whose key it was is not published.
EXAMPLE = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""  # noqa: E501
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
MINE = CosignerKey("witness.example/w1", KEY.public_key().public_bytes_raw())
TEXT = note.Checkpoint("county/1", 1234, bytes(range(32))).text()
AT = 1_679_315_147
LINE = cosign(TEXT, MINE.name, KEY, AT)
COSIGNED = f"{TEXT}\n{LINE}"


@pytest.mark.parametrize("written", WITNESSES)
def test_a_real_witness_is_believed(written: str) -> None:
    key = cosigner_key(written)
    assert str(key) == written
    assert cosigned(REAL, key) == 1_779_573_024
    with pytest.raises(Refused, match="note_forged"):
        cosigned(REAL.replace("\n1432088532\n", "\n1432088533\n"), key)


def test_a_real_log_is_believed_beside_its_witnesses() -> None:
    said = note.checkpoint(note.opened(REAL, [note.verifier_key(LOG)]))
    assert said.size == 1_432_088_532


def test_the_published_example_is_read() -> None:
    assert note.checkpoint(EXAMPLE).size == 20_852_163
    assert cosigned(EXAMPLE, MINE) is None


def test_a_cosignature_goes_out_and_comes_back() -> None:
    assert cosigned(COSIGNED, MINE) == AT
    assert cosigner_key(str(MINE)) == MINE
    assert cosigned(f"{TEXT}extension\n\n{cosign(f'{TEXT}extension{chr(10)}', MINE.name, KEY, AT)}", MINE) == AT


def test_the_same_key_signs_other_things_under_another_id() -> None:
    plain = note.sign(TEXT, MINE.name, KEY)
    assert cosigned(plain, MINE) is None
    with pytest.raises(Refused, match="note_unsigned"):
        note.opened(COSIGNED, [note.VerifierKey(MINE.name, MINE.public)])


@given(st.data())
def test_no_character_of_a_cosigned_note_can_be_changed(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(COSIGNED) - 1))
    new = data.draw(st.sampled_from("A0 \n+=—x").filter(lambda letter: letter != COSIGNED[at]))
    try:
        found = cosigned(COSIGNED[:at] + new + COSIGNED[at + 1 :], MINE)
    except Refused:
        found = None
    assert found is None


@pytest.mark.parametrize("written", ["", "a", "a+b+c", WITNESSES[2].replace("da77ade7", "da77ade8"), LOG])
def test_what_is_no_key_of_a_witness_is_refused(written: str) -> None:
    with pytest.raises(Refused, match="key_unreadable"):
        cosigner_key(written)
