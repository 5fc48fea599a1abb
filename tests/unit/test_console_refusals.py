"""What the console says in place of what the service says: nothing that the service no longer says, and every code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rest_framework import fields, serializers

from events.console import refusals
from omnify.common.envelope import Code
from omnify.common.languages import OFFERED, language

ROOT = Path(__file__).parents[2] / "events"
_NAMED = re.compile(r"\{\w+\}|\d[\d,]*|(?<=\.) ")


def _said() -> Iterator[str]:
    """Every text in the code of the service that is no page and no mail, and what the framework says by itself."""
    for folder in ("api", "domain", "door", "ledger", "services"):
        for path in (ROOT / folder).rglob("*.py"):
            if path.parent.name == "openapi":  # examples of what is said
                continue
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value
    for kind in (fields.Field, fields.IntegerField, serializers.ListSerializer):
        yield from (str(text) for text in kind.default_error_messages.values())


SAID = "\n".join(_said())


@pytest.mark.parametrize("sentence", refusals.SENTENCES)
def test_the_service_says_each_sentence_that_is_translated(sentence: str) -> None:
    longest = max(_NAMED.split(sentence), key=len)
    assert longest.strip(" ”“.,") in SAID, "the service says it no more: take it out, or as it is said now"


def test_every_code_has_its_words() -> None:
    assert set(refusals.CODES) == {code.value for code in Code}


def test_in_english_nothing_is_replaced() -> None:
    assert refusals.known_refusals(language("en")) == {"errors": {}, "refusals": {}, "field-parts": {}}
    for code in OFFERED.keys() - {"en"}:
        known = refusals.known_refusals(language(code))
        assert len(known["errors"]) == len(set(refusals.SENTENCES))
        assert all(known["refusals"].values())
