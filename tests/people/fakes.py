"""Outside parties of people as small fakes: they answer by rule and remember what they were sent."""

from __future__ import annotations

from typing import Any, ClassVar

from fenqi.people.ports import CardAnswer, CheckResult, IdentityAnswer


class Texts:
    """A phone that shows what was sent to it."""

    sent: ClassVar[list[dict[str, Any]]] = []

    def send_to_phone(
        self, *, phone: str, template: str, context: dict[str, Any], reference: str, language: str = ""
    ) -> None:
        self._keep(phone, template, context, reference, language)

    def _keep(
        self, to: str, template: str, context: dict[str, Any], reference: str, language: str = ""
    ) -> None:
        if all(one["reference"] != reference for one in self.sent):
            said = {"phone": to, "template": template, "context": context, "reference": reference}
            self.sent.append(said | {"language": language})

    def send_to_email(self, *, email: str, template: str, context: dict[str, Any], reference: str) -> None:
        self._keep(email, template, context, reference)

    def tell(self, *, borrower_id: int, template: str, context: dict[str, Any], reference: str) -> None:
        from fenqi.people.models import Account

        phone = Account.objects.get(borrower_id=borrower_id).phone
        self._keep(phone, template, context, reference)

    @classmethod
    def last(cls, phone: str, template: str) -> dict[str, Any]:
        return next(
            one["context"]
            for one in reversed(cls.sent)
            if (one["phone"], one["template"]) == (phone, template)
        )


class Identity:
    """Passes everybody but the names in `answers`."""

    answers: ClassVar[dict[str, str]] = {"查无此人": "FAIL", "请重试": "RETRY", "超次数": "LIMIT"}
    asked: ClassVar[list[dict[str, Any]]] = []

    def check_identity(self, *, reference: str, real_name: str, **facts: Any) -> IdentityAnswer:
        self.asked.append({"reference": reference, "real_name": real_name, **facts})
        return IdentityAnswer(
            result=CheckResult(self.answers.get(real_name, "PASS")), serial=f"id-{reference[:8]}"
        )


class Cards:
    """Passes every card but those in `answers`."""

    answers: ClassVar[dict[str, str]] = {}
    asked: ClassVar[list[str]] = []

    def check_card(self, *, reference: str, card_number: str, **facts: Any) -> CardAnswer:
        self.asked.append(reference)
        result = CheckResult(self.answers.get(card_number, "PASS"))
        return CardAnswer(result=result, serial=f"token-{card_number[-4:]}", bank="江城银行")
