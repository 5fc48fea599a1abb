"""The admin's sign-in behind the limit on attempts: past it no password is hashed, and no database asked."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from events.api import responses
from events.services.sign_in_limit import SignInAttempt, TooManySignIns
from omnify.common.envelope import Code


@never_cache
def limited_login(request: HttpRequest) -> HttpResponse:
    """Django's own view, unless this address or account has tried too often: then 429."""
    if request.method != "POST":
        return admin.site.login(request)
    attempt = SignInAttempt(request, where="admin", account=request.POST.get("username", ""))
    try:
        attempt.begin()
    except TooManySignIns as problem:
        headers = {"Retry-After": str(problem.seconds)}
        return responses.refused(Code.RATE_LIMITED, status=429, message=str(problem), headers=headers)
    response = admin.site.login(request)
    # Into the admin; a form that is shown again is 200, also to somebody who is signed in as another.
    if response.status_code == 302:
        attempt.worked()
    return response
