"""What the deliverer and the mailer send to: a receiver of webhooks and a mail server, outside all containers.

Both keep what comes, and can hold it: the sender waits for an answer until `release`, so that a container that is
killed meanwhile has not heard that its message arrived, and must send it again.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.trials.compose_trial.crowd import ask
from deploy.trials.compose_trial.engine import run
from deploy.trials.report import Trial, wait_until
from rehearsal.receiver import Message, Receiver

# Of the engine's network, not of one of its bridges: these come and go with the deployment.
ADDRESS = "10.77.0.1"
WEBHOOK_PORT, MAIL_PORT = 8080, 8025
SETTINGS = {
    "EMAIL_URL": f"smtp://{ADDRESS}:{MAIL_PORT}",
    "MAIL_FROM": "tickets@omnify.example",
    "PUBLIC_URL": "http://127.0.0.1:8000",
    "WEBHOOK_ALLOW_PRIVATE": "true",
}
HELD_SECONDS = 30.0


class Inbox:
    """How often each message came, by its id and who it is about; those that are held now."""

    def __init__(self) -> None:
        self.times: Counter[str] = Counter()
        self.about: set[str] = set()
        self._open = threading.Event()
        self._open.set()

    def came(self, name: str, about: str) -> None:
        """Keeps a message, and returns when it may be answered."""
        self.times[name] += 1
        self.about.add(about)
        self._open.wait(HELD_SECONDS)

    def hold(self) -> set[str]:
        """From here on nothing is answered. Waits for a message, and returns those that wait for their answer."""
        self._open.clear()
        before = self.times.copy()
        wait_until(lambda: self.times != before, seconds=HELD_SECONDS - 5, pause=0.05)
        return set(self.times - before)

    def release(self) -> None:
        """Answers all."""
        self._open.set()


class Outside:
    """Started in the engine's network."""

    def __init__(self, trial: Trial) -> None:
        run("ip", "address", "add", f"{ADDRESS}/32", "dev", "lo")
        self.webhooks, self.mail = Inbox(), Inbox()
        self._receiver = Receiver(self._webhook_came, host=ADDRESS, port=WEBHOOK_PORT)
        self._receiver.__enter__()
        trial.afterwards(lambda: self._receiver.__exit__(None, None, None))
        server = Controller(self, hostname=ADDRESS, port=MAIL_PORT)
        server.start()
        trial.afterwards(server.stop)

    def subscribe(self, token: str) -> None:
        """Asks for all webhooks about confirmed tickets of this organizer's events, also of those to come."""
        body = {"url": self._receiver.url, "event_types": ["registration.confirmed"], "event_id": None}
        made = ask("POST", "/webhooks", body, token=token)
        self._receiver.secrets.append(made.body["data"]["secret"])

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Takes a mail; aiosmtpd calls this."""
        [address] = envelope.rcpt_tos
        await asyncio.to_thread(self.mail.came, address, address)
        return "250 OK"

    def _webhook_came(self, message: Message) -> None:
        ticket: Any = message.data.get("ticket_id", "")
        self.webhooks.came(message.id, str(ticket) if message.verified else "")
