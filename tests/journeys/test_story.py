"""The story, played twice: over HTTP as `make demo` plays it, and by taps in a browser on a phone's screen."""

import datetime

import pytest

from fenqi.cli.story.play import STEPS, play_story
from fenqi.cli.story.timeline import Timeline
from tests.journeys.chromium import Chromium
from tests.support.browser import DESK, PHONE
from tests.support.stack import whole_product

BEGINS_ON = datetime.date(2026, 2, 5)


@pytest.mark.timeout(900)
def test_over_http():
    timeline = Timeline()
    with whole_product(open_on=BEGINS_ON) as stack:
        facts = play_story(stack, timeline, on_step=lambda _title: None)

    assert len(timeline.moments) >= len(STEPS)
    assert datetime.date.fromisoformat(facts["business date"]) > BEGINS_ON + datetime.timedelta(days=200)


@pytest.mark.browser
@pytest.mark.timeout(900)
def test_in_a_browser_on_a_phone(chrome):
    people = []
    with whole_product(open_on=BEGINS_ON) as stack:

        def new_person(screen):
            size = DESK if screen == "desk" else PHONE
            people.append(
                Chromium(chrome, stack.web_url, size=size, allowed=(stack.web_url, stack.sandbox_url))
            )
            return people[-1]

        play_story(stack, Timeline(), on_step=lambda _title: None, new_browser=new_person)

    assert [fault for person in people for fault in person.faults.found] == []
