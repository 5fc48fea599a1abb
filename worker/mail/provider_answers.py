"""What a provider's HTTP API answered, and whose fault a refusal is: the verdicts of `answers`, for anymail's errors.

no connection                          unreachable
a connection that ended in the middle  broken: it may have been sent
429, 503                               busy, for as long as Retry-After says
401, 403, 3xx, 402, 404, 405           unreachable: this service is refused, and not the mail
a code of `_ABOUT_US` in the body      the same
other 5xx, or a 2xx that says nothing  broken
a recipient that the provider refuses  bounced, whatever the status
other 4xx                              later
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import requests
from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from django.core.mail import EmailMessage
from urllib3.exceptions import NewConnectionError

from omnify.common.retry_after import read_retry_after
from worker.mail.answers import SENT, Answer, Verdict

_LOGIN = frozenset({401, 403})
# No money, no such domain or route, a redirect: the account, or the URL that was given for it.
_ACCOUNT = frozenset({402, 404, 405, *range(300, 400)})
_BUSY = frozenset({420, 429, 503})  # 420 is SparkPost's, for a limit that is used up
# Codes in the bodies of refusals that are about this service. By provider, from their documentation.
_ABOUT_US: dict[str, dict[str, str]] = {
    "Brevo": {"account_under_validation": "account", "not_enough_credits": "account"},
    "Mailjet": {"From": "sender"},
    "Mandrill": {"Invalid_Key": "login", "PaymentRequired": "account"},
    "Postal": {"UnauthenticatedFromAddress": "sender", "InvalidServerAPIKey": "login", "ServerSuspended": "account"},
    "Postmark": {"400": "sender", "401": "sender", "405": "account", "412": "account", "413": "account"},
    "Resend": {"invalid_from_address": "sender"},
}
# What anymail says of the only recipient.
_TAKEN = frozenset({"sent", "queued"})
_REFUSED = frozenset({"invalid", "rejected", "bounced"})


def of_problem(problem: AnymailError, *, provider: str) -> Answer:
    """Judges a message that was not sent."""
    if isinstance(problem, AnymailRecipientsRefused) and problem.email_message.anymail_status.status:
        return Answer(Verdict.BOUNCED, _status(problem.response), "recipient")
    if isinstance(problem, ValueError | TypeError) and not isinstance(problem, requests.RequestException):
        return Answer(Verdict.FAILED, "", "message")
    if problem.response is None:
        return _of_no_response(problem.__cause__)
    return _of_response(problem.response, provider=provider)


def of_status(message: EmailMessage, *, provider: str) -> Answer:
    """Judges a message that anymail has no error about, which does not mean that it was taken."""
    status: Any = getattr(message, "anymail_status", None)
    if status is None or not status.status:
        return Answer(Verdict.BROKEN, "", "message")
    told, response = status.status, status.esp_response
    if told & _TAKEN:
        return SENT
    if "failed" in told:
        return _of_response(response, provider=provider)
    # Of a 4xx anymail swallows only what is about recipients, and it may not have found whom.
    if told & _REFUSED or not response.ok:
        return Answer(Verdict.BOUNCED, _status(response), "recipient")
    return SENT


def _of_no_response(cause: BaseException | None) -> Answer:
    if isinstance(cause, requests.exceptions.SSLError):
        return Answer(Verdict.UNREACHABLE, "", "tls")
    if isinstance(cause, requests.ConnectTimeout | requests.exceptions.ProxyError):
        return Answer(Verdict.UNREACHABLE, "", "connection")
    if isinstance(cause, requests.TooManyRedirects | ValueError):  # ValueError: a URL that cannot be one
        return Answer(Verdict.UNREACHABLE, _status(getattr(cause, "response", None)), "account")
    reason = getattr(cause.args[0], "reason", None) if cause is not None and cause.args else None
    never = isinstance(reason, NewConnectionError)
    return Answer(Verdict.UNREACHABLE if never else Verdict.BROKEN, "", "connection")


def _of_response(response: requests.Response, *, provider: str) -> Answer:
    status = response.status_code
    if status in _BUSY:
        wait = read_retry_after(response.headers.get("Retry-After", ""), now=datetime.now(UTC))
        return Answer(Verdict.BUSY, str(status), "server", wait)
    about_us = "login" if status in _LOGIN else "account" if status in _ACCOUNT else _about_us(response, provider)
    if about_us:
        return Answer(Verdict.UNREACHABLE, str(status), about_us)
    if 400 <= status < 500:
        return Answer(Verdict.LATER, str(status), "content")
    return Answer(Verdict.BROKEN, str(status), "server")


def _about_us(response: requests.Response, provider: str) -> str:
    known = _ABOUT_US.get(provider, {})
    try:
        body = response.json()
    except ValueError:
        return ""
    return next((known[code] for code in _codes(body) if code in known), "")


def _codes(body: Any) -> Iterator[str]:
    """Yields what stands in a body where providers put the code of an error."""
    if isinstance(body, list):
        for one in body:
            yield from _codes(one)
    elif isinstance(body, dict):
        for name, value in body.items():
            if isinstance(value, dict | list) and name in ("data", "Messages", "Errors"):
                yield from _codes(value)
            elif name == "ErrorRelatedTo" and isinstance(value, list):
                yield from map(str, value)
            elif name in ("ErrorCode", "code", "name"):
                yield str(value)


def _status(response: requests.Response | None) -> str:
    return "" if response is None else str(response.status_code)
