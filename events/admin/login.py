"""Limits sign-in attempts to the admin: beyond the limit no password is hashed and no query is made."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from events.api import responses
from events.services.sign_in_limit import SignInAttempt, TooManySignIns
from omnify.common.envelope import Code


@never_cache
def limited_login(request: HttpRequest) -> HttpResponse:
    """Calls Django's own view, or answers 429 if this address or account has tried too often."""
    if request.method != "POST":
        return admin.site.login(request)
    attempt = SignInAttempt(request, where="admin", account=request.POST.get("username", ""))
    try:
        attempt.begin()
    except TooManySignIns as problem:
        headers = {"Retry-After": str(problem.seconds)}
        return responses.refused(Code.RATE_LIMITED, status=429, message=str(problem), headers=headers)
    response = admin.site.login(request)
    # A redirect is a success; the form shown again is 200, also in a session that is signed in already.
    if response.status_code == 302:
        attempt.worked()
    return response
