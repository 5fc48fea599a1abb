"""By which payment a ticket was confirmed, where the confirmation could not tell."""

from __future__ import annotations

from django.db import transaction

from events.domain.holds import ConfirmedBy
from events.domain.states import Status
from events.ledger.retention import FORGOTTEN
from events.models import Registration


def note_payment(event_id: int, key: str, payment_reference: str) -> bool:
    """Writes down by which payment a ticket was confirmed that its organizer had to confirm, and that has none on
    record. Returns whether it is this payment now.

    Not of a guest who is forgotten. Raises django.db.DatabaseError, also where another transaction has the ticket at
    this moment: the loader's one thread must not wait for it.
    """
    with transaction.atomic():
        rows = Registration.objects.select_for_update(nowait=True).filter(
            event_id=event_id,
            ticket_key=key,
            status=Status.CONFIRMED.value,
            hold_confirmed_by=ConfirmedBy.ORGANIZER.value,
            payment_reference__in=["", payment_reference],
        )
        found = rows.exclude(email_key__startswith=FORGOTTEN).first()
        if found is None:
            return False
        found.payment_reference = payment_reference
        found.save(update_fields=["payment_reference"])
        return True
