"""`manage.py listen`: a receiver of webhooks, for trials. It verifies each message and prints it."""

from __future__ import annotations

import os
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events.domain.webhooks.signing import BadSecret, signing_key
from rehearsal.home import NotStored, stored_address
from rehearsal.receiver import Message, Receiver

PORT = 8900
_MARKS = {True: "✓", False: "✗ signature", None: "? unverified"}


class Command(BaseCommand):
    """Runs until Ctrl-C."""

    help = "Receives webhooks on 127.0.0.1 and prints them. Start the service with WEBHOOK_ALLOW_PRIVATE=true."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Adds `--port` and `--secret`."""
        parser.add_argument("--port", type=int, default=PORT, help=f"Where to listen ({PORT}).")
        parser.add_argument(
            "--secret",
            action="append",
            default=[],
            help="whsec_..., from the response of POST /webhooks; may be given twice.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints each message, after ✓ if its signature is valid."""
        try:
            for secret in options["secret"]:
                signing_key(secret)
        except BadSecret as problem:
            raise CommandError(f"This is not a webhook secret: {problem}.") from problem
        try:
            with Receiver(self._print, port=options["port"]) as receiver:
                receiver.secrets.extend(options["secret"])
                self.stdout.write(f"listening on {receiver.url} (Ctrl-C ends it)")
                self.stdout.write(_where_to_subscribe(receiver.url))
                self.stdout.flush()
                threading.Event().wait()
        except OSError as problem:
            raise CommandError(f"Port {options['port']} cannot be used: {problem.strerror}.") from problem
        except KeyboardInterrupt:
            self.stdout.write("")

    def _print(self, message: Message) -> None:
        self.stdout.write(f"{_MARKS[message.verified]} {message.id} {message.body.decode(errors='replace')}")
        self.stdout.flush()


def _where_to_subscribe(url: str) -> str:
    try:
        service = stored_address(os.environ)
    except NotStored as problem:
        return f"({problem})"
    return f'subscribe: POST {service}/webhooks {{"url": "{url}", "event_types": ["registration.confirmed"]}}'
