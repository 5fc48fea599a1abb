"""What templates may not do, whatever they show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TEMPLATES = sorted((Path(__file__).parents[2] / "events" / "templates").rglob("*.html"))
TYPED = re.compile(r"\{\{ *(?:event|organizer|attempt|guest)\.(?:name|location|email) *\}\}")
ISOLATED = re.compile(rf'<bdi>{TYPED.pattern}</bdi>|&#x2068;{TYPED.pattern}&#x2069;| value="{TYPED.pattern}"')
ALONE = re.compile(rf"\{{% block title %\}}{TYPED.pattern}\{{% endblock %\}}")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_people_typed_turns_nothing_around_that_stands_beside_it(template: Path) -> None:
    text = ALONE.sub("", ISOLATED.sub("", template.read_text("utf-8")))
    assert not TYPED.findall(text), "put it between <bdi> and </bdi>, or between &#x2068; and &#x2069;"
