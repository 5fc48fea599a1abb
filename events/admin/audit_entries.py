"""The audit trail in the operators' pages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from events.admin.base import ReadOnly
from events.models import AuditEntry

# Django's names of models that the trail calls otherwise.
_TYPES = {"organizertoken": "token", "registration": "ticket"}


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly):
    """Shows the whole trail."""

    list_display = (
        *("at", "action", "object_type", "object_id", "organizer_id", "actor"),
        *("actor_organizer_id", "token_id", "admin_id", "address"),
    )
    list_filter = ("action", "actor")
    search_help_text = "An object, such as: event 7."
    search_fields = ("object_type",)
    ordering = ("-id",)
    show_full_result_count = False
    exclude = ("once",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Finds by object: its type, and its id if there is one."""
        kind, _, number = search_term.strip().partition(" ")
        found = queryset.filter(object_type=_TYPES.get(kind, kind)) if kind else queryset
        return (found.filter(object_id=number) if number else found), False
