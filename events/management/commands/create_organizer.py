"""`manage.py create_organizer NAME`: a new organizer and a token, which is all that standard output gets."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from events.domain.attendee import clean_name
from events.domain.audit import Action
from events.domain.scopes import Scope
from events.domain.text import clean_line
from events.domain.times import in_range
from events.ledger.queries import own_event
from events.management.acting import ActingCommand
from events.models import Organizer, OrganizerToken
from events.models.organizer import LABEL_MAX

_DAYS_MAX = 36_500


class Command(ActingCommand):
    """Prints the token once: only its hash is kept."""

    help = "Creates an organizer and prints a token, once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Adds the name and the token's options."""
        parser.add_argument("name", metavar="NAME", help="1 to 255 characters; no two organizers share one.")
        parser.add_argument(
            "--new-token", action="store_true", help="another token for an organizer who exists already"
        )
        parser.add_argument(
            "--scope",
            choices=[scope.value for scope in Scope],
            default=Scope.FULL.value,
            help="full (default), read (all but secrets and ticket ids), or check-in (the entrance)",
        )
        parser.add_argument("--event", type=int, metavar="ID", help="with --scope check-in: for this event only")
        parser.add_argument(
            "--expires",
            metavar="TIME",
            help="when the token ends: days such as 90d, or 2027-06-02, or a time with offset",
        )
        parser.add_argument("--label", default="", help="what the organizer's list of tokens calls it")

    def handle(self, *args: Any, name: str, new_token: bool, **options: Any) -> None:
        """Creates the organizer and the token in one transaction."""
        name = _clean(name)
        scope, event_id = Scope(options["scope"]), options["event"]
        if event_id is not None and scope is not Scope.CHECK_IN:
            raise CommandError("--event: only a token with --scope check-in is for one event.")
        expires_at = _moment(options["expires"], now=timezone.now())
        with transaction.atomic():
            organizer = self._existing(name) if new_token else self._new(name)
            if event_id is not None and own_event(event_id=event_id, organizer_id=organizer.pk) is None:
                raise CommandError(f"--event: {name!r} has no event {event_id}.")
            row, token = OrganizerToken.issue_row(
                organizer, scope=scope, label=_clean_label(options["label"]), event_id=event_id, expires_at=expires_at
            )
            self.trail.record(Action.TOKEN_CREATED, row)
        self.stderr.write(f"Token of {name!r}, shown this once:")
        self.stdout.write(token)

    def _existing(self, name: str) -> Organizer:
        organizer = Organizer.objects.filter(name=name).first()
        if organizer is None:
            raise CommandError(f"There is no organizer {name!r}.")
        return organizer

    def _new(self, name: str) -> Organizer:
        # Looked for first: a refused INSERT would stand in the database's log, with the name.
        organizer, made = Organizer.objects.get_or_create(name=name)
        if not made:
            raise CommandError(f"There is an organizer {name!r} already; --new-token makes another token for them.")
        self.trail.record(Action.ORGANIZER_CREATED, organizer)
        return organizer


def _clean(name: str) -> str:
    try:
        return clean_name(name)
    except ValueError as problem:
        raise CommandError(f"NAME: {problem}") from problem


def _clean_label(label: str) -> str:
    try:
        return clean_line(label, longest=LABEL_MAX) if label else ""
    except ValueError as problem:
        raise CommandError(f"--label: {problem}") from problem


def _moment(text: str | None, *, now: datetime) -> datetime | None:
    """Reads --expires; None without it."""
    if text is None:
        return None
    moment = _read_moment(text, now=now)
    if moment is None or moment.tzinfo is None:
        raise CommandError("--expires: days such as 90d, a date such as 2027-06-02 (UTC), or a time with its offset.")
    try:
        moment = in_range(moment)
    except ValueError as problem:
        raise CommandError(f"--expires: {problem}") from problem
    if moment <= now:
        raise CommandError("--expires: it must be in the future.")
    return moment


def _read_moment(text: str, *, now: datetime) -> datetime | None:
    days = text.removesuffix("d")
    if days != text and days.isascii() and days.isdigit() and len(days) < 6 and int(days) <= _DAYS_MAX:
        return now + timedelta(days=int(days))
    try:
        day = parse_date(text)
        return parse_datetime(f"{day}T00:00:00Z") if day else parse_datetime(text)
    except ValueError:
        return None
