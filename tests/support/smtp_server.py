"""A real SMTP server (aiosmtpd) in a thread of the test, that does what a test wants of each command."""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

# It logs every line of a dialogue.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)


@dataclass
class MailServer:
    """What it does, and what it has taken.

    Attributes:
        refusals: the answer to RCPT of an address, for as many times as it is in the list; then it is taken.
        sender_refusal: the answer to MAIL, if it is refused.
        die_after: how many messages it takes of which it breaks the connection instead of saying so.
        wait: is waited for before a message is answered.
        holds: what is waited for before RCPT of an address is answered.
        password: what a login needs; empty: none is offered.
    """

    refusals: dict[str, list[str]] = field(default_factory=dict)
    sender_refusal: str = ""
    data_refusals: list[str] = field(default_factory=list)
    die_after: int = 0
    wait: threading.Event | None = None
    holds: dict[str, threading.Event] = field(default_factory=dict)
    password: str = ""
    port: int = 0
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    connections: int = 0
    recipients: Counter[str] = field(default_factory=Counter)

    def ids(self, to: str) -> list[str]:
        """The Message-IDs of what was taken for an address."""
        return [str(message["Message-ID"]) for address, message in self.taken if address == to]

    # aiosmtpd names the hooks by their commands.
    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        """Takes or refuses the sender."""
        if self.sender_refusal:
            return self.sender_refusal
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        """Takes or refuses a recipient."""
        self.recipients[address] += 1
        await _until(self.holds.get(address))
        if self.refusals.get(address):
            return self.refusals[address].pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Takes the message, and answers if it is not to die."""
        if self.data_refusals:
            return self.data_refusals.pop(0)
        await _until(self.wait)
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        parsed = message_from_bytes(content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.taken += [(address, parsed) for address in envelope.rcpt_tos]
        if self.die_after:
            self.die_after -= 1
            assert server.transport is not None
            server.transport.close()
        return "250 OK"

    def _authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and data.password.decode() == self.password
        return AuthResult(success=good, handled=False)


async def _until(awaited: threading.Event | None) -> None:
    while awaited is not None and not awaited.is_set():
        await asyncio.sleep(0.01)


@contextmanager
def running(
    server: MailServer, *, starttls: ssl.SSLContext | None = None, implicit: ssl.SSLContext | None = None
) -> Iterator[MailServer]:
    """Runs it on a port of its own until the block ends."""
    loop = asyncio.new_event_loop()
    opened: list[asyncio.BaseTransport] = []

    class Protocol(SMTP):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            opened.append(transport)
            super().connection_made(transport)

    def protocol() -> SMTP:
        server.connections += 1
        login: dict[str, Any] = {}
        if server.password:
            login = {"authenticator": server._authenticate, "auth_require_tls": False}
        return Protocol(server, loop=loop, tls_context=starttls, enable_SMTPUTF8=True, **login)

    listening = loop.run_until_complete(loop.create_server(protocol, "127.0.0.1", server.port, ssl=implicit))
    server.port = listening.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server
    finally:
        _call(loop, lambda: _stop(listening, opened, loop))
        thread.join()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def _call(loop: asyncio.AbstractEventLoop, work: Callable[[], Any]) -> None:
    loop.call_soon_threadsafe(work)


def _stop(listening: asyncio.Server, opened: Iterable[asyncio.BaseTransport], loop: asyncio.AbstractEventLoop) -> None:
    listening.close()
    for transport in opened:
        getattr(transport, "abort", transport.close)()
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.call_later(0.05, loop.stop)
