"""Builds Django's responses in the two shapes of `omnify.common.envelope`.

Not DRF's `Response`, which renders after the view: the error pages and the admin's sign-in answer outside DRF, and all
answers are to have the same headers, a Content-Length among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from django.http import HttpResponse

from omnify.common.envelope import HELP_LINKS, Code, failure, success

# What every answer carries that does not say that it is public: no browser and no proxy keeps it.
NOT_KEPT = {"Cache-Control": "no-store"}
# May be kept, and is asked for again each time.
PUBLIC = {"Cache-Control": "no-cache"}


def ok(data: Any, *, message: str = "OK", status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Builds a success."""
    return _json(success(data, message), status, headers)


def refused(
    code: Code,
    *,
    status: int,
    message: str,
    errors: dict[str, list[str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """Builds a failure; `errors` has sentences by field. Its page is linked, beside other links among `headers`."""
    links = [link for link in ((headers or {}).get("Link"), HELP_LINKS[code]) if link]
    return _json(failure(code, message, errors), status, {**(headers or {}), "Link": ", ".join(links)})


def _json(body: dict[str, Any], status: int, headers: Mapping[str, str] | None) -> HttpResponse:
    content = msgspec.json.encode(body)
    return HttpResponse(
        content,
        status=status,
        content_type="application/json",
        headers={"Content-Length": str(len(content)), **NOT_KEPT, **(headers or {})},
    )
