"""`manage.py forget`: removes people from past events, or one person from all events. Counts stay what they were.

First from the data, then from the files that still have what was there before: Redis's append-only file and the dead
rows of PostgreSQL. At last every column of the database is searched for the address.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from redis.exceptions import RedisError

from events.admission.erasure import (
    delete_email_digest,
    delete_event_keys,
    is_entry_freed,
    is_queued,
    is_replicated,
)
from events.admission.persistence import NotRewritten, rewrite_files
from events.domain.attendee import email_key, mailbox_keys
from events.domain.audit import Action, AuditObject
from events.ledger import retention
from events.ledger.erasure import columns_with, mail_spellings, spellings, take_time, vacuum_tables
from events.ledger.lookup import find_events, watched_event_ids
from events.ledger.mail.resends import forget_wishes
from events.ledger.retention import TicketOfPerson
from events.management.acting import ActingCommand
from events.management.standard_input import read_address
from events.secrets import tickets
from events.services.commands import cancel_ticket
from omnify.common import mail_files
from omnify.common.clients import redis_client

TIMEOUT_SECONDS = 60.0
FILES_SECONDS = 600.0
_LOOK_SECONDS = 0.1


class Command(ActingCommand):
    """Reads the address from standard input: on the command line it would stay in the shell's history."""

    help = (
        "Removes names and e-mail addresses of events that ended more than RETENTION_DAYS (or --days) ago, and all "
        "that Redis has of those events. With --email, removes one address, read from standard input, from all events; "
        "seats it still holds are given back first. Redis's files are rewritten, and PostgreSQL's tables vacuumed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Adds `--days`, `--email` and `--rewrite-tables`."""
        parser.add_argument("--days", type=int, help="events that ended so many days ago (default: RETENTION_DAYS)")
        parser.add_argument("--email", action="store_true", help="forget the address given on standard input")
        parser.add_argument(
            "--rewrite-tables",
            action="store_true",
            help="VACUUM FULL: leaves no byte of a dead row, and stops all decisions while it runs",
        )

    def handle(self, *args: Any, days: int | None, email: bool, rewrite_tables: bool, **options: Any) -> None:
        """Prints how many registrations were anonymised, and no names."""
        self._rewrite_tables = rewrite_tables
        if settings.ENV.database_pooled:
            # It lifts a limit of its session, which behind a pooler would be another's, and vacuums.
            raise CommandError("DATABASE_POOLED: this needs a connection to PostgreSQL itself (docs/deployment.md).")
        take_time()
        try:
            self._forget_one() if email else self._forget_past(settings.ENV.retention_days if days is None else days)
        except RedisError as problem:
            raise CommandError(f"Redis is out of reach: {type(problem).__name__}") from problem

    def _forget_past(self, days: int | None) -> None:
        if days is None:
            raise CommandError("After how many days? Set RETENTION_DAYS, or give --days.")
        if not 0 <= days <= 36_500:
            raise CommandError("--days: from 0 to 36500.")
        # Also when nothing is found: the trail says that it was asked for.
        self.trail.record(Action.PEOPLE_FORGOTTEN, AuditObject("past events", f"{days} days"))
        events = rows = left = 0
        for event in retention.past_events(ended_before=timezone.now() - timedelta(days=days)):
            if not delete_event_keys(redis_client(), event.event_id):
                left += 1
                continue
            self._wait_for_replicas([event.event_id])
            mail_files.remove_of_event(settings.ENV.mail_folder, event.event_id)
            rows += retention.anonymise_event(event.event_id, now=timezone.now())
            events += 1
        problems = self._clean_files() if events else []
        self.stderr.write(f"Forgotten: {rows} registrations of {events} events.")
        if left:
            problems.append(f"{left} events still have a queue to be decided: run it again later.")
        _complain(problems)

    def _forget_one(self) -> None:
        address = read_address()
        key = email_key(address)
        self._until(lambda: not self._queued(key), "a registration under this address is still queued")
        known = retention.tickets_of_email(key)
        given_back = self._give_back([ticket for ticket in known if ticket.held])
        self._until(
            lambda: not any(ticket.held for ticket in retention.tickets_of_email(key) if ticket in given_back),
            "a ticket under this address is still to be given back",
        )
        # Before the rows, so that a command that fails here finds everything again. And after them: see `_leave_redis`.
        self._delete_digests(key, known)
        self._wait_for_replicas({ticket.event_id for ticket in known})
        with transaction.atomic():
            # Without the address: the trail is kept, and must not hold it.
            self.trail.record(Action.PEOPLE_FORGOTTEN, AuditObject("one address", ""))
            rows = retention.anonymise_tickets(known)
            forget_wishes(key)
        mail_files.remove_to(settings.ENV.mail_folder, mail_spellings(address, *(ticket.email for ticket in known)))
        self._leave_redis(key, known)
        problems = self._clean_files()
        texts = spellings(address, *mailbox_keys(key), *(ticket.email for ticket in known))
        problems += [f"{count} rows of {table}.{column} have it still." for table, column, count in columns_with(texts)]
        self.stderr.write(f"Forgotten: {rows} registrations; tickets given back: {len(given_back)}.")
        _complain(problems)

    def _queued(self, key: str) -> bool:
        return any(
            is_queued(redis_client(), event_id, digest)
            for event_id in watched_event_ids(all_events=True)
            for digest in _digests(key)
        )

    def _delete_digests(self, key: str, known: list[TicketOfPerson]) -> None:
        for ticket in known:
            for digest in _digests(key):
                delete_email_digest(redis_client(), ticket.event_id, digest)

    def _leave_redis(self, key: str, known: list[TicketOfPerson]) -> None:
        # A sweep may have published an outcome with the digest again as long as the row had the address.
        self._delete_digests(key, known)
        self._until(
            lambda: all(is_entry_freed(redis_client(), ticket.event_id, ticket.sequence) for ticket in known),
            "the queue has not gone on, and Redis still has its memory",
        )

    def _wait_for_replicas(self, event_ids: Iterable[int]) -> None:
        """Waits until the replicas have deleted it, too: one that took over earlier would bring it back."""
        replicas = settings.ENV.queue_replicas
        self._until(
            lambda: all(is_replicated(redis_client(), event_id, replicas=replicas) for event_id in event_ids),
            "too few replicas of Redis have deleted it, too",
        )

    def _clean_files(self) -> list[str]:
        """Makes both stores write their files anew. Returns sentences on what was not reached."""
        try:
            problems = rewrite_files(redis_client(), seconds=FILES_SECONDS)
        except NotRewritten as problem:
            problems = [f"{problem} Until its file is rewritten it holds what was forgotten."]
        unvacuumed = vacuum_tables(rewrite=self._rewrite_tables)
        return [*problems, unvacuumed] if unvacuumed else problems

    def _give_back(self, held: list[TicketOfPerson]) -> list[TicketOfPerson]:
        """Cancels, through the events' queues, held tickets of events that are not over. Returns those tickets."""
        events = find_events([ticket.event_id for ticket in held])
        now_ms = time.time() * 1000
        coming = [ticket for ticket in held if events[ticket.event_id].end_ms > now_ms]
        for ticket in coming:
            cancel_ticket(events[ticket.event_id], ticket.key)
        return coming

    def _until(self, done: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not done():
            if time.monotonic() > deadline:
                raise CommandError(f"Not finished: {otherwise}. Is a worker at work? Run it again.")
            time.sleep(_LOOK_SECONDS)


def _digests(key: str) -> list[str]:
    return [digest for spelled in mailbox_keys(key) for digest in tickets().email_digests(spelled)]


def _complain(problems: list[str]) -> None:
    if problems:
        raise CommandError(" ".join(problems))
