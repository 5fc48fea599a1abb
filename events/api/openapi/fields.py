"""Has input fields described as they describe themselves (an extension of drf-spectacular)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension

from events.api.fields import DescribedField


class _AsItSays(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Looked up by drf-spectacular among the classes that exist: it is enough to import this module."""

    target_class = DescribedField
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """Returns the schema; description and null are added by drf-spectacular."""
        schema: dict[str, Any] = self.target.accepts()
        return schema
