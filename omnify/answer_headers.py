"""What every answer of Django's carries: it is kept by no browser and no proxy unless it says so itself.

Default deny: an answer about people, tickets or secrets is one that no view has marked
`events.api.responses.PUBLIC`. Pages made by Django get the security headers of the crowd's pages too; a view that
needs one of them otherwise has set it before.
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
    """The outermost middleware. Without a thread of its own: Django's mixin would hop to one for each answer."""
    if iscoroutinefunction(get_response):

        async def answer_later(request: HttpRequest) -> HttpResponseBase:
            return complete(await get_response(request))

        return answer_later

    def answer(request: HttpRequest) -> HttpResponseBase:
        return complete(get_response(request))

    return answer


def complete(response: HttpResponseBase) -> HttpResponseBase:
    """The answer with what it does not say itself."""
    for name, value in NOT_KEPT.items():
        response.headers.setdefault(name, value)
    if response.headers.get("Content-Type", "").startswith("text/html"):
        for name, value in SECURITY.items():
            response.headers.setdefault(name, value)
    return response
