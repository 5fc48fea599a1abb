"""Describes the bodies of answers: the failure, and the success around one object or a page of them."""

from __future__ import annotations

from functools import cache
from typing import Any

from drf_spectacular.utils import extend_schema_field
from msgspec import Struct
from rest_framework import serializers

from events.api.openapi.structs import AnySerializer, make_serializer, serializer_of
from omnify.common.envelope import Code


@extend_schema_field({"type": "boolean", "enum": [True]})
class _Always(serializers.BooleanField):
    """`true`, in every success."""


@extend_schema_field({"type": "boolean", "enum": [False]})
class _Never(serializers.BooleanField):
    """`false`, in every failure."""


@extend_schema_field(
    {
        "type": "object",
        "nullable": True,
        "additionalProperties": {"type": "array", "items": {"type": "string"}},
        "description": "Sentences for people by field, query parameter or header; null when no field is at fault.",
    }
)
class _ErrorsByField(serializers.JSONField):
    """`{"<field>": ["..."]} | null`."""


@extend_schema_field({"type": "string", "format": "uri-reference"})
class _PageLink(serializers.CharField):
    """An address of this service: a path, or the whole where the operator has said `PUBLIC_URL`."""


class Failure(serializers.Serializer[Any]):
    """Every answer that is not a success."""

    success = _Never()
    code = serializers.ChoiceField(choices=[code.value for code in Code], help_text="For programs.")
    message = serializers.CharField(help_text="For people.")
    errors = _ErrorsByField()  # type: ignore[assignment]


@cache
def success_with(data: type[Struct]) -> type[AnySerializer]:
    """Describes the success with one object as its `data`."""
    return _success(f"{data.__name__}Answer", serializer_of(data)())


@cache
def page_of(item: type[Struct]) -> type[AnySerializer]:
    """Describes the success with a page of objects as its `data`."""
    page = make_serializer(
        f"{item.__name__}Page",
        {
            "total_items": serializers.IntegerField(min_value=0),
            "total_pages": serializers.IntegerField(min_value=1),
            "current_page": serializers.IntegerField(min_value=1),
            "next_page": _PageLink(allow_null=True),
            "previous_page": _PageLink(allow_null=True),
            "results": serializer_of(item)(many=True),
        },
    )
    return _success(f"{item.__name__}PageAnswer", page())


def _success(name: str, data: AnySerializer) -> type[AnySerializer]:
    message = serializers.CharField(help_text="For people.")
    return make_serializer(name, {"success": _Always(), "message": message, "data": data})
