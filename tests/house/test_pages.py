"""House rules about pages: nothing inline, nothing foreign, every sentence in both languages."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

from tests.house.trees import SOURCE, python, where

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from babel.messages.catalog import Message

TEMPLATES = sorted(SOURCE.glob("*/templates/**/*.html"))
HAN = re.compile(r"[\u4e00-\u9fff]")
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")  # its punctuation as well


def test_there_are_templates():
    assert len(TEMPLATES) > 20


def test_no_inline_script_style_or_handler():
    """The content security policy forbids them; a page that needs one would break silently."""
    pattern = re.compile(
        r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")|<style|\sstyle=|\son[a-z]+=\"", re.I
    )
    found = []
    for path in TEMPLATES:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if pattern.search(line):
                found.append(f"{where(path)}:{number}")
    assert found == []


def test_no_request_to_another_host():
    pattern = re.compile(r"(?:src|href|action)=\"(?:https?:)?//", re.I)
    files = (
        TEMPLATES
        + sorted((SOURCE / "web" / "static").rglob("*.css"))
        + sorted((SOURCE / "web" / "static").rglob("*.js"))
    )
    css = re.compile(r"url\(\s*['\"]?(?:https?:)?//|@import\s+['\"]https?:", re.I)
    found = [
        where(path)
        for path in files
        if pattern.search(path.read_text(encoding="utf-8")) or css.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def _messages() -> Iterator[tuple[Path, Message]]:
    for path in sorted(SOURCE.glob("*/locale/en/LC_MESSAGES/django.po")):
        with path.open("rb") as text:
            for message in read_po(text):
                if message.id and not message.fuzzy:
                    yield path, message


def _translated() -> set[str]:
    known = set()
    for _path, message in _messages():
        if isinstance(message.id, tuple):
            if all(message.string):
                known.update(message.id)
        elif message.string:
            known.add(message.id)
    return known


def _sentences() -> dict[str, str]:
    """Every Chinese sentence marked for translation, with a place where it stands."""
    literal = r"(?:\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)')"
    call = re.compile(rf"\b(?:_|gettext|gettext_lazy|ngettext|pgettext|N_)\(\s*{literal}", re.S)
    found: dict[str, str] = {}
    for path in TEMPLATES:
        source = templatize(path.read_text(encoding="utf-8"))
        for match in re.finditer(
            r"gettext\((?:u)?'((?:[^'\\]|\\.)*)'|gettext\((?:u)?\"((?:[^\"\\]|\\.)*)\"", source
        ):
            text = (
                (match.group(1) or match.group(2) or "")
                .replace("\\'", "'")
                .replace('\\"', '"')
                .replace("\\n", "\n")
            )
            found[text] = where(path)
    for path in python():
        for match in call.finditer(path.read_text(encoding="utf-8")):
            text = (match.group(1) or match.group(2) or "").replace('\\"', '"').replace("\\n", "\n")
            found[text] = where(path)
    return {text: place for text, place in found.items() if HAN.search(text)}


def test_every_sentence_is_in_english_too():
    known = _translated()
    missing = [
        f"{place}: {text}"
        for text, place in sorted(_sentences().items(), key=lambda x: x[1])
        if text not in known
    ]
    assert missing == []


def test_a_sentence_has_one_english():
    """Django takes the first of several: a button would read like another app's record of having been pressed."""
    said: dict[tuple[str | None, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path, message in _messages():
        sentence = message.id if isinstance(message.id, str) else message.id[0]
        said[message.context, sentence][str(message.string)].append(where(path))
    assert [f"{sentence}: {dict(said)}" for (_context, sentence), said in said.items() if len(said) > 1] == []


def test_english_has_straight_quotes():
    """In a Chinese font the curly ones are as wide as a character and tear an English word apart."""
    found = [
        f"{where(path)}: {message.string}"
        for path, message in _messages()
        if re.search("[\u2018\u2019\u201c\u201d]", str(message.string))
    ]
    assert found == []


def test_no_sentence_escapes_translation():
    """Chinese text in a template stands inside a translate tag."""
    marked = re.compile(
        r"{%\s*(?:translate|trans)\b.*?%}|{%\s*blocktrans(?:late)?\b.*?{%\s*endblocktrans(?:late)?\s*%}"
        r"|{%\s*comment\b.*?{%\s*endcomment\s*%}|{#.*?#}|_\(\"[^\"]*\"\)|_\('[^']*'\)",
        re.S,
    )
    found = []
    for path in TEMPLATES:
        rest = marked.sub("", path.read_text(encoding="utf-8"))
        found += [
            f"{where(path)}: {line.strip()[:60]}"
            for line in rest.splitlines()
            if CHINESE.search(line) and 'lang="zh-CN"' not in line
        ]
    assert found == []
