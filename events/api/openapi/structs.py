"""Derives serializers from the structs of `events.domain.public`, since drf-spectacular describes serializers.

They are for the OpenAPI document only: answers are encoded from the structs themselves.
"""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

from drf_spectacular.utils import extend_schema_field
from msgspec import Struct, inspect
from rest_framework import serializers

from events.domain.public.definition import fields_of

AnySerializer = serializers.Serializer[Any]
AnyField = serializers.Field[Any, Any, Any, Any]

_PLAIN: dict[type[inspect.Type], type[AnyField]] = {
    inspect.AnyType: serializers.JSONField,
    inspect.IntType: serializers.IntegerField,
    inspect.FloatType: serializers.FloatField,
    inspect.BoolType: serializers.BooleanField,
    inspect.StrType: serializers.CharField,
}
_OF_TEXTS = ("format", "pattern")


@cache
def serializer_of(kind: type[Struct]) -> type[AnySerializer]:
    """Derives a serializer with the struct's name, description and fields."""
    return make_serializer(
        kind.__name__,
        {field.name: _field(field.type, {"required": field.required}) for field in fields_of(kind)},
        description=kind.__doc__,
    )


def make_serializer(name: str, fields: dict[str, AnyField], *, description: str | None = None) -> type[AnySerializer]:
    """Makes a serializer class; `fields` may have names, such as `data`, that every serializer uses itself."""
    # Copies, as DRF's own get_fields does: a field belongs to one serializer, and one is made for every document.
    members = {"__doc__": description, "get_fields": lambda self: deepcopy(fields)}
    return type(name, (serializers.Serializer,), members)


def _field(kind: inspect.Type, options: dict[str, Any], schema: dict[str, Any] | None = None) -> AnyField:
    """Describes one field. `options` are those of DRF's fields, `schema` is what Meta says of the type."""
    schema = schema or {}
    match kind:
        case inspect.Metadata():
            return _field(kind.type, options, {**schema, **(kind.extra_json_schema or {})})
        case inspect.UnionType():
            [inner] = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
            return _field(inner, {**options, "allow_null": True}, schema)
    if "description" in schema:
        options = {**options, "help_text": schema["description"]}
    match kind:
        case inspect.EnumType():
            return serializers.ChoiceField([member.value for member in kind.cls], **options)
        case inspect.StructType():
            return serializer_of(kind.cls)(**options)
        case inspect.ListType() | inspect.DictType():
            return _collection(kind, options)
    return _plain(kind, options, schema)


def _plain(kind: inspect.Type, options: dict[str, Any], schema: dict[str, Any]) -> AnyField:
    if "enum" in schema:
        return serializers.ChoiceField(schema["enum"], **options)
    if schema.get("format") == "date-time":
        return serializers.DateTimeField(**options)
    if text := {name: schema[name] for name in _OF_TEXTS if name in schema}:
        return _text(text)(**options)
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        options = {**options, "min_value": 0}  # ids, counts, places and seconds: none is negative
    return _PLAIN[type(kind)](**options)


def _text(schema: dict[str, Any]) -> type[AnyField]:
    """Makes a class: DRF copies a field by making it anew, and what is said of one alone would be lost."""
    made: type[AnyField] = extend_schema_field({"type": "string", **schema})(type("Text", (serializers.CharField,), {}))
    return made


def _collection(kind: inspect.ListType | inspect.DictType, options: dict[str, Any]) -> AnyField:
    if isinstance(kind, inspect.DictType):
        return serializers.DictField(child=_field(kind.value_type, {}), **options)
    return serializers.ListField(child=_field(kind.item_type, {}), **options)
