"""Pseudonyms: the name and its salt prove them, neither alone does."""

from __future__ import annotations

import hashlib

from huiying.core.commitment import new_salt, pseudonym

SALT = "00112233445566778899aabbccddeeff" * 2


def test_anybody_can_compute_it_again() -> None:
    digest = hashlib.sha256(b"huiying name 1\n" + bytes.fromhex(SALT) + "王某某".encode()).hexdigest()
    assert pseudonym("王某某", SALT) == "P" + digest[:32]


def test_two_people_of_one_name_have_two() -> None:
    assert len({pseudonym("王某某", new_salt()) for _ in range(100)}) == 100


def test_another_name_has_another() -> None:
    assert pseudonym("王某某", SALT) != pseudonym("李某某", SALT)
