"""Organizers and their tokens in the operators' pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from events.admin.audit import Audited
from events.admin.base import ReadOnly
from events.domain.audit import Action
from events.domain.scopes import Scope
from events.ledger.tokens import revoke
from events.models import Organizer, OrganizerToken
from events.services.audit import trail_of_admin

# Django's own classes take no type arguments at run time.
if TYPE_CHECKING:
    OrganizerAdminBase = admin.ModelAdmin[Organizer]
    TokenInlineBase = admin.TabularInline[OrganizerToken, Organizer]
else:
    OrganizerAdminBase = admin.ModelAdmin
    TokenInlineBase = admin.TabularInline


class TokenInline(TokenInlineBase):
    """Lists an organizer's tokens, without the tokens themselves."""

    model = OrganizerToken
    extra = 0
    can_delete = False
    readonly_fields = ("label", "scope", "event", "created_at", "last_used_at", "expires_at", "revoked_at")

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Returns False: tokens are issued by the action, which shows them."""
        return False


@admin.register(Organizer)
class OrganizerAdmin(Audited, OrganizerAdminBase):
    """Shows organizers, and issues tokens, which are shown once."""

    list_display = ("name", "created_at")
    search_fields = ("name",)
    readonly_fields = ("created_at",)
    inlines = (TokenInline,)
    actions = ("issue_token",)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Returns False: an organizer who leaves has their tokens revoked."""
        return False

    @admin.action(description="Issue a token (shown once)")
    def issue_token(self, request: HttpRequest, queryset: QuerySet[Organizer]) -> HttpResponse:
        """Issues a token to each, shown on the page itself: a message would be stored."""
        with transaction.atomic():
            issued = [(organizer, _issue(request, organizer)) for organizer in queryset]
        context = {**admin.site.each_context(request), "title": "Tokens", "issued": issued}
        headers = {"Cache-Control": "no-store"}
        return TemplateResponse(request, "admin/events/tokens_issued.html", context, headers=headers)


@admin.register(OrganizerToken)
class OrganizerTokenAdmin(ReadOnly):
    """Lists all tokens, to revoke them."""

    list_display = ("id", "organizer", "label", "scope", "created_at", "last_used_at", "expires_at", "revoked_at")
    list_select_related = ("organizer",)
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    search_fields = ("organizer__name",)
    ordering = ("-id",)
    actions = ("revoke",)

    @admin.action(description="Revoke")
    def revoke(self, request: HttpRequest, queryset: QuerySet[OrganizerToken]) -> None:
        """Revokes the tokens, from the next request on."""
        with transaction.atomic():
            revoked = revoke(queryset, now=timezone.now())
            for row in revoked:
                trail_of_admin(request).record(Action.TOKEN_REVOKED, row)
        self.message_user(request, f"Tokens revoked: {len(revoked)}", messages.SUCCESS)


def _issue(request: HttpRequest, organizer: Organizer) -> str:
    row, token = OrganizerToken.issue_row(
        organizer, scope=Scope.FULL, label="made by an operator", event_id=None, expires_at=None
    )
    trail_of_admin(request).record(Action.TOKEN_CREATED, row)
    return token
