"""Every template can be said in both languages, short enough for a phone, without words a screen should not show."""

import pytest

from fenqi.messages.rendering import render
from fenqi.messages.templates import TEMPLATES

CONTEXT = {
    "amount_fen": 499_900,
    "applicant": "王*",
    "code": "123456",
    "days": 12,
    "due_on": "2026-12-08",
    "first_due_on": "2026-12-22",
    "grace_until_on": "2026-12-11",
    "installments": 12,
    "lender": {"zh": "江城银行", "en": "Jiangcheng Bank"},
    "link": "/pay/0123456789abcdef0123456789abcdef/",
    "minutes": 5,
    "month": "2026-12",
    "number": "A26112212345678901",
    "reason": "银行卡余额不足",
    "report_on": "2026-12-11",
    "tail": "0011",
}
LOUD_WORDS = ("贷款", "借款", "欠", "逾期", "催", "罚息", "征信", "loan", "debt", "overdue", "credit")
CASES = [
    (code, result) for code, template in TEMPLATES.items() for result in (template.variants or {"": None})
]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize(("code", "result"), CASES)
class TestEveryTemplate:
    def test_fits_a_phone_in_neutral_words(self, code, result, language):
        text = render(code, {**CONTEXT, "result": result}, channel="sms", language=language).body
        link = "/pay/0123456789abcdef0123456789abcdef/"
        assert "{" not in text
        assert len(text.replace(link, "")) <= (134 if language == "zh-hans" else 280)
        assert not any(word in text.lower() for word in LOUD_WORDS)

    def test_is_translated(self, code, result, language):
        if language == "en":
            text = render(code, {**CONTEXT, "result": result}, channel="sms", language=language).body
            for name in ("【", "】", "¥", "银行卡余额不足", "王*"):
                text = text.replace(name, "")
            assert text.isascii(), text

    def test_has_a_title_and_a_text_for_the_inbox(self, code, result, language):
        if "inbox" not in TEMPLATES[code].channels:
            return
        shown = render(code, {**CONTEXT, "result": result}, channel="inbox", language=language)
        assert shown.subject
        assert shown.body
        assert "http" not in shown.body
        assert not shown.body.endswith((":", "："))
