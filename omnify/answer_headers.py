"""Headers of every response from Django: no browser and no proxy may store it unless a view allows that.

Default deny: responses about people, tickets or secrets are those that no view has marked
`events.api.responses.PUBLIC`. HTML from Django also gets the security headers of the public pages. A view that needs
another value for one of them sets it itself, and that value stays.
"""

from __future__ import annotations

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from events.api.responses import NOT_KEPT
from events.pages.headers import SECURITY


@sync_and_async_middleware
def answer_headers(get_response):  # type: ignore[no-untyped-def]
    """Wraps everything else, as a middleware. Async as well as sync: Django's mixin would switch threads each time."""
    if iscoroutinefunction(get_response):

        async def respond_async(request: HttpRequest) -> HttpResponseBase:
            return complete(await get_response(request))

        return respond_async

    def respond(request: HttpRequest) -> HttpResponseBase:
        return complete(get_response(request))

    return respond


def complete(response: HttpResponseBase) -> HttpResponseBase:
    """Adds the headers that the response does not have."""
    for name, value in NOT_KEPT.items():
        response.headers.setdefault(name, value)
    if response.headers.get("Content-Type", "").startswith("text/html"):
        for name, value in SECURITY.items():
            response.headers.setdefault(name, value)
    return response
