"""
The statements of the day-end run alike on one server and on many: kept over their text, without any extension.

A batch statement is a constant that begins with INSERT, UPDATE, DELETE or MERGE in a module of the day-end.
"""

import importlib
import pkgutil
import re

import pytest
from django.db import connection

from fenqi.bureau import dayend as bureau
from fenqi.cli.distribute import make_plan
from fenqi.purchases import dayend as purchases
from fenqi.servicing import dayend as servicing

pytestmark = pytest.mark.django_db

MODULES = [bureau, purchases] + [
    importlib.import_module(f"{servicing.__name__}.{found.name}")
    for found in pkgutil.iter_modules(servicing.__path__)
]
STATEMENTS = {
    f"{module.__name__.removeprefix('fenqi.')}.{name}": text
    for module in MODULES
    for name, text in vars(module).items()
    if name.isupper() and isinstance(text, str) and re.match(r"\s*(INSERT|UPDATE|DELETE|MERGE|WITH)\b", text)
}
TABLE = re.compile(
    r"\b(?:FROM|JOIN|INTO|UPDATE|USING)\s+([a-z]+_[a-z]+)(?:\s+(?:AS\s+)?(?!SET|ON|WHERE|SELECT|VALUES)([a-z]+)\b)?"
)
CLOCKS = r"\b(current_date|current_timestamp|current_time|localtime|localtimestamp)\b"


@pytest.fixture(scope="module", params=sorted(STATEMENTS))
def statement(request) -> str:
    return STATEMENTS[request.param]


def top_level(text: str) -> str:
    """The statement without what stands in brackets or quotes."""
    text = re.sub(r"'[^']*'", "''", text)
    while (shorter := re.sub(r"\([^()]*\)", " ", text)) != text:
        text = shorter
    return text


def owned() -> set[str]:
    with connection.cursor() as cursor:
        return set(make_plan(cursor).owned)


def test_there_are_statements_to_look_at():
    assert len(STATEMENTS) >= 12
    assert {"servicing.dayend.debiting.BOOK_LOAN", "servicing.dayend.turning.TURN"} <= set(STATEMENTS)


def test_one_plain_statement(statement):
    """What a node cannot do alone with its part of the rows is refused or pulled to the coordinator."""
    found = re.findall(r"\b(WITH|UNION|INTERSECT|EXCEPT|ORDER BY|LIMIT|OFFSET)\b", top_level(statement))
    assert found == []
    assert "FOR UPDATE" not in statement
    assert not re.search(r"\bCASE\s+(?!WHEN\b)\S", statement), "searched CASE only"


def test_dates_are_parameters_and_functions_immutable(statement):
    """The same statement gives the same rows on every node, and again tomorrow."""
    assert not re.search(CLOCKS, statement, re.I)
    called = set(re.findall(r"\b([a-z][a-z0-9_]*)\s*\(", re.sub(r"'[^']*'", "''", statement)))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT proname FROM pg_proc WHERE proname = ANY(%s) AND provolatile <> 'i'"
            " AND pronamespace = 'pg_catalog'::regnamespace AND prokind <> 'a' AND proname <> 'unnest'",
            [sorted(called)],
        )
        # Of to_char and the like some forms are immutable; none is needed here.
        assert cursor.fetchall() == []


def test_the_owner_is_neither_changed_nor_cast(statement):
    assert not re.search(
        r"\bSET\b[^;]*?\bborrower_id\s*=(?!=)", top_level(statement).split("WHERE")[0].split("FROM")[0]
    )
    assert not re.search(r"\bborrower_id\s*::", statement)
    assert not re.search(r"cast\s*\(\s*(\w+\.)?borrower_id", statement, re.I)


def test_owned_tables_are_joined_by_their_owner(statement):
    """Every owned table of a statement is tied to another one by borrower_id, so that a join stays on one node."""
    target = re.match(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM|MERGE INTO)\s+(\w+)", statement)[1]
    read = re.sub(r"^\s*INSERT INTO\s+\w+", "", statement)
    aliases = {(alias or table) for table, alias in TABLE.findall(read) if table in owned()}
    ties = re.findall(r"\b(\w+)\.borrower_id\s*=\s*(\w+)\.borrower_id", read)
    if len(aliases) > 1:
        tied = {one for pair in ties for one in pair}
        assert aliases <= tied, f"not tied: {aliases - tied}"
    if target in owned() and statement.lstrip().startswith("INSERT"):
        columns = re.search(r"INSERT INTO\s+\w+\s*\(([^)]*)\)", statement)[1]
        assert columns.split(",")[0].strip() == "borrower_id", "the owner comes first"


def test_a_conflict_is_met_on_a_key_that_begins_with_the_owner(statement):
    for columns in re.findall(r"ON CONFLICT\s*\(([^)]*)\)", statement):
        assert columns.split(",")[0].strip() == "borrower_id"


FORBIDDEN = [
    (
        test_owned_tables_are_joined_by_their_owner,
        "INSERT INTO servicing_notice (borrower_id) SELECT l.borrower_id FROM servicing_loan l"
        " JOIN servicing_loaninstallment i ON i.loan_id = l.id",
    ),
    (
        test_owned_tables_are_joined_by_their_owner,
        "INSERT INTO servicing_notice (key, borrower_id) SELECT l.number, l.borrower_id FROM servicing_loan l",
    ),
    (test_the_owner_is_neither_changed_nor_cast, "UPDATE servicing_loan l SET state = 'a', borrower_id = 3"),
    (test_the_owner_is_neither_changed_nor_cast, "INSERT INTO a (b) SELECT l.borrower_id::text FROM c l"),
    (test_dates_are_parameters_and_functions_immutable, "UPDATE servicing_loan l SET projected_on = now()"),
    (test_dates_are_parameters_and_functions_immutable, "UPDATE servicing_loan l SET sequence = random()"),
    (
        test_dates_are_parameters_and_functions_immutable,
        "UPDATE servicing_loan l SET projected_on = CURRENT_DATE",
    ),
    (test_one_plain_statement, "INSERT INTO a SELECT b FROM c ORDER BY b"),
    (test_one_plain_statement, "WITH c AS (SELECT 1) INSERT INTO a SELECT b FROM c"),
    (test_one_plain_statement, "UPDATE a SET b = CASE c WHEN 1 THEN 2 END"),
    (test_a_conflict_is_met_on_a_key_that_begins_with_the_owner, "INSERT INTO a VALUES (1) ON CONFLICT (b)"),
]


@pytest.mark.parametrize(("rule", "text"), FORBIDDEN)
def test_each_rule_sees_what_it_forbids(rule, text):
    with pytest.raises(AssertionError):
        rule(text)
