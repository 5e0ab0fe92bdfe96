"""What was promised to be deleted is deleted, and what the law has kept is kept."""

import datetime

from fenqi.ops import retention
from fenqi.people import queries, services
from fenqi.people.models import Identity, IdentityIndex, SignInCode
from fenqi.plumbing import business_date
from fenqi.plumbing.models import SealedFile
from tests.people.test_identity import photo, submit

DAYS = datetime.timedelta(days=1)


def test_an_identity_without_a_loan_goes_after_ninety_days(shopper):
    borrower_id = shopper()
    submit(borrower_id, face=False, front=photo(), back=photo())
    on = business_date.current()
    assert retention.forget_unused(on + 90 * DAYS)["identities"] == 0
    assert SealedFile.objects.count() == 2
    assert retention.forget_unused(on + 91 * DAYS)["identities"] == 1
    assert retention.forget_unused(on + 91 * DAYS)["identities"] == 0
    assert not (Identity.objects.exists() or IdentityIndex.objects.exists() or SealedFile.objects.exists())
    assert queries.person(borrower_id).identity_status == "none"
    assert submit(borrower_id) == "PASS"


def test_one_behind_an_agreement_is_kept(applicant):
    borrower_id = applicant()
    services.keep_identity(borrower_id=borrower_id)
    assert services.unused_identities(business_date.current() + 365 * DAYS) == []


def test_spent_codes_go(shopper):
    shopper()
    assert services.forget_codes() == 0
    SignInCode.objects.update(sent_at=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
    assert services.forget_codes() == 1
