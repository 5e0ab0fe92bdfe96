"""A device that holds passkeys, in a few lines: what a browser would send, honest by default, false in one point when asked."""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

PRESENT, VERIFIED, BACKUP_POSSIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40


@dataclass
class Device:
    """One credential. `counts` False is a synchronised passkey, whose counter stays zero."""

    origin: str = "http://localhost:8000"
    counts: bool = True
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    counter: int = 0
    handle: bytes = b""

    def make(self, question: dict[str, Any], /, **false: Any) -> str:
        """The answer to `navigator.credentials.create`."""
        self.handle = base64url_to_bytes(question["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id
        data = self._data(question["rp"]["id"], attested + cbor2.dumps(public), **false)
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            {
                "clientDataJSON": self._signed("webauthn.create", question, **false),
                "attestationObject": bytes_to_base64url(made),
            }
        )

    def sign(self, question: dict[str, Any], /, **false: Any) -> str:
        """The answer to `navigator.credentials.get`."""
        if self.counts:
            self.counter += 1
        data = self._data(question["rpId"], b"", **false)
        client = self._signed("webauthn.get", question, **false)
        digest = hashlib.sha256(base64url_to_bytes(client)).digest()
        signature = self.key.sign(data + digest, ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {
                "clientDataJSON": client,
                "authenticatorData": bytes_to_base64url(data),
                "signature": bytes_to_base64url(signature),
                "userHandle": bytes_to_base64url(false.get("handle", self.handle)),
            }
        )

    def _data(self, rp_id: str, attested: bytes, /, **false: Any) -> bytes:
        flags = false.get("flags", PRESENT | VERIFIED | (0 if self.counts else BACKUP_POSSIBLE | BACKED_UP))
        return (
            hashlib.sha256(false.get("rp_id", rp_id).encode()).digest()
            + bytes([flags | (ATTESTED if attested else 0)])
            + struct.pack(">I", false.get("counter", self.counter))
            + attested
        )

    def _signed(self, kind: str, question: dict[str, Any], /, **false: Any) -> str:
        client = {
            "type": false.get("kind", kind),
            "challenge": false.get("challenge", question["challenge"]),
            "origin": false.get("origin", self.origin),
            "crossOrigin": false.get("cross_origin", False),
        }
        return bytes_to_base64url(json.dumps(client).encode())

    def _answer(self, response: dict[str, Any]) -> str:
        name = bytes_to_base64url(self.credential_id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
