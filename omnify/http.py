"""Django responses in the two shapes of `omnify.responses`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from django.http import HttpResponse

from omnify.responses import Code, failure, success


def ok(data: Any, *, message: str = "OK", status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """An answer that worked."""
    return _json(success(data, message), status, headers)


def refused(
    code: Code,
    *,
    status: int,
    message: str,
    errors: dict[str, list[str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """An answer that did not."""
    return _json(failure(code, message, errors), status, headers)


def _json(body: dict[str, Any], status: int, headers: Mapping[str, str] | None) -> HttpResponse:
    content = msgspec.json.encode(body)
    return HttpResponse(
        content,
        status=status,
        content_type="application/json",
        headers={"Content-Length": str(len(content)), **(headers or {})},
    )
