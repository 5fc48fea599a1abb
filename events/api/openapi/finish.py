"""What drf-spectacular leaves out of the document, though readers of it need it (a hook of drf-spectacular)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def finish(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Says of what needs no token that it needs none, and gives everything that may be null a type."""
    for methods in result["paths"].values():
        for operation in methods.values():
            operation.setdefault("security", [])
    for schema in _schemas(result["components"]["schemas"]):
        # OpenAPI 3.0.3: `nullable` counts beside a `type` alone. Only objects of another schema come without.
        if schema.get("nullable") and "type" not in schema and "allOf" in schema:
            schema["type"] = "object"
    return result


def _schemas(inside: Any) -> Iterator[dict[str, Any]]:
    """Finds every object of the schemas' tree."""
    if isinstance(inside, dict):
        yield inside
    for part in inside.values() if isinstance(inside, dict) else inside if isinstance(inside, list) else ():
        yield from _schemas(part)
