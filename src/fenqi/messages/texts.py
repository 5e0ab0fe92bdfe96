"""The port by which people, who stand below us, have a text sent (people.ports.TextsPort)."""

from __future__ import annotations

from typing import Any

from fenqi.messages import services


class Texts:
    """Fits people.ports.TextsPort."""

    def send_to_phone(
        self, *, phone: str, template: str, context: dict[str, Any], reference: str, language: str = ""
    ) -> None:
        """See TextsPort."""
        services.send_to_phone(
            phone=phone, template=template, context=context, reference=reference, language=language
        )

    def send_to_email(self, *, email: str, template: str, context: dict[str, Any], reference: str) -> None:
        """See TextsPort."""
        services.send_to_email(email=email, template=template, context=context, reference=reference)

    def tell(self, *, borrower_id: int, template: str, context: dict[str, Any], reference: str) -> None:
        """See TextsPort."""
        services.send(borrower_id=borrower_id, template=template, context=context, reference=reference)
