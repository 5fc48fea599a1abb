"""Records what is done in the operators' pages in the audit trail, instead of Django's own log of changes.

Django's log keeps a text of each object it speaks of, and that may be a person's name. Every class of these pages
derives from `Audited`; a test walks the site for one that does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models import Model, QuerySet
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from events.domain.audit import Action, AuditObject
from events.models import Event
from events.services.audit import audit_object_of, record_failed_sign_in, trail_of_admin
from events.services.session_store import ADMIN, begin_session

if TYPE_CHECKING:
    AnyAdmin = admin.ModelAdmin[Any]
else:
    AnyAdmin = admin.ModelAdmin

_OF_EVENTS = {Action.ADDED: Action.EVENT_CREATED, Action.CHANGED: Action.EVENT_CHANGED}


class Audited(AnyAdmin):
    """Writes changes into the audit trail, and shows that as an object's history."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Records it in the audit trail, instead of Django's log."""
        _record(request, Action.ADDED, obj)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Records it in the audit trail, instead of Django's log."""
        _record(request, Action.CHANGED, obj)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Records it in the audit trail, instead of Django's log."""
        for obj in queryset:
            _record(request, Action.DELETED, obj)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Redirects to the audit trail's entries of this object."""
        listed = reverse("admin:events_auditentry_changelist")
        return HttpResponseRedirect(f"{listed}?q={self.opts.model_name}+{object_id}")


def _record(request: HttpRequest, action: Action, obj: Model) -> None:
    action = _OF_EVENTS.get(action, action) if isinstance(obj, Event) else action
    trail_of_admin(request).record(action, audit_object_of(obj))


@receiver(user_logged_in)
def _signed_in(request: HttpRequest, user: Any, **more: Any) -> None:
    request.user = user
    begin_session(request, ADMIN)
    trail_of_admin(request).record(Action.SIGNED_IN, AuditObject("admin", ""))


@receiver(user_logged_out)
def _signed_out(request: HttpRequest, user: Any, **more: Any) -> None:
    if user is not None:
        trail_of_admin(request).record(Action.SIGNED_OUT, AuditObject("admin", ""))


@receiver(user_login_failed)
def _failed(request: HttpRequest | None = None, **more: Any) -> None:
    if request is not None:
        record_failed_sign_in(request, where="admin")
