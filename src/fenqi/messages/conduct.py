"""
The conduct gate: asked about every message before it leaves; its answers are kept.

Quiet hours, daily caps and the right person, from dated rule data (rules-cn 4.2 to 4.5 and 6.1).
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from fenqi.messages.templates import Kind
from fenqi.plumbing import business_date, clock, rule_data
from fenqi.plumbing.gates import Answer, allow, deny

HOUR_OF_A_DEMO_DAY = datetime.time(10, 0)
# What a first contact must never read about somebody else.
MONEY_WORDS = re.compile(
    r"[¥￥$]|\d元|金额|账单|还款|欠|逾期|贷款|借款|罚息|overdue|debt|repay|loan|bill", re.IGNORECASE
)
SPEAKING_CHANNELS = ("sms", "push", "email")


@dataclass(frozen=True, kw_only=True)
class Question:
    """
    One message about to leave. `sent_today`: collection texts this person already got on this business date.

    `agreed_to_offers` says whether the person's consent to marketing stands at this moment.
    """

    kind: Kind
    channel: str
    text: str
    sent_today: int
    texts_today: int
    agreed_to_offers: bool = False


def moment() -> datetime.datetime:
    """
    The moment by which messages wait and quiet hours count.

    A demo, a test or a training lives in dates, not hours: its day is always at ten in the morning.
    """
    if not settings.CLOCK_FOLLOWS_BUSINESS_DATE:
        return clock.wall()
    return timezone.make_aware(datetime.datetime.combine(business_date.current(), HOUR_OF_A_DEMO_DAY))


class Gate:
    """The rules valid on a date."""

    def __init__(self, on: datetime.date) -> None:
        quiet = rule_data.value("quiet_hours", on=on)
        self._quiet_from = datetime.time.fromisoformat(quiet["from"])
        self._quiet_to = datetime.time.fromisoformat(quiet["to"])
        self._caps = rule_data.value("message_caps", on=on)

    def is_quiet(self, at: datetime.datetime) -> bool:
        """Nobody is reminded at this hour."""
        hour = timezone.localtime(at).time()
        if self._quiet_from > self._quiet_to:  # over midnight
            return hour >= self._quiet_from or hour < self._quiet_to
        return self._quiet_from <= hour < self._quiet_to

    def quiet_ends(self, at: datetime.datetime) -> datetime.datetime:
        """The end of the quiet hours `at` lies in."""
        local = timezone.localtime(at)
        ends = local.replace(hour=self._quiet_to.hour, minute=self._quiet_to.minute, second=0, microsecond=0)
        return ends if ends > local else ends + datetime.timedelta(days=1)

    def ask(self, question: Question, *, at: datetime.datetime) -> Answer:
        """May this leave now?"""
        if question.kind == Kind.CONTACT and MONEY_WORDS.search(question.text):
            return deny("conduct.contact_not_the_debt", "a first contact is never told of money")
        if question.kind == Kind.MARKETING and not question.agreed_to_offers:
            return deny("conduct.marketing_consent", "no consent to offers, or withdrawn")
        if question.channel not in SPEAKING_CHANNELS:
            return allow("conduct.inbox", "read when the person opens it")
        if question.kind in (Kind.REMINDER, Kind.COLLECTION, Kind.CONTACT, Kind.MARKETING) and self.is_quiet(
            at
        ):
            return deny("conduct.quiet_hours", f"{self._quiet_from:%H:%M}-{self._quiet_to:%H:%M}")
        if question.kind == Kind.COLLECTION and question.sent_today >= self._caps["collection_a_day"]:
            return deny("conduct.collection_cap", f"{self._caps['collection_a_day']} a day over this channel")
        if question.channel == "sms" and question.texts_today >= self._caps["texts_a_day"]:
            return deny("conduct.texts_cap", f"{self._caps['texts_a_day']} texts a day to one number")
        return allow(f"conduct.{question.kind}")
