"""Whatever DRF says of a body comes out as sentences, one list for each field."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from events.api.errors import sentences_by_field
from events.api.webhooks.serializers import WebhookInput

WORDS = st.text(st.characters(categories=["L"]), min_size=1, max_size=5)
SENTENCES = st.builds(lambda words: ErrorDetail(f"{words} is wrong.", code="invalid"), WORDS)
NESTED = st.recursive(
    st.lists(SENTENCES, min_size=1, max_size=2),
    lambda inner: st.one_of(
        st.dictionaries(st.one_of(WORDS, st.just("non_field_errors")), inner, min_size=1, max_size=3),
        st.dictionaries(st.integers(0, 50), inner, min_size=1, max_size=3),
        st.lists(st.one_of(inner, st.just({})), min_size=1, max_size=3),
    ),
)


def leaves(detail: Any) -> list[str]:
    if isinstance(detail, dict):
        return [leaf for value in detail.values() for leaf in leaves(value)]
    if isinstance(detail, list):
        return [leaf for value in detail for leaf in leaves(value)]
    return [str(detail)]


@given(
    st.one_of(SENTENCES.map(lambda one: [one]), st.dictionaries(WORDS, NESTED.filter(leaves), min_size=1, max_size=4))
)
def test_however_deep_it_is_nested_every_sentence_comes_out_under_its_field(detail: Any) -> None:
    found = sentences_by_field(detail)
    assert set(found) == (set(detail) if isinstance(detail, dict) else {"body"})
    said = [sentence for sentences in found.values() for sentence in sentences]
    assert all(isinstance(sentence, str) and sentence.endswith(" is wrong.") for sentence in said)
    assert sorted(leaves(detail)) == sorted(sentence.rpartition(": ")[2] for sentence in said)


@pytest.mark.parametrize("nothing", [{}, [], {"name": []}, {"name": {}}, {"name": [{}, {}]}, {"name": [""]}, [" "]])
def test_an_error_that_says_nothing_says_at_least_where(nothing: Any) -> None:
    assert sentences_by_field(nothing) == {"name" if "name" in nothing else "body": ["This is not valid."]}


def test_what_is_inside_a_field_is_said_where_it_is() -> None:
    detail = {
        "codes": {1: ["Too short."], 4: ["Too long."]},
        "types": [{}, {"name": ["This field is required."], "price": {"non_field_errors": ["No number."]}}],
        "non_field_errors": ["The end must be after the start."],
    }
    assert sentences_by_field(detail) == {
        "codes": ["Item 2: Too short.", "Item 5: Too long."],
        "types": ["Item 2, name: This field is required.", "Item 2, price: No number."],
        "body": ["The end must be after the start."],
    }


class Priced(serializers.Serializer[Any]):
    prices = serializers.DictField(child=serializers.ListField(child=serializers.IntegerField(min_value=1)))
    types = WebhookInput(many=True, required=False)


@pytest.mark.parametrize(
    "body",
    [
        {"prices": {"a": [1, "x", 0]}, "types": [{}, {"url": 5, "event_types": ["x", None]}]},
        {"prices": [], "types": {}},
        {"prices": None},
        {"prices": {"a": 5}, "types": [5]},
        [],
    ],
)
def test_every_kind_of_field_of_drf_comes_out_in_sentences(body: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        Priced(data=body).is_valid(raise_exception=True)
    found = sentences_by_field(refused.value.detail)
    assert found
    for sentences in found.values():
        for sentence in sentences:
            assert sentence.endswith("."), sentence
            assert " " in sentence, sentence
