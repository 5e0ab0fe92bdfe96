"""What people type about themselves, and what is made of it: a table in, a table out."""

import datetime

import pytest

from fenqi.people.id_number import IdNumberError, card_validity_years, check_character, parse_id_number
from fenqi.people.reading import (
    Misread,
    read_card_number,
    read_code,
    read_contact_name,
    read_phone,
    read_real_name,
)

TODAY = datetime.date(2026, 11, 22)


def answer(reader, text, **more):
    try:
        return reader(text, **more)
    except (Misread, IdNumberError) as e:
        return f"! {e.problem}"


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("13800001234", "13800001234"),
        (" 138 0000 1234 ", "13800001234"),
        ("+86 138-0000-1234", "13800001234"),
        ("0086 13800001234", "13800001234"),
        ("8613800001234", "13800001234"),
        ("１３８００００１２３４", "13800001234"),
        ("", "! empty"),
        ("   ", "! empty"),
        ("1380000123", "! length"),
        ("138000012345", "! length"),
        ("12800001234", "! prefix"),
        ("010-88886666", "! landline"),
        ("88886666", "! landline"),
        ("+1 415 555 0100", "! foreign"),
        ("+852 9123 4567", "! foreign"),
        ("📱13800001234", "! letters"),
        ("138OOOO1234", "! letters"),
        ("13800001234\r\nBcc: x", "! letters"),
        ("१३८००००१२३४", "! letters"),
    ],
)
def test_phone(typed, read):
    assert answer(read_phone, typed) == read


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("王小明", "王小明"),
        (" 王小明 ", "王小明"),
        ("阿不都热依木·买买提", "阿不都热依木·买买提"),
        ("阿不都•买买提", "阿不都·买买提"),
        ("𠮷田", "𠮷田"),
        ("", "! empty"),
        ("王", "! short"),
        ("王 小明", "! spaces"),
        ("Wang Ming", "! spaces"),
        ("Wang", "! script"),
        ("王小明1", "! script"),
        ("王<b>", "! script"),
        ("·王明", "! script"),
        ("王" * 41, "! long"),
        ("山田あきら", "! script"),
    ],
)
def test_real_name(typed, read):
    assert answer(read_real_name, typed) == read


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("李芳", "李芳"),
        ("Anna  O'Neil-Smith", "Anna O'Neil-Smith"),
        ("<script>", "! signs"),
        ("李芳2", "! signs"),
        ("李", "! short"),
        ("", "! empty"),
        ("x" * 41, "! long"),
        ("李芳\u202e", "! signs"),
    ],
)
def test_contact_name(typed, read):
    assert answer(read_contact_name, typed) == read


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("6217 0000 1000 0012", "6217000010000012"),
        ("6217000010000019", "! check"),
        ("621700001000", "! length"),
        ("62170000100000120000", "! length"),
        ("6217-0000-1000-0012", "6217000010000012"),
        ("6217abcd10000018", "! letters"),
        ("", "! empty"),
    ],
)
def test_card_number(typed, read):
    assert answer(read_card_number, typed) == read


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("012345", "012345"),
        (" 012 345", "012345"),
        ("12345", "! shape"),
        ("12345a", "! shape"),
        ("", "! empty"),
    ],
)
def test_code(typed, read):
    assert answer(read_code, typed) == read


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", "empty"),
        ("110105491231002", "old_15"),
        ("11010519491231002", "shape"),
        ("11010519491231002XX", "shape"),
        ("1101051949123100X2", "shape"),
        ("990105194912310024", "area"),
        ("000105194912310024", "area"),
        ("110105194913310027", "birth"),
        ("110105194902300022", "birth"),
        ("110105189001010020", "birth"),
        ("110105203001010021", "future"),
        ("110105194912310021", "check"),
        ("11010519491231002Y", "shape"),
    ],
)
def test_id_number_refused(typed, problem):
    with pytest.raises(IdNumberError) as caught:
        parse_id_number(typed, on=TODAY)
    assert caught.value.problem == problem


@pytest.mark.parametrize(
    "typed",
    [
        "11010519491231002X",
        "11010519491231002x",
        " 110105 19491231 002X ",
        "１１０１０５１９４９１２３１００２Ｘ",
    ],
)
def test_id_number_read(typed):
    read = parse_id_number(typed, on=TODAY)
    assert (read.number, read.area, read.born_on) == (
        "11010519491231002X",
        "110105",
        datetime.date(1949, 12, 31),
    )


@pytest.mark.parametrize(
    ("area", "is_one"),
    [
        ("110105", True),
        ("513001", True),  # a prefecture that is gone; who was born there still has its number
        ("659001", True),
        ("810000", True),  # residence permits of Hong Kong, Macao and Taiwan residents
        ("820000", True),
        ("830000", True),
        ("110000", False),
        ("119900", False),
        ("329999", False),
        ("160101", False),
        ("000000", False),
        ("840000", False),
    ],
)
def test_areas(area, is_one):
    first = f"{area}19900307002"
    typed = first + check_character(first)
    if is_one:
        assert parse_id_number(typed, on=TODAY).area == area
    else:
        with pytest.raises(IdNumberError, match="area"):
            parse_id_number(typed, on=TODAY)


@pytest.mark.parametrize(
    ("born", "on", "age"),
    [
        ("20081122", datetime.date(2026, 11, 21), 17),
        ("20081122", datetime.date(2026, 11, 22), 18),
        ("20080229", datetime.date(2026, 2, 28), 17),
        ("20080229", datetime.date(2026, 3, 1), 18),
    ],
)
def test_age(born, on, age):
    first = f"110105{born}002"
    assert parse_id_number(first + check_character(first), on=on).age_on(on) == age


@pytest.mark.parametrize(("age", "years"), [(15, 5), (16, 10), (25, 10), (26, 20), (45, 20), (46, None)])
def test_card_validity(age, years):
    assert card_validity_years(age_at_issue=age) == years
