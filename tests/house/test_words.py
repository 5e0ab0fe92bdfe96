"""What records keep as codes, the console says in words."""

import ast

from fenqi.ops.words import THINGS, WORDS
from fenqi.servicing.dayend import steps
from tests.house.trees import python, where


def _recorded(keyword: str):
    """Texts that calls write out after `keyword=`, with a place; a text with a hole in it is told up to the hole."""
    for path in python():
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or not _is_record(call.func):
                continue
            for given in call.keywords:
                if given.arg == keyword:
                    yield from ((text, f"{where(path)}:{call.lineno}") for text in _texts(given.value))


def _is_record(called: ast.expr) -> bool:
    return isinstance(called, ast.Attribute) and called.attr == "record"


def _texts(value: ast.expr):
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_holes]):
            yield text
        case ast.IfExp(body=one, orelse=other):
            yield from _texts(one)
            yield from _texts(other)


def test_every_action_of_the_audit_trail_has_a_word():
    wordless = {}
    for action, place in _recorded("action"):
        begins = action.endswith(".") and any(word.startswith(action) for word in WORDS)
        if action not in WORDS and not begins:
            wordless[action] = place
    assert wordless == {}


def test_every_subject_of_the_audit_trail_has_a_word():
    assert {
        subject: place
        for subject, place in _recorded("subject")
        if subject and subject.partition(":")[0] not in THINGS
    } == {}


def test_every_step_of_the_day_end_has_a_word():
    assert [name for name, _step in steps(collect=None) if name not in WORDS] == []
