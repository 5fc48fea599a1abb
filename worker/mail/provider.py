"""A provider's HTTP API as a way by which a message goes out, by django-anymail."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from anymail.backends.base_requests import AnymailRequestsBackend
from anymail.exceptions import AnymailError
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.module_loading import import_string

from omnify.common.email_url import EmailUrl
from worker.mail.answers import Answer
from worker.mail.message import LetterMessage
from worker.mail.provider_answers import of_problem, of_status
from worker.mail.transports import IDLE_SECONDS

# Backends that refuse pictures inside a mail, because the provider's API has no way to name them.
_WITHOUT_PICTURES = frozenset({"brevo", "postal", "scaleway"})


class _NoOtherOption(BaseEmailBackend):
    """The end of a backend's ancestors. Anymail would ignore an option that none of them has taken by then."""

    def __init__(self, *, fail_silently: bool = False, **options: Any) -> None:
        if options:
            raise ValueError(f"{min(options)!r} is no option of this provider")
        super().__init__(fail_silently=fail_silently)


class ProviderTransport:
    """Requests over a connection that stays open while there is something to send."""

    def __init__(self, url: EmailUrl, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._backend: Any = provider_backend(url)
        self._pictures_apart = url.provider in _WITHOUT_PICTURES
        self._clock = clock
        self._used_at = clock()

    def send(self, message: EmailMessage) -> Answer:
        """Sends it to its one recipient."""
        if self._pictures_apart and isinstance(message, LetterMessage):
            message.put_pictures_apart()
        self._open()
        try:
            self._backend.send_messages([message])
        except AnymailError as problem:
            return of_problem(problem, provider=self._backend.esp_name)
        return of_status(message, provider=self._backend.esp_name)

    def _open(self) -> None:
        if self._clock() > self._used_at + IDLE_SECONDS:
            self.close()
        self._used_at = self._clock()
        if self._backend.open():
            # A redirected POST becomes a GET, which sends nothing, and its answer could pass for one to a mail.
            self._backend.session.max_redirects = 0

    def close(self) -> None:
        """Ends the connection, if there is one."""
        self._backend.close()


def provider_backend(url: EmailUrl) -> Any:
    """Makes the backend of a provider.

    Raises:
        ValueError: there is no such provider, it lacks an option, has one too many, or needs a package that is not
            installed. In one clause for people, without an option's value.
    """
    backend: Any = None
    try:
        backend = import_string(f"anymail.backends.{url.provider}.EmailBackend")
        if not issubclass(backend, AnymailRequestsBackend):
            raise ValueError(f"{url.provider} is no provider with an HTTP API")
        checked: Any = type("EmailBackend", (backend, _NoOtherOption), {})
        return checked(timeout=url.timeout, **url.options)
    except (ImportError, ImproperlyConfigured, TypeError) as problem:
        raise ValueError(_in_a_clause(problem, backend)) from problem


def _in_a_clause(problem: Exception, backend: Any) -> str:
    """Says what is missing, which anymail calls by the name of a setting of Django."""
    text = str(problem).splitlines()[0]
    found = re.search(r"\{'([A-Z_]+)': \.\.\.\}", text)
    prefix = f"{backend.esp_name} ".upper().replace(" ", "_") if found else ""
    return f"its {found[1].removeprefix(prefix).lower()} is missing" if found else text
