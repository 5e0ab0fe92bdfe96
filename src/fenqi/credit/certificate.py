"""The platform's certificate and its signature on documents. A demo makes its own; production brings one."""

from __future__ import annotations

import contextlib
import datetime
import io
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from django.conf import settings
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "Fenqi 协议签署"
VALID_DAYS = 3650


def sign_pdf(content: bytes, *, reason: str) -> bytes:
    """The document with one more revision that holds the platform's signature over all of it."""
    writer = IncrementalPdfFileWriter(io.BytesIO(content))
    signed = signers.sign_pdf(
        writer,
        signers.PdfSignatureMetadata(field_name="Platform", reason=reason, name=NAME, md_algorithm="sha256"),
        signer=_signer(str(_path())),
    )
    return signed.getvalue()


def _path() -> Path:
    """PKCS #12 file: FENQI_DOCUMENT_CERTIFICATE, or one made on first use beside the other keys."""
    given = os.environ.get("FENQI_DOCUMENT_CERTIFICATE")
    path = Path(given) if given else settings.HOME / "documents.p12"
    if not given and not path.exists():
        _make(path)
    return path


@lru_cache(maxsize=2)
def _signer(path: str) -> signers.SimpleSigner:
    phrase = os.environ.get("FENQI_DOCUMENT_CERTIFICATE_PASSPHRASE", "")
    signer = signers.SimpleSigner.load_pkcs12(path, passphrase=phrase.encode() or None)
    if signer is None:
        raise RuntimeError(f"the document certificate {path} cannot be read")
    return signer


def _make(path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=True,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )
    packed = pkcs12.serialize_key_and_certificates(
        NAME.encode(), key, certificate, None, serialization.NoEncryption()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with _first_writer(path) as draft:
        draft.write_bytes(packed)
        draft.chmod(0o600)


@contextlib.contextmanager
def _first_writer(path: Path) -> Iterator[Path]:
    """Several processes may make one at once: the first link wins, the others' drafts are dropped."""
    draft = path.with_suffix(f".{os.getpid()}")
    try:
        yield draft
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
