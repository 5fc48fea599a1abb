"""`manage.py revoke_token`: one token, read from standard input, or all of an organizer's with `--organizer NAME`."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from events.domain.audit import Action
from events.domain.tokens import hash_token
from events.ledger.tokens import revoke
from events.management.acting import ActingCommand
from events.models import OrganizerToken


class Command(ActingCommand):
    """Reads the token from standard input: on the command line it would stay in the shell's history."""

    help = "Revokes the token given on standard input, or all tokens of --organizer NAME."

    def add_arguments(self, parser: CommandParser) -> None:
        """Adds `--organizer`."""
        parser.add_argument("--organizer", metavar="NAME", help="revoke all of this organizer's tokens")

    def handle(self, *args: Any, organizer: str | None, **options: Any) -> None:
        """Revokes the tokens, from the next request on."""
        tokens = OrganizerToken.objects.filter(revoked_at=None)
        if organizer is None:
            tokens = tokens.filter(token_hash=hash_token(sys.stdin.readline().strip()))
        else:
            tokens = tokens.filter(organizer__name=organizer)
        with transaction.atomic():
            revoked = revoke(tokens, now=timezone.now())
            for row in revoked:
                self.trail.record(Action.TOKEN_REVOKED, row)
        if not revoked:
            raise CommandError("No valid token was found.")
        self.stderr.write(f"Tokens revoked: {len(revoked)}")
