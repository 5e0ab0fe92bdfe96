"""The signed PDF of an agreement: made once, sealed, opened only for the person who signed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from fenqi.credit import document, quotes
from fenqi.credit.errors import AgreementUnknown
from fenqi.credit.models import Agreement, AgreementDocument
from fenqi.people import queries as people
from fenqi.plumbing import clock, sealed

if TYPE_CHECKING:
    from uuid import UUID


def agreement_pdf(*, borrower_id: int, agreement_id: UUID) -> bytes:
    """
    The document, made now if nobody asked before.

    Raises: AgreementUnknown, for somebody else's agreement too.
    """
    row = Agreement.objects.filter(borrower_id=borrower_id, id=agreement_id).first()
    if row is None:
        raise AgreementUnknown(_("没有这份协议。"))
    kept = AgreementDocument.objects.filter(borrower_id=borrower_id, agreement_id=agreement_id).first()
    if kept is None:
        content = document.make(
            document.Contents(
                number=row.number,
                borrower_name=people.full_name_for(borrower_id=borrower_id, reason="agreement document"),
                content=row.content,
                quote=quotes.from_json(row.content["quote"]),
                text_version=row.text_version,
                digest=bytes(row.digest).hex(),
                signed_at=row.signed_at,
                read_seconds=row.read_seconds,
            )
        )
        kept = _keep(borrower_id, agreement_id, content)
    body, _media_type = sealed.open_file(file_id=kept.file_id, borrower_id=borrower_id)
    return body


def _keep(borrower_id: int, agreement_id: UUID, content: bytes) -> AgreementDocument:
    try:
        with transaction.atomic():
            file_id = sealed.keep_file(
                content=content, kind="agreement", media_type="application/pdf", borrower_id=borrower_id
            )
            return AgreementDocument.objects.create(
                borrower_id=borrower_id,
                agreement_id=agreement_id,
                file_id=file_id,
                digest=hashlib.sha256(content).digest(),
                made_at=clock.now(),
            )
    except IntegrityError:
        # Another request made it first; there is one document only, and ours was rolled back.
        return AgreementDocument.objects.get(borrower_id=borrower_id, agreement_id=agreement_id)
