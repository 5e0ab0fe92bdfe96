"""One person over several accounts: found by the ID number's keyed hash, forgotten with the identity."""

from __future__ import annotations

from fenqi.people import queries
from fenqi.people.models import PersonAccount
from fenqi.people.services.retention import forget_identity
from tests.people.browsing import id_number
from tests.support.second_pair import second_pair

ADULT, OTHER_ADULT = id_number("11010519900307759"), id_number("31010119850521111")


def test_nobody_is_known_before_the_real_name_check(shopper):
    assert queries.one_person(shopper()) is None


def test_an_identity_that_moved_leaves_both_accounts_to_the_person(applicant):
    first = applicant("13800001234", number=ADULT)
    second = applicant("13800004321", number=ADULT)
    assert queries.one_person(second) is None  # waits for a reviewer
    second_pair("people.identity_move", arguments={"borrower_id": second})
    one, again = queries.one_person(first), queries.one_person(second)
    assert one.person_index == again.person_index
    assert (one.account_ids, again.account_ids) == ((first, second), (second, first))
    other = queries.one_person(applicant("13800005678", number=OTHER_ADULT))
    assert other.person_index != one.person_index
    assert len(other.account_ids) == 1


def test_a_contact_named_by_many_is_counted_over_applicants(named, applicant):
    first, _contact, _token = named("13800001234", "13900005678")
    assert queries.one_person(first).contact_named_by == 0
    named("13800004321", "13900005678")
    named("13800005555", "13900005678")
    assert queries.one_person(first).contact_named_by == 2
    assert queries.one_person(applicant("13800006666")).contact_named_by is None


def test_a_list_finds_a_number_whatever_account_it_comes_with(applicant):
    one = queries.one_person(applicant("13800001234", number=ADULT))
    assert one.list_indexes == (
        queries.list_index("id_number", ADULT),
        queries.list_index("phone", "13800001234"),
    )
    assert one.person_index not in one.list_indexes


def test_a_forgotten_identity_leaves_no_person(applicant):
    borrower_id = applicant()
    forget_identity(borrower_id=borrower_id, why="unused")
    assert queries.one_person(borrower_id) is None
    assert not PersonAccount.objects.exists()


def test_it_takes_four_statements(applicant, django_assert_max_num_queries):
    borrower_id = applicant()
    with django_assert_max_num_queries(4):
        queries.one_person(borrower_id)
