"""What a mail server answered, and whose fault a refusal is.

A refusal of the recipient for good is a bounce. Anything else is tried again: what the server has against this sender,
this service or this hour must not be held against a guest.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from enum import StrEnum
from typing import NamedTuple

# Refusals of RCPT that are not about the recipient: the order of commands, or a login that is missing.
_NOT_THE_RECIPIENT = frozenset({503, 530, 535, 538})
_SHUTTING_DOWN = 421
# MAIL tells the size of the message (RFC 1870); nothing else of it is known to the server by then.
_TOO_LARGE = 552
_ENHANCED = re.compile(rb"[245]\.[0-9]{1,3}\.[0-9]{1,3}")


class Verdict(StrEnum):
    """What came of one attempt. Names are labels of `omnify_mails`."""

    SENT = "sent"
    BOUNCED = "bounced"  # the recipient is refused for good
    FAILED = "failed"  # it can never be sent
    LATER = "later"  # refused for now
    BROKEN = "broken"  # the connection ended in the middle: it may have been sent
    UNREACHABLE = "unreachable"  # it could not be tried: no connection, or this service is refused and not the mail
    BUSY = "busy"  # the server asks to come later, with whatever mail


class Answer(NamedTuple):
    """An attempt's verdict.

    `status` is code and enhanced code (RFC 3463), never the text; `error` a code of ours; `retry_after` how long a
    server asks to wait, in seconds, 0 if it does not say.
    """

    verdict: Verdict
    status: str = ""
    error: str = ""
    retry_after: float = 0.0


SENT = Answer(Verdict.SENT)


def of_connecting(problem: Exception) -> Answer:
    """Judges a connection that could not be made."""
    if isinstance(problem, smtplib.SMTPResponseException):
        login = isinstance(problem, smtplib.SMTPAuthenticationError)
        return Answer(Verdict.UNREACHABLE, _status(problem), "login" if login else "greeting")
    return Answer(Verdict.UNREACHABLE, "", "tls" if isinstance(problem, ssl.SSLError) else "connection")


def of_sending(problem: Exception) -> Answer:
    """Judges a message that was not taken."""
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        return _refused_recipient(*next(iter(problem.recipients.values())))
    if isinstance(problem, smtplib.SMTPSenderRefused):
        return _refused_sender(problem)
    if isinstance(problem, smtplib.SMTPDataError):
        return _refused(problem, "content")
    if isinstance(problem, smtplib.SMTPResponseException):
        return _refused(problem, "server")
    return Answer(Verdict.BROKEN, "", "connection")


def _refused_sender(problem: smtplib.SMTPSenderRefused) -> Answer:
    if problem.smtp_code == _TOO_LARGE:
        return _refused(problem, "content")
    if problem.smtp_code >= 500:
        return Answer(Verdict.UNREACHABLE, _status(problem), "sender")
    return _refused(problem, "sender")


def _refused(problem: smtplib.SMTPResponseException, what: str) -> Answer:
    gone = problem.smtp_code == _SHUTTING_DOWN
    return Answer(Verdict.BROKEN if gone else Verdict.LATER, _status(problem), what)


def _refused_recipient(code: int, text: bytes | str) -> Answer:
    status = _status_of(code, text)
    if code == _SHUTTING_DOWN:
        return Answer(Verdict.BROKEN, status, "server")
    enhanced = status.partition(" ")[2]
    # X.7.X is about policy: an address that may not relay, a sender with a bad name.
    if code >= 500 and code not in _NOT_THE_RECIPIENT and not enhanced.startswith("5.7."):
        return Answer(Verdict.BOUNCED, status, "recipient")
    return Answer(Verdict.LATER, status, "recipient" if code < 500 else "policy")


def _status(problem: smtplib.SMTPResponseException) -> str:
    return _status_of(problem.smtp_code, problem.smtp_error)


def _status_of(code: int, text: bytes | str) -> str:
    found = _ENHANCED.match(text if isinstance(text, bytes) else text.encode("ascii", "replace"))
    return f"{code} {found[0].decode()}" if found else str(code)
