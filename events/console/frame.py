"""What every page of the console is given: its language, and what its frame links to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from events.pages import files
from events.pages.page_language import SWITCH, PageLanguage, language_of


def said_in(request: HttpRequest) -> PageLanguage:
    """Returns the language of the page that is asked for."""
    return language_of(request.GET.get("language", ""), request.headers.get("Accept-Language", ""))


def page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    status: int = 200,
    kept: Mapping[str, str] | None = None,
) -> HttpResponse:
    """Renders a page of the console in its language; `kept`: what its address is to say in another one too."""
    said, asked = said_in(request), request.GET.copy()
    asked.pop("language", None)
    for name, value in (kept or {}).items():
        asked[name] = value
    frame = {
        "assets": files.base(),
        "language": said.language,
        "carried": said.carried,
        "languages": SWITCH,
        # The same page in another language is asked for with it.
        "asked": f"{asked.urlencode()}&" if asked else "",
    }
    response = render(request, f"console/{template}.html", {**frame, **context}, status=status)
    patch_vary_headers(response, ["Accept-Language"])
    return response
