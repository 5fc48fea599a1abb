"""The traces of tickets, from the transaction that decides to the webhooks and mails that follow it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from events.domain.ticket_keys import REF_CHARS
from events.models import TicketTrace

# Longer than all retries of a webhook or a mail take.
KEPT_FOR = timedelta(days=7)


def write_traces(event_id: int, contexts: Mapping[str, bytes], *, now: datetime) -> None:
    """Writes the context in which each of these tickets, by key, is decided. Inside the caller's transaction."""
    rows = [
        TicketTrace(event_id=event_id, reference=key[:REF_CHARS], context=context, created_at=now)
        for key, context in contexts.items()
    ]
    # A batch that is decided once more, after a crash, has newer spans.
    TicketTrace.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["event", "reference"],
        update_fields=["context", "created_at"],
    )


def find_traces(tickets: Iterable[tuple[int, str]]) -> dict[tuple[int, str], bytes]:
    """Returns the contexts of those among these tickets (event and key) that are traced."""
    wanted = {(event_id, key[:REF_CHARS]): (event_id, key) for event_id, key in tickets}
    if not wanted:
        return {}
    rows = TicketTrace.objects.filter(
        event_id__in={event_id for event_id, _ in wanted}, reference__in={text for _, text in wanted}
    ).values_list("event_id", "reference", "context")
    found = {(event_id, text): bytes(context) for event_id, text, context in rows}
    return {ticket: found[name] for name, ticket in wanted.items() if name in found}


def purge_traces(*, now: datetime) -> int:
    """Removes what is past its time. Returns how many were removed."""
    return TicketTrace.objects.filter(created_at__lt=now - KEPT_FOR).delete()[0]
