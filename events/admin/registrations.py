"""Decided tickets in the operators' pages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from events.admin.base import BoundedPaginator, ReadOnly
from events.domain.attendee import email_key
from events.models import Registration
from events.secrets import tickets


@admin.register(Registration)
class RegistrationAdmin(ReadOnly):
    """Shows what the ledger has of each decided ticket."""

    list_display = ("__str__", "event", "name", "email", "status", "reason", "sequence", "decided_at")
    list_select_related = ("event",)
    list_filter = ("status",)
    search_fields = ("ticket_key",)
    search_help_text = "A ticket id, the number of an event, or an event's number and an e-mail address."
    ordering = ("-id",)
    paginator = BoundedPaginator
    show_full_result_count = False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Finds by ticket id, or by event and e-mail: what an index answers."""
        if not search_term:
            return queryset, False
        ticket = tickets().parse(search_term)
        if ticket:
            return queryset.filter(event_id=ticket[0], ticket_key=ticket[1]), False
        number, _, email = search_term.partition(" ")
        if not number.isdecimal() or len(number) > 18:
            return queryset.none(), False
        found = queryset.filter(event_id=int(number))
        return (found.filter(email_key=email_key(email.strip())) if email else found), False
