"""Places on the waitlist, counted by the ledger: for tickets whose place Redis cannot tell."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

# One walk along the event's waitlist, in the order in which it moves up.
_PLACES = """
SELECT ticket_key, place FROM (
    SELECT ticket_key, ROW_NUMBER() OVER (ORDER BY sequence, id) AS place
    FROM events_registration WHERE event_id = %s AND status = 'waitlisted'
) AS line WHERE ticket_key IN ({})
"""


def waitlist_positions(event_id: int, keys: Sequence[str]) -> dict[str, int]:
    """The places of these tickets, 1 = next to move up; those that are not on the waitlist are left out."""
    if not keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_PLACES.format(", ".join(["%s"] * len(keys))), [event_id, *keys])
        return {key: int(place) for key, place in cursor.fetchall()}
