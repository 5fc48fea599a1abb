"""Limits how often the admin is told a password: beyond the limit none is hashed and no query is made for it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from events.api import responses
from events.services.sign_in_limit import SignInAttempt, TooManySignIns
from omnify.common.envelope import Code


@never_cache
def limited_login(request: HttpRequest) -> HttpResponse:
    """Calls Django's own view, or answers 429 if this address or account has tried too often."""
    return _limited(request, admin.site.login, account=request.POST.get("username", ""))


@never_cache
def limited_password_change(request: HttpRequest) -> HttpResponse:
    """Does the same for the form that asks for the old password: a session left open must not help to guess it."""
    view = admin.site.admin_view(admin.site.password_change, cacheable=True)
    if not admin.site.has_permission(request):
        return view(request)
    return _limited(request, view, account=request.user.get_username())


def _limited(request: HttpRequest, view: Callable[[HttpRequest], HttpResponse], *, account: str) -> HttpResponse:
    if request.method != "POST":
        return view(request)
    attempt = SignInAttempt(request, where="admin", account=account)
    try:
        attempt.begin()
    except TooManySignIns as problem:
        headers = {"Retry-After": str(problem.seconds)}
        return responses.refused(Code.RATE_LIMITED, status=429, message=str(problem), headers=headers)
    response = view(request)
    # A redirect is a success; the form shown again is 200, also in a session that is signed in already.
    if response.status_code == 302:
        attempt.worked()
    return response
