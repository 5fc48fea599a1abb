"""`manage.py forget`: removes people from past events, or one person from all events. Counts stay what they were."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from redis.exceptions import RedisError

from events.admission.forget import forget_event, is_queued
from events.domain.attendee import clean_email, email_key
from events.domain.audit import Action, Thing
from events.ledger import retention
from events.ledger.lookup import find_events, watched_event_ids
from events.ledger.retention import Known
from events.management.acting import ActingCommand
from omnify.connections import redis_client
from omnify.orders import give_back
from omnify.tickets import tickets

PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.1


class Command(ActingCommand):
    """An address on the command line would stay in the shell's history, so it is read from standard input."""

    help = (
        "Removes names and e-mail addresses of events that ended more than RETENTION_DAYS (or --days) ago, and all "
        "that Redis has of those events. With --email, removes one address, read from standard input, from all events; "
        "seats it still holds are given back first."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The command line."""
        parser.add_argument("--days", type=int, help="events that ended so many days ago (default: RETENTION_DAYS)")
        parser.add_argument("--email", action="store_true", help="forget the address given on standard input")

    def handle(self, *args: Any, days: int | None, email: bool, **options: Any) -> None:
        """Says how much was forgotten, and of whom nothing."""
        try:
            self._forget_one() if email else self._forget_past(settings.ENV.retention_days if days is None else days)
        except RedisError as problem:
            raise CommandError(f"Redis is out of reach: {type(problem).__name__}") from problem

    def _forget_past(self, days: int | None) -> None:
        if days is None:
            raise CommandError("After how many days? Set RETENTION_DAYS, or give --days.")
        if not 0 <= days <= 36_500:
            raise CommandError("--days: from 0 to 36500.")
        # Also when nothing is found: the trail says that somebody asked for it.
        self.trail.record(Action.PEOPLE_FORGOTTEN, Thing("past events", f"{days} days"))
        events = rows = left = 0
        for event in retention.past_events(ended_before=timezone.now() - timedelta(days=days)):
            if not forget_event(redis_client(), event.event_id):
                left += 1
                continue
            rows += retention.anonymise_event(event.event_id, now=timezone.now())
            events += 1
        self.stderr.write(f"Forgotten: {rows} registrations of {events} events.")
        if left:
            raise CommandError(f"{left} events still have a queue to be decided: run it again later.")

    def _forget_one(self) -> None:
        try:
            key = email_key(clean_email(sys.stdin.readline().strip()))
        except ValueError as problem:
            raise CommandError(f"Standard input: {problem}") from problem
        self._until(lambda: not self._queued(key), "a registration under this address is still queued")
        known = retention.tickets_of_email(key)
        given_back = self._give_back([ticket for ticket in known if ticket.held])
        self._until(
            lambda: not any(ticket.held for ticket in retention.tickets_of_email(key) if ticket in given_back),
            "a place under this address is still to be given back",
        )
        with transaction.atomic():
            # Whose data it was is what must not stand anywhere.
            self.trail.record(Action.PEOPLE_FORGOTTEN, Thing("one address", ""))
            rows = retention.anonymise_tickets(known)
        self.stderr.write(f"Forgotten: {rows} registrations; places given back: {len(given_back)}.")

    def _queued(self, key: str) -> bool:
        digest = tickets().email_digest(key)
        return any(is_queued(redis_client(), event_id, digest) for event_id in watched_event_ids(all_events=True))

    def _give_back(self, held: list[Known]) -> list[Known]:
        """Cancels, in the events' queues, what is held of events that are not over. Returns those tickets."""
        events = find_events([ticket.event_id for ticket in held])
        now_ms = time.time() * 1000
        coming = [ticket for ticket in held if events[ticket.event_id].end_ms > now_ms]
        for ticket in coming:
            give_back(events[ticket.event_id], ticket.key)
        return coming

    def _until(self, done: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not done():
            if time.monotonic() > deadline:
                raise CommandError(f"Not finished: {otherwise}. Is a worker at work? Run it again.")
            time.sleep(_LOOK_SECONDS)
