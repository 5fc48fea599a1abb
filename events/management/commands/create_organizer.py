"""`manage.py create_organizer NAME`: a new organizer and a token, which is all that standard output gets."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from events.domain.attendee import clean_name
from events.models import Organizer, OrganizerToken


class Command(BaseCommand):
    """Prints the token once: only its hash is kept."""

    help = "Creates an organizer and prints a token, once."

    def add_arguments(self, parser: CommandParser) -> None:
        """The command line."""
        parser.add_argument("name", metavar="NAME", help="1 to 255 characters; no two organizers share one.")
        parser.add_argument(
            "--new-token", action="store_true", help="another token for an organizer who exists already"
        )

    def handle(self, *args: Any, name: str, new_token: bool, **options: Any) -> None:
        """One organizer, one token, in one transaction."""
        name = _clean(name)
        with transaction.atomic():
            organizer = _existing(name) if new_token else _new(name)
            token = OrganizerToken.issue(organizer)
        self.stderr.write(f"Token of {name!r}, shown this once:")
        self.stdout.write(token)


def _clean(name: str) -> str:
    try:
        return clean_name(name)
    except ValueError as problem:
        raise CommandError(f"NAME: {problem}") from problem


def _existing(name: str) -> Organizer:
    organizer = Organizer.objects.filter(name=name).first()
    if organizer is None:
        raise CommandError(f"There is no organizer {name!r}.")
    return organizer


def _new(name: str) -> Organizer:
    # Looked for first: a refused INSERT would stand in the database's log, with the name.
    organizer, made = Organizer.objects.get_or_create(name=name)
    if not made:
        raise CommandError(f"There is an organizer {name!r} already; --new-token makes another token for them.")
    return organizer
