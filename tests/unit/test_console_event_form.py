"""The console's form has a control for all that the API takes of an event, and sends each as the API reads it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from django.template.loader import render_to_string
from rest_framework import serializers

from events.api.serializers import EventInput

SCRIPT = Path(__file__).parents[2] / "events" / "pages" / "assets" / "console_event_form.js"
CONTROL = re.compile(r'<(?:input|select|textarea)\b[^>]* name="(\w+)"')


def _form() -> str:
    return render_to_string("console/event_form.html").partition('<form id="event-form"')[2].partition("</form>")[0]


def _listed_in_script(name: str) -> set[str]:
    found = re.search(rf"^const {name} = (\[.*\]);$", SCRIPT.read_text("utf-8"), flags=re.M)
    assert found is not None
    return set(json.loads(found[1]))


def _fields_of(kind: type[serializers.Field]) -> set[str]:
    return {name for name, field in EventInput().fields.items() if isinstance(field, kind)}


def test_each_field_of_an_event_has_a_control_and_a_place_for_its_error() -> None:
    form = _form()
    assert set(CONTROL.findall(form)) == set(EventInput().fields)
    for field in form.split('class="field')[1:]:
        assert (len(CONTROL.findall(field)), field.count('<p class="error">')) == (1, 1), field


def test_switches_numbers_and_times_are_sent_as_such() -> None:
    assert _listed_in_script("SWITCHES") == _fields_of(serializers.BooleanField)
    assert _listed_in_script("NUMBERS") == _fields_of(serializers.IntegerField)
    assert _listed_in_script("TIMES") == _fields_of(serializers.DateTimeField)
    for name in _listed_in_script("SWITCHES"):
        control = re.search(rf'<select id="{name}".*?</select>', _form())
        assert control is not None
        assert set(re.findall(r'<option value="(\w+)"', control[0])) == {"true", "false"}
