"""The audit trail: one row for each act, written with it and never changed.

The database itself refuses changes (migration `audit`); only retention removes rows, and only those that are old.
Ids are plain numbers and not foreign keys: an entry outlives what it speaks of.
"""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from events.domain.audit import OBJECT_ID_MAX

# Longer than the longest of each.
_SHORT, _ADDRESS, _ID = 32, 45, OBJECT_ID_MAX


class AuditEntry(models.Model):
    """Who did what to which object. `organizer_id` owns the object; `once` keeps repeated failures to one row."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    organizer_id = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=_SHORT)
    actor_organizer_id = models.BigIntegerField(null=True)
    token_id = models.BigIntegerField(null=True)
    admin_id = models.BigIntegerField(null=True)
    address = models.CharField(max_length=_ADDRESS, blank=True)
    action = models.CharField(max_length=_SHORT)
    object_type = models.CharField(max_length=_SHORT, blank=True)
    object_id = models.CharField(max_length=_ID, blank=True)
    once = models.CharField(max_length=_ID, null=True, unique=True)  # noqa: DJ001 - null is no duplicate of null

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["organizer_id", "-id"], name="audit_of_an_organizer"),
            models.Index(fields=["organizer_id", "object_type", "object_id", "-id"], name="audit_of_an_object"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_id}".rstrip()
