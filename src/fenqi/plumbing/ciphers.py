"""
The two ciphers a key can be for, and the shape of what they seal.

A sealed value is `length of the key's name (1 byte) | the name | nonce (12) | ciphertext and tag`. The name says the cipher:
`3` is a key of AES-256-GCM, `sm4.4` one of SM4-GCM (GB/T 32907, mode of RFC 8998), so values of both stand side by side.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE, TAG = 12, 16
KEY_BYTES = {"aes": 32, "sm4": 16}


class CannotUnseal(Exception):
    """The key is unknown, or the value was changed or moved."""


class _Box(Protocol):
    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes: ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes: ...


class Sm4Gcm:
    """SM4-GCM in the shape of `AESGCM`. Raises: UnsupportedAlgorithm where the OpenSSL in use lacks it."""

    def __init__(self, key: bytes) -> None:
        self._algorithm = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        context = Cipher(self._algorithm, modes.GCM(nonce)).encryptor()
        context.authenticate_additional_data(associated_data)
        return context.update(data) + context.finalize() + context.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        if len(data) < TAG:
            raise InvalidTag
        context = Cipher(self._algorithm, modes.GCM(nonce, data[-TAG:])).decryptor()
        context.authenticate_additional_data(associated_data)
        return context.update(data[:-TAG]) + context.finalize()


@dataclass(frozen=True)
class Key:
    """A named key. Raises: ValueError when it is not as long as its cipher asks."""

    name: str
    material: bytes

    def __post_init__(self) -> None:
        if len(self.material) != KEY_BYTES[cipher_of(self.name)]:
            raise ValueError(f"key {self.name} has {len(self.material)} bytes")

    @cached_property
    def _box(self) -> _Box:
        return Sm4Gcm(self.material) if cipher_of(self.name) == "sm4" else AESGCM(self.material)

    def seal(self, plain: bytes, *, context: str) -> bytes:
        """Encrypt for the place named by `context`."""
        nonce = os.urandom(NONCE)
        return label(self.name) + nonce + self._box.encrypt(nonce, plain, context.encode())

    def unseal(self, sealed: bytes, *, context: str) -> bytes:
        """What this key sealed for `context`. Raises: CannotUnseal."""
        start = len(label(self.name))
        try:
            return self._box.decrypt(sealed[start : start + NONCE], sealed[start + NONCE :], context.encode())
        except (InvalidTag, ValueError) as e:  # a nonce cut short is a ValueError
            raise CannotUnseal(f"not sealed for {context}") from e


def label(name: str) -> bytes:
    """How a value sealed under the key of this name begins."""
    return bytes([len(name)]) + name.encode()


def name_of(sealed: bytes) -> str:
    """The name of the key a value is sealed under. Raises: CannotUnseal."""
    if not sealed:
        raise CannotUnseal("an empty value")
    return sealed[1 : 1 + sealed[0]].decode("ascii", errors="replace")


def cipher_of(name: str) -> str:
    """aes or sm4. Raises: ValueError for a name of neither."""
    cipher = name.rpartition(".")[0] or "aes"
    if cipher not in KEY_BYTES:
        raise ValueError(f"no cipher named {cipher}")
    return cipher


def new_material(cipher: str) -> bytes:
    """A fresh key for a cipher."""
    return secrets.token_bytes(KEY_BYTES[cipher])
