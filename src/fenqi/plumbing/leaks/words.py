"""Text as a row of words, in every spelling it may hide in: escaped, percent-encoded, hex, base64, compressed."""

from __future__ import annotations

import re
import zlib
from base64 import b64decode
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD = re.compile(r"[0-9]+|[A-Za-z]+|[\u3400-\u9fff]")
_ESCAPED = re.compile(r"\\+u([0-9a-fA-F]{4})")
_PERCENT = re.compile(r"%[0-9a-fA-F]{2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){6,}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}")
_TELLING = re.compile(r"[0-9]{6}|[\u3400-\u9fff]{2}|[A-Za-z0-9]{2}@|\\u[0-9a-fA-F]{4}")
FIRST_HAN = "\u3400"
DEEPEST = 3
LARGEST_INFLATED = 1 << 20
COUNTRY = "86"


class Word(NamedTuple):
    """A run of digits, a run of letters or one Han character; `is_glued`: a Han character right behind another."""

    text: str
    is_glued: bool

    @property
    def is_han(self) -> bool:
        return self.text >= FIRST_HAN


def words(text: str) -> list[Word]:
    """The words of a text in order, letters small; a Chinese country code before a mobile number is dropped."""
    found, end_of_han = [], -1
    for match in _WORD.finditer(text):
        word = match.group().lower()
        if word >= FIRST_HAN:
            found.append(Word(word, match.start() == end_of_han))
            end_of_han = match.end()
            continue
        if len(word) == 13 and word.startswith(COUNTRY):
            word = word.removeprefix(COUNTRY)
        found.append(Word(word, False))
    return found


def together(phrase: list[Word]) -> str:
    """A phrase as it is compared: what stands between its words does not count, but inside a name nothing may."""
    return phrase[0].text + "".join(text if is_glued else f" {text}" for text, is_glued in phrase[1:])


def spellings(text: str, *, depth: int = DEEPEST) -> Iterator[str]:
    """The text itself, and whatever it turns into when what looks encoded in it is decoded."""
    yield text
    if depth == 0:
        return
    for decoded in _decoded(text):
        if _TELLING.search(decoded):
            yield from spellings(decoded, depth=depth - 1)


def _decoded(text: str) -> Iterator[str]:
    if "\\u" in text:
        yield _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    if "%" in text and _PERCENT.search(text):
        yield unquote(text)
    for match in _HEX.finditer(text):
        yield bytes.fromhex(match.group()).decode(errors="ignore")
    for match in _BASE64.finditer(text):
        run = match.group().replace("-", "+").replace("_", "/")
        # What stands before the encoded part may belong to the same run: try every place it could begin.
        for start in range(4):
            groups = run[start : len(run) - (len(run) - start == 1 + (len(run) - start) // 4 * 4)]
            yield from _texts_of(b64decode(groups + "=" * (-len(groups) % 4)))


def _texts_of(content: bytes) -> Iterator[str]:
    yield content.decode(errors="ignore")
    if content[:1] == b"\x78":
        try:
            inflated = zlib.decompressobj().decompress(content, LARGEST_INFLATED)
        except zlib.error:
            return
        yield inflated.decode(errors="ignore")
