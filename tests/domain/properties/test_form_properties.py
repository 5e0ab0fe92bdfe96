"""Terms and events survive their JSON form; the schema accepts what the reader accepts."""

import json
from functools import cache

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from fenqi.domain.errors import DomainError
from fenqi.domain.events import event_from_json, event_to_json
from fenqi.domain.forms import read_json, replay_request, state_to_json
from fenqi.domain.replay import replay
from fenqi.domain.schema import replay_schema, state_schema
from fenqi.domain.terms import terms_from_json, terms_to_json

from .loans import History, histories


@cache
def validator(of) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(of())


@given(histories())
def test_terms_and_events_survive_their_json_form(history: History):
    assert terms_from_json(json.loads(json.dumps(terms_to_json(history.terms)))) == history.terms
    for event in history.events:
        assert event_from_json(json.loads(json.dumps(event_to_json(event)))) == event


@given(histories())
def test_a_request_is_what_the_schema_says_and_so_is_its_answer(history: History):
    form = json.loads(repr(history))
    validator(replay_schema).validate(form)
    request = replay_request(read_json(repr(history)))
    assert (request.terms, request.events, request.as_of) == (history.terms, history.events, history.as_of)
    state = replay(request.terms, request.events, request.as_of)
    validator(state_schema).validate(json.loads(json.dumps(state_to_json(state))))


@given(histories(most=2), st.data())
def test_what_the_schema_refuses_the_reader_refuses(history: History, data):
    form = json.loads(repr(history))
    where = data.draw(st.sampled_from([form, form["terms"], *form["events"]]))
    key = data.draw(st.sampled_from([*where, "unheard_of"]))
    where[key] = data.draw(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=3) | st.lists(st.integers())
    )
    if validator(replay_schema).is_valid(form):
        return
    try:
        replay_request(read_json(json.dumps(form)))
    except DomainError as fault:
        assert fault.field
        assert fault.allowed
    else:
        raise AssertionError(f"the schema refuses this, the reader takes it: {form}")
