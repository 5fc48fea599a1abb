"""Rows of the audit trail: written in the transaction of the action, and removed when they are old."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from events.domain.audit import Action, Actor, AuditObject
from events.ledger.database import database
from events.models import AuditEntry
from omnify.common.logs import get_logger

logger = get_logger(__name__)

# Younger rows cannot be deleted: the table's trigger refuses it (migration 0011).
LEAST_DAYS = 30
_CHUNK = 5000


def add_entry(actor: Actor, action: Action, target: AuditObject, *, once: str | None = None) -> None:
    """Records an action in the caller's transaction, if there is one, and logs it after the commit.

    With `once` nothing is written if there is an entry with the same text.
    """
    if once is not None and AuditEntry.objects.filter(once=once).exists():
        return
    row = AuditEntry(
        at=timezone.now(),
        organizer_id=target.organizer_id if target.organizer_id is not None else actor.organizer_id,
        actor=actor.kind.value,
        actor_organizer_id=actor.organizer_id,
        token_id=actor.token_id,
        admin_id=actor.admin_id,
        address=actor.address,
        action=action.value,
        object_type=target.type,
        object_id=target.id,
        once=once,
    )
    # Of two at the same moment the second is ignored: an error would abort the caller's transaction.
    AuditEntry.objects.bulk_create([row], ignore_conflicts=once is not None)
    transaction.on_commit(lambda: _log(row))


def entries_of(*, organizer_id: int, object_type: str = "", object_id: str = "") -> QuerySet[AuditEntry]:
    """Reads the entries about an organizer's objects, newest first: all, those of a type, or those of one object."""
    entries = AuditEntry.objects.filter(organizer_id=organizer_id)
    if object_type:
        entries = entries.filter(object_type=object_type)
    if object_id:
        entries = entries.filter(object_id=object_id)
    return entries.order_by("-id")


def purge_entries(*, before: datetime) -> int:
    """Removes what is older than `before`, in chunks of one transaction each. Returns how many rows."""
    removed = 0
    while ids := list(AuditEntry.objects.filter(at__lt=before).order_by("at").values_list("pk", flat=True)[:_CHUNK]):
        with transaction.atomic():
            database().allow_audit_purge()
            removed += AuditEntry.objects.filter(pk__in=ids).delete()[0]
    return removed


def _log(row: AuditEntry) -> None:
    fields = {
        "action": row.action,
        "actor": row.actor,
        "organizer": row.actor_organizer_id,
        "token": row.token_id,
        "admin": row.admin_id,
        "address": row.address,
        "object": f"{row.object_type} {row.object_id}".strip(),
        "owner": row.organizer_id,
    }
    logger.info("audit", **{name: value for name, value in fields.items() if value not in (None, "")})
