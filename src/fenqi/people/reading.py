"""
Reading what people type about themselves: phones, names, card numbers.

Pure. Each reader returns the normal form or raises Misread with a plain `problem`; the services turn that into words.
"""

from __future__ import annotations

import re
import unicodedata

from fenqi.plumbing.typed import narrow

# All numbers that can receive a text are mobile; carriers cannot be told by prefix since number portability.
MOBILE = re.compile(r"1[3-9][0-9]{9}")
HAN = "㐀-䶿一-鿿\U00020000-\U0002ffff〇"
REAL_NAME = re.compile(rf"[{HAN}]{{1,20}}(?:·[{HAN}]{{1,20}}){{0,3}}")


class Misread(ValueError):
    """`problem` names what is wrong with the text."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def read_phone(text: str) -> str:
    """
    A mainland mobile number as 11 digits; spaces, dashes, +86 and full-width digits are accepted.

    Raises: Misread empty | letters | foreign | landline | length | prefix.
    """
    number = re.sub(r"[\s\-()]", "", narrow(text))
    if not number:
        raise Misread("empty")
    if not re.fullmatch(r"\+?[0-9]+", number):
        raise Misread("letters")
    number = re.sub(r"^(?:\+86|0086|86(?=1[0-9]{10}$))", "", number)
    if number.startswith(("+", "00")):
        raise Misread("foreign")
    if number.startswith("0") or (len(number) in (7, 8) and number[0] != "1"):
        raise Misread("landline")
    if len(number) != 11:
        raise Misread("length")
    if not MOBILE.fullmatch(number):
        raise Misread("prefix")
    return number


def read_real_name(text: str) -> str:
    """
    A name as it stands on an identity card: Chinese characters, a middle dot between parts, 2 to 40 of them.

    Raises: Misread empty | spaces | script | short | long.
    """
    name = unicodedata.normalize("NFC", text).strip()
    name = re.sub(r"[•‧∙・･．]", "·", name)
    if not name:
        raise Misread("empty")
    if re.search(r"\s", name):
        raise Misread("spaces")
    if len(name) > 40:
        raise Misread("long")
    if len(name) < 2:
        raise Misread("short")
    if not REAL_NAME.fullmatch(name):
        raise Misread("script")
    return name


def read_contact_name(text: str) -> str:
    """
    How a contact is called: letters of any script, spaces, dots, hyphens; 2 to 40 characters.

    Raises: Misread empty | short | long | signs.
    """
    name = re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip()
    if not name:
        raise Misread("empty")
    if len(name) > 40:
        raise Misread("long")
    if len(name) < 2:
        raise Misread("short")
    if not all(c in " ·.'-" or unicodedata.category(c)[0] in "LM" for c in name):
        raise Misread("signs")
    return name


def read_card_number(text: str) -> str:
    """
    A debit card number: 16 to 19 digits with a valid Luhn digit, spaces accepted.

    Raises: Misread empty | letters | length | check.
    """
    number = re.sub(r"[\s\-]", "", narrow(text))
    if not number:
        raise Misread("empty")
    if not re.fullmatch(r"[0-9]+", number):
        raise Misread("letters")
    if not 16 <= len(number) <= 19:
        raise Misread("length")
    if not _passes_luhn(number):
        raise Misread("check")
    return number


def read_code(text: str) -> str:
    """Six digits from a text message. Raises: Misread empty | shape."""
    code = re.sub(r"\s", "", narrow(text))
    if not code:
        raise Misread("empty")
    if not re.fullmatch(r"[0-9]{6}", code):
        raise Misread("shape")
    return code


def _passes_luhn(number: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
