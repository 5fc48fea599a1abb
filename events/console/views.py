"""Sign-in, sign-out, and one view for all screens: each is a frame that its script fills from the public API."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views import View

from events.api.sessions import sign_in, sign_out, signed_in
from events.console.frame import page, said_in
from events.console.texts import labels
from events.domain.scopes import ANY_TOKEN, ENTRANCE, ONLY_FULL, READERS, Scope
from events.domain.text import pasted
from events.domain.tokens import NO_TOKEN
from events.pages.headers import CAMERA_HERE, FRAMING, INSTALLABLE, SECURITY
from events.services.sign_in_limit import TooManySignIns
from omnify.common.languages import N_

HOME = "/console"
# Which scopes see a screen. Its content comes from the API, which checks the token again.
SCREENS = {
    "events": ANY_TOKEN,
    "event_form": ONLY_FULL,
    "live": READERS,
    "attendees": ANY_TOKEN,
    "waitlist": READERS,
    "codes": READERS,
    "mails": READERS,
    "mail_files": ONLY_FULL,
    "check_in": ENTRANCE,
    "webhooks": READERS,
    "webhook": READERS,
    "tokens": ONLY_FULL,
    "audit": READERS,
}
_WAIT = N_("Too many attempts to sign in. Try again in {time}.")
# Django compares the Origin of a form with its own, and browsers send "null" for it under "no-referrer". No address
# here is a secret, and to other sites this policy says nothing either.
_HEADERS = {**SECURITY, "Referrer-Policy": "same-origin", "Cache-Control": "no-store"}


class ConsoleView(View):
    """Answers with the headers of all console pages."""

    http_method_names = ["get", "post"]

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Answers, and adds the headers that the answer does not set itself."""
        response = super().dispatch(request, *args, **kwargs)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response


class Login(ConsoleView):
    """Starts a session with an organizer's token."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Renders the form; a browser with a session is redirected."""
        if signed_in(request):
            return self._onward(request, request.GET.get("next"))
        return self._form(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Signs in, or renders the form with the reason why not."""
        language = said_in(request).language
        try:
            found = sign_in(request, token=pasted(request.POST.get("token", "")))
        except TooManySignIns as problem:
            wait = language.gettext(_WAIT, time=language.length(problem.seconds, "second"))
            response = self._form(request, problem=wait, status=429)
            response["Retry-After"] = str(problem.seconds)
            return response
        if found is None:
            return self._form(request, problem=language.gettext(NO_TOKEN), status=403)
        return self._onward(request, request.POST.get("next"))

    def _onward(self, request: HttpRequest, target: str | None) -> HttpResponse:
        return HttpResponseRedirect(said_in(request).path(_next(target)))

    def _form(self, request: HttpRequest, *, problem: str = "", status: int = 200) -> HttpResponse:
        following = _next(request.POST.get("next") or request.GET.get("next"))
        # A form that was sent has it in its body alone.
        kept = {} if following == HOME else {"next": following}
        return page(request, "login", {"problem": problem, "next": following}, status=status, kept=kept)


class Logout(ConsoleView):
    """Ends the session."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Signs out. POST only, so that no other site's link can do it."""
        sign_out(request)
        return HttpResponseRedirect(said_in(request).path(reverse("console-login")))


class Screen(ConsoleView):
    """Renders one screen for a signed-in organizer. `name` is its template and its script."""

    name = ""

    def get(self, request: HttpRequest, **ids: int) -> HttpResponse:
        """Renders the frame, or redirects to the sign-in, which leads back."""
        token = signed_in(request)
        if token is None:
            sign_in_page = f"{reverse('console-login')}?{urlencode({'next': request.path})}"
            return HttpResponseRedirect(said_in(request).path(sign_in_page))
        reach = {name for name, scopes in SCREENS.items() if token.reach in scopes}
        context: dict[str, Any] = {"organizer": token.organizer, "reach": reach, **ids}
        context["full"] = token.reach is Scope.FULL
        context["way"] = settings.ENV.email_url.way.value
        context["labels"] = labels(self.name, said_in(request).language)
        if self.name not in reach or token.event_id not in (None, ids.get("event_id", token.event_id)):
            return self._elsewhere(request, context)
        response = page(request, self.name, {**context, "screen": self.name})
        if self.name == "check_in":
            response["Permissions-Policy"] = CAMERA_HERE
            response["Content-Security-Policy"] = INSTALLABLE
        if self.name == "mail_files":
            response["Content-Security-Policy"] = FRAMING
        return response

    def _elsewhere(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        # A token for the entrance follows the links of the list of events like any other, and ends at the entrance.
        if self.name == "live" and "check_in" in context["reach"]:
            return HttpResponseRedirect(said_in(request).path(f"{request.path}/check-in"))
        return page(request, "out_of_reach", context, status=403)


def _next(target: str | None) -> str:
    """Returns `target` if it is a path of the console, else the console's first page."""
    own = target is not None and (target == HOME or target.startswith(f"{HOME}/"))
    return target if own and target and url_has_allowed_host_and_scheme(target, allowed_hosts=None) else HOME
