"""`manage.py export_person`: everything kept about one e-mail address, as JSON."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from redis.exceptions import RedisError

from events.admission.erasure import find_personal_data
from events.domain.attendee import email_key, mailbox_keys
from events.domain.audit import Action, AuditObject
from events.domain.times import iso_of
from events.ledger.erasure import columns_with, spellings, take_time
from events.ledger.lookup import watched_event_ids
from events.ledger.person import registrations_of
from events.management.acting import ActingCommand
from events.management.standard_input import read_address
from events.secrets import tickets
from omnify.common.clients import redis_client


class _Encoder(DjangoJSONEncoder):
    """Writes times in the form of every answer."""

    def default(self, o: Any) -> Any:
        """Renders a time with `iso_of`, anything else as Django does."""
        return iso_of(o) if isinstance(o, datetime) else super().default(o)


class Command(ActingCommand):
    """Reads the address from standard input: on the command line it would stay in the shell's history."""

    help = "Prints everything that is kept about one e-mail address, read from standard input, as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        """Adds `--email`."""
        parser.add_argument("--email", action="store_true", required=True, help="the address is on standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints one document. `mentions` counts every column of the database in which the address stands."""
        address = read_address()
        take_time()
        # Without the address: the trail is kept, and must not hold it.
        self.trail.record(Action.PERSON_EXPORTED, AuditObject("one address", ""))
        found = registrations_of(email_key(address))
        known = spellings(address, *mailbox_keys(email_key(address)), *(row["email"] for row in found))
        document = {
            "email": address,
            "registrations": [{"ticket_id": _ticket_id(row), **row} for row in found],
            "queue": self._queue(address),
            "mentions": [
                {"table": table, "column": column, "rows": rows} for table, column, rows in columns_with(known)
            ],
        }
        self.stdout.write(json.dumps(document, cls=_Encoder, ensure_ascii=False, indent=2))

    def _queue(self, address: str) -> list[dict[str, Any]]:
        keys = mailbox_keys(email_key(address))
        digests = [digest for key in keys for digest in tickets().email_digests(key)]
        ids = list(watched_event_ids(all_events=True))
        try:
            kept = [(id_, find_personal_data(redis_client(), id_, digest)) for id_ in ids for digest in digests]
        except RedisError as problem:
            raise CommandError(f"Redis is out of reach: {type(problem).__name__}") from problem
        return [{"event_id": event_id, **found} for event_id, found in kept if found]


def _ticket_id(row: dict[str, Any]) -> str:
    return tickets().ticket_id(event_id=row["event_id"], key=row["ticket_key"])
