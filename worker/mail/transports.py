"""The ways by which a message goes out. Each sender thread has a transport of its own."""

from __future__ import annotations

import os
import smtplib
import ssl
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import sanitize_address

from omnify.common.email_url import EmailUrl, Way
from omnify.common.mail_files import keep
from worker.mail.answers import SENT, Answer, Verdict, of_connecting, of_sending

# Servers end connections with too many messages, or too long without one.
MESSAGES_PER_CONNECTION = 100
IDLE_SECONDS = 10.0


class Transport(Protocol):
    """Gives a message to a server. Not for several threads at once."""

    def send(self, message: EmailMessage) -> Answer:
        """Sends it to its one recipient. Every failure is an answer."""

    def close(self) -> None:
        """Ends the connection, if there is one."""


class _Backend(EmailBackend):
    """Django's, with the SMTPUTF8 extension (RFC 6531) for addresses that need it."""

    tls: ssl.SSLContext | None = None
    _partial_connection: smtplib.SMTP | None = None

    @property
    def ssl_context(self) -> ssl.SSLContext:
        """The certificates that are trusted: the system's."""
        return self.tls or ssl.create_default_context()

    def _send(self, email_message: EmailMessage) -> bool:
        assert self.connection is not None
        sender = sanitize_address(email_message.from_email, "utf-8")
        recipient: str = email_message.to[0]
        options: tuple[str, ...] = ()
        if recipient.rpartition("@")[0].isascii():
            recipient = sanitize_address(recipient, "utf-8")
        else:
            self.connection.ehlo_or_helo_if_needed()
            if not self.connection.has_extn("smtputf8"):
                raise smtplib.SMTPNotSupportedError
            options = ("SMTPUTF8",)
        self.connection.sendmail(sender, [recipient], as_bytes(email_message), mail_options=options)
        return True

    def drop(self) -> None:
        """Ends a connection that may not answer any more, without a goodbye."""
        for connection in (self.connection, self._partial_connection):
            if connection is not None:
                connection.close()
        self.connection = self._partial_connection = None


def as_bytes(message: EmailMessage) -> bytes:
    """Encodes a message as it is transmitted."""
    made: Any = message.message()
    return bytes(made.as_bytes(linesep="\r\n"))


class SmtpTransport:
    """SMTP over a connection that stays open while there is something to send."""

    def __init__(
        self, url: EmailUrl, *, tls: ssl.SSLContext | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._backend = _Backend(
            host=url.host,
            port=url.port,
            username=url.user,
            password=url.password,
            use_tls=url.scheme == "smtp+tls",
            use_ssl=url.scheme == "smtps",
            timeout=url.timeout,
        )
        self._backend.tls = tls
        self._clock = clock
        self._sent, self._used_at = 0, clock()

    def send(self, message: EmailMessage) -> Answer:
        """Sends it to its one recipient."""
        self._end_if_worn()
        try:
            self._backend.open()
        except (smtplib.SMTPException, OSError) as problem:
            self._drop()
            return of_connecting(problem)
        return self._send(message)

    def _send(self, message: EmailMessage) -> Answer:
        self._sent, self._used_at = self._sent + 1, self._clock()
        try:
            self._backend.send_messages([message])
        except smtplib.SMTPNotSupportedError:
            return Answer(Verdict.BOUNCED, "", "smtputf8")
        except (smtplib.SMTPException, OSError) as problem:
            refused = isinstance(problem, smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused)
            # smtplib closes the connection itself where the server says goodbye.
            if not refused or getattr(self._backend.connection, "sock", None) is None:
                self._drop()
            return of_sending(problem)
        except ValueError:
            return Answer(Verdict.FAILED, "", "message")
        return SENT

    def _end_if_worn(self) -> None:
        if self._sent >= MESSAGES_PER_CONNECTION or self._clock() > self._used_at + IDLE_SECONDS:
            self.close()

    def close(self) -> None:
        """Says goodbye and ends the connection."""
        self._sent = 0
        try:
            self._backend.close()
        except (smtplib.SMTPException, OSError):
            self._drop()

    def _drop(self) -> None:
        self._sent = 0
        self._backend.drop()


class FileTransport:
    """A file for each message. One that is sent again replaces its file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage) -> Answer:
        """Writes it."""
        try:
            name = str(message.extra_headers["Message-ID"]).strip("<>").rpartition("@")[0]
            keep(self._folder, name, as_bytes(message))
        except OSError as problem:
            return Answer(Verdict.UNREACHABLE, os.strerror(problem.errno or 0)[:12], "folder")
        return SENT

    def close(self) -> None:
        """Does nothing: a file is closed once it is written."""


def make_transports(url: EmailUrl, *, folder: Path, count: int) -> Sequence[Transport]:
    """Makes the transports of a mailer. Raises ValueError: a provider's options do not suffice."""
    if url.way is Way.FILES:
        return [FileTransport(folder)]
    if url.way is Way.ANYMAIL:
        # Only here: a mailer with SMTP does without what an HTTP client needs.
        from worker.mail.provider import ProviderTransport

        return [ProviderTransport(url) for _ in range(count)]
    return [SmtpTransport(url) for _ in range(count)]
