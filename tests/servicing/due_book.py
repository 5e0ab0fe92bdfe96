"""A book on a due date, in which every step of the day-end has something to do."""

from __future__ import annotations

import datetime

from django.db import connection

from fenqi.people import seed as people_seed
from fenqi.people import services as people
from fenqi.people.models import Account
from fenqi.plumbing import clock
from fenqi.servicing import services
from tests.servicing.books import ANNUITY, FLAT, FREE, a_loan, start
from tests.servicing.collecting import collect_all, collect_none

ONE_DAY = datetime.timedelta(days=1)
DUE_1 = datetime.date(2026, 2, 8)
DUE_2 = datetime.date(2026, 3, 8)


def make() -> None:
    """
    Loans on schedule, one paid in part, one paid ahead, one of which nothing was paid a month ago; the date is DUE_2.

    Of one more nothing was paid four days ago: its grace ends today; what was due yesterday is reported today.
    """
    start()
    people_seed.load_texts()
    late = _with_consent(a_loan(ANNUITY, 150_000, borrower_id=101))
    for number, terms in enumerate((ANNUITY, FLAT, FREE)):
        _with_consent(a_loan(terms, 123_400, borrower_id=201 + number))
    odd = _with_consent(a_loan(ANNUITY, 200_000, borrower_id=301))
    ahead = _with_consent(a_loan(FREE, 90_000, borrower_id=302))
    services.run_dayend(to=DUE_1 - 4 * ONE_DAY, collect=collect_none)
    _with_consent(a_loan(ANNUITY, 70_000, borrower_id=304, on=DUE_1 - 4 * ONE_DAY))
    services.run_dayend(to=DUE_1 - ONE_DAY, collect=collect_none)
    _with_consent(a_loan(FREE, 45_000, borrower_id=305, on=DUE_1 - ONE_DAY))
    services.run_dayend(to=DUE_1, collect=collect_none)
    services.run_dayend(to=DUE_1 + ONE_DAY, collect=collect_of([late[0]], refused=True))
    _with_consent(a_loan(ANNUITY, 80_000, borrower_id=303, on=DUE_1 + ONE_DAY))
    services.run_dayend(to=DUE_2 - 3 * ONE_DAY, collect=collect_none)
    services.record_repayment(borrower_id=odd[0], loan_id=odd[1], amount_fen=5_000, reference="a part")
    services.record_repayment(borrower_id=ahead[0], loan_id=ahead[1], amount_fen=30_000, reference="early")
    services.run_dayend(to=DUE_2, collect=collect_none)


def collect_of(borrowers: list[int], *, refused: bool = False):
    """A channel that takes from these borrowers only, or from all but these."""

    def collect(on: datetime.date) -> dict[str, int]:
        with connection.cursor() as cursor:
            taken = "borrower_id <> ALL(%s)" if refused else "borrower_id = ANY(%s)"
            cursor.execute(
                f"UPDATE servicing_debitinstruction SET state = 'failed' WHERE business_date = %s AND NOT {taken}",
                [on, borrowers],
            )
        return collect_all(on)

    return collect


def _with_consent(loan: tuple) -> tuple:
    """So that its months are reported to the bureau."""
    if not Account.objects.filter(borrower_id=loan[0]).exists():
        Account.objects.create(borrower_id=loan[0], phone=f"138{loan[0]:08}", opened_at=clock.now())
    people.record_consents(borrower_id=loan[0], given={"bureau_reporting": None}, channel="web", evidence={})
    return loan
