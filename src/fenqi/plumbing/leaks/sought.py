"""
The values to look for, without keeping them: of each only a keyed 64-bit hash stays in memory, and which column it is from.

A value is a phrase of words (see words.py), so punctuation, case and spacing do not hide it. A long one is known by its
first words. What is too short to be told from other text is not sought, and counted: one character, seven digits.
"""

from __future__ import annotations

import json
import re
from array import array
from bisect import bisect_left
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from fenqi.plumbing.leaks.words import Word, spellings, together, words
from fenqi.plumbing.logs import KEY_IN_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_PHRASE = 12
FEWEST_DIGITS, FEWEST_LETTERS, FEWEST_HAN = 8, 8, 2
FEWEST_OF_FREE_TEXT = 8  # characters of a sentence; shorter ones anybody may write
# A name of two or three characters may be a word of the house as well; longer ones hardly are.
LONGEST_NAME_LIKE_A_WORD = 3

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_PHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_ID_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
_CARD = re.compile(r"(?<!\d)62\d{14,17}(?!\d)")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
# Leaves of sealed JSON that are personal whatever they look like.
PERSONAL_LEAVES = frozenset({"recipient", "street", "real_name", "id_number", "contact_name"})


class Sought:
    """`add` every value, then `find` any number of texts; adding again later is allowed."""

    def __init__(self) -> None:
        self._hashes: dict[str, array[int]] = defaultdict(lambda: array("q"))
        self._lengths: dict[str, int] = defaultdict(int)  # first word -> bits of the lengths of its phrases
        self._bits = bytearray()
        self._is_sorted = False
        self._house: set[int] = set()
        self.too_short: int = 0

    def __len__(self) -> int:
        return sum(map(len, self._hashes.values()))

    def add(self, value: str, *, label: str, holds: str = "value") -> None:
        """Look for `value` from now on; `holds` as on the sealed field, `label` is what a finding calls it."""
        for part in parts(value, holds):
            phrase = words(part)[:LONGEST_PHRASE]
            if not _is_distinctive(phrase):
                self.too_short += 1
                continue
            for form in _forms(phrase):
                self._hashes[label].append(_hash(form))
                if len(form) > 1:
                    self._lengths[form[0].text] |= 1 << len(form)
                self._is_sorted = False

    def learn(self, text: str) -> None:
        """A text of the house's own: a name in it that is no longer than a word is not sought."""
        for phrase in self._phrases(words(text)):
            if _is_like_a_word(phrase):
                self._house.add(_hash(phrase))

    def find(self, text: str, *, is_house: bool = False) -> set[str]:
        """The labels of the values that stand in the text in any spelling."""
        found: set[str] = set()
        for spelling in spellings(text):
            for phrase in self._phrases(words(spelling)):
                if _is_like_a_word(phrase) and (is_house or _hash(phrase) in self._house):
                    continue
                found |= self._labels(_hash(phrase))
        return found

    def _phrases(self, row: list[Word]) -> Iterator[list[Word]]:
        """Every stretch of words that begins and is as long as a value."""
        self._sort()
        for start, (text, _is_glued) in enumerate(row):
            if len(text) >= FEWEST_DIGITS and self._may_be(hash(text)):
                yield [row[start]]
            lengths = self._lengths.get(text, 0)
            while lengths:
                length = (lengths & -lengths).bit_length() - 1
                lengths &= lengths - 1
                phrase = row[start : start + length]
                if (
                    len(phrase) == length
                    and self._may_be(_hash(phrase))
                    and _stands_alone(row, start, length)
                ):
                    yield phrase

    def _may_be(self, key: int) -> bool:
        place = key & (len(self._bits) * 8 - 1)
        return bool(self._bits[place >> 3] & (1 << (place & 7)))

    def _labels(self, key: int) -> set[str]:
        found = set()
        for label, hashes in self._hashes.items():
            at = bisect_left(hashes, key)
            if at < len(hashes) and hashes[at] == key:
                found.add(label)
        return found

    def _sort(self) -> None:
        """Sixteen bits of a sieve for every value, so that almost every other word is let through at once."""
        if self._is_sorted:
            return
        for label, hashes in self._hashes.items():
            self._hashes[label] = array("q", sorted(set(hashes)))
        self._bits = bytearray(max(1 << 13, 1 << (2 * len(self)).bit_length()))
        mask = len(self._bits) * 8 - 1
        for hashes in self._hashes.values():
            for key in hashes:
                self._bits[(key & mask) >> 3] |= 1 << (key & 7)
        self._is_sorted = True


def parts(value: str, holds: str) -> list[str]:
    """What of a sealed value is to be looked for."""
    if holds == "figure":
        return []
    if holds == "date":
        return [value] if _DATE.fullmatch(value) else []
    if holds == "text":
        return [*([value] if len(value) >= FEWEST_OF_FREE_TEXT else []), *_shaped(value)]
    if holds == "facts":
        return list(_leaves(json.loads(value), "")) if value else []
    return [value] if value else []


def _leaves(facts: Any, key: str) -> Iterator[str]:
    if isinstance(facts, dict):
        for name, below in facts.items():
            yield from _leaves(below, name)
    elif isinstance(facts, list):
        for below in facts:
            yield from _leaves(below, key)
    elif isinstance(facts, str):
        yield from [facts] if key in PERSONAL_LEAVES else _shaped(facts)


def _shaped(text: str) -> list[str]:
    """Phones, ID numbers, cards, addresses of mail, and links that are keys, wherever they stand in a text."""
    found = [match.group() for shape in (_PHONE, _ID_NUMBER, _CARD, _EMAIL) for match in shape.finditer(text)]
    return found + [match[2] for match in KEY_IN_ADDRESS.finditer(text)]


def _hash(phrase: list[Word]) -> int:
    return hash(together(phrase))


def _forms(phrase: list[Word]) -> Iterator[list[Word]]:
    """The phrase, and a phone or card as people group its digits."""
    yield phrase
    digits = phrase[0].text
    if len(phrase) == 1 and digits.isdigit():
        if len(digits) == 11:
            yield words(f"{digits[:3]} {digits[3:7]} {digits[7:]}")
        elif len(digits) >= 16:
            yield words(" ".join(digits[start : start + 4] for start in range(0, len(digits), 4)))


def _is_distinctive(phrase: list[Word]) -> bool:
    if all(word.is_han for word in phrase):
        return len(phrase) >= FEWEST_HAN
    if len(phrase) == 1:
        return len(phrase[0].text) >= FEWEST_DIGITS
    return sum(4 if word.is_han else len(word.text) for word in phrase) >= FEWEST_LETTERS


def _is_like_a_word(phrase: list[Word]) -> bool:
    return len(phrase) <= LONGEST_NAME_LIKE_A_WORD and all(word.is_han for word in phrase)


def _stands_alone(row: list[Word], start: int, length: int) -> bool:
    """Two Han characters in the middle of a sentence may be the end of one word and the beginning of the next."""
    if length > 2 or not row[start].is_han:
        return True
    return not row[start].is_glued and not (start + length < len(row) and row[start + length].is_glued)
