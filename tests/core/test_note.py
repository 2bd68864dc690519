"""Signed notes and checkpoints of C2SP: the published example, and everything that a forger may change."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from huiying.core import note
from huiying.core.errors import Refused

# The example of c2sp.org/signed-note and of Go's package golang.org/x/mod/sumdb/note.
PUBLISHED_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PUBLISHED_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PUBLISHED = (
    PUBLISHED_TEXT
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
MINE = note.VerifierKey("county/1", KEY.public_key().public_bytes_raw())
TEXT = note.Checkpoint("county/1", 1234, bytes(range(32))).text()
SIGNED = note.sign(TEXT, "county/1", KEY)


def test_the_published_example_is_read() -> None:
    key = note.verifier_key(PUBLISHED_KEY)
    assert str(key) == PUBLISHED_KEY
    assert note.opened(PUBLISHED, [key]) == PUBLISHED_TEXT


def test_a_checkpoint_goes_out_and_comes_back() -> None:
    assert TEXT == "county/1\n1234\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    assert note.checkpoint(note.opened(SIGNED, [MINE])) == note.Checkpoint("county/1", 1234, bytes(range(32)))
    assert note.checkpoint(TEXT + "extension\n").size == 1234


def test_another_signature_beside_ours_is_left_alone() -> None:
    both = SIGNED + note.sign(TEXT, "witness", OTHER).rpartition("\n\n")[2]
    assert note.opened(both, [MINE]) == TEXT


@given(st.data())
def test_no_character_of_a_signed_note_can_be_changed(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(SIGNED) - 1))
    new = data.draw(st.sampled_from("A0 \n+=—x").filter(lambda letter: letter != SIGNED[at]))
    with pytest.raises(Refused):
        note.opened(SIGNED[:at] + new + SIGNED[at + 1 :], [MINE])


def test_the_same_bytes_have_one_spelling() -> None:
    """68 bytes leave two bits over in the last character."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = SIGNED[-3]
    other = letters[letters.index(last) ^ 1]
    assert SIGNED.endswith(f"{last}=\n")
    with pytest.raises(Refused, match="note_unreadable"):
        note.opened(f"{SIGNED[:-3]}{other}=\n", [MINE])


def test_a_key_of_the_same_name_is_not_the_key() -> None:
    with pytest.raises(Refused, match="note_unsigned"):
        note.opened(note.sign(TEXT, "county/1", OTHER), [MINE])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o\n",
        "o\n1\n",
        "\n1\nAAAA\n",
        "o\n01\n" + "A" * 43 + "=\n",
        "o\n-1\n" + "A" * 43 + "=\n",
        "o\n1\nAAAA\n",
        "o\n1\n?\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="note_unreadable"):
        note.checkpoint(text)


@pytest.mark.parametrize(
    "written", ["", "a", "a+b+c", PUBLISHED_KEY.replace("c74f20a3", "c74f20a4"), PUBLISHED_KEY[:-4]]
)
def test_what_is_no_key_is_refused(written: str) -> None:
    with pytest.raises(Refused, match="key_unreadable"):
        note.verifier_key(written)


@pytest.mark.parametrize(("text", "name"), [("no end", "a"), ("a\n", "two words"), ("a\n", "a+b"), ("a\n", "")])
def test_what_cannot_be_a_note_is_not_signed(text: str, name: str) -> None:
    with pytest.raises(ValueError, match="signed note"):
        note.sign(text, name, KEY)
