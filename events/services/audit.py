"""Records what requests and commands do in the audit trail, and finds out who acts.

Whatever an organizer, an operator or an admin changes ends in `Trail.record`, in the transaction of the change. A view
or a command that changed something and recorded nothing says so in the log, and no test passes with that line.
"""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.db.models import Model
from django.http import HttpRequest

from events.domain.addresses import client_address
from events.domain.audit import Action, Actor, ActorKind, AuditObject, failure_slot
from events.domain.tickets import reference
from events.ledger import audit
from events.models import AccessCode, Event, Organizer, OrganizerToken, Registration, Webhook
from omnify.common.logs import get_logger

logger = get_logger(__name__)


class Trail:
    """The actions of one actor, in one request or command."""

    __slots__ = ("actor", "recorded")

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.recorded = False

    def record(self, action: Action, target: AuditObject | Model) -> None:
        """Records an action; call it inside the action's transaction."""
        self.recorded = True
        audit.add_entry(self.actor, action, target if isinstance(target, AuditObject) else audit_object_of(target))

    def expect_something(self, what: str) -> None:
        """Logs an error if an action is over and nothing was recorded."""
        if not self.recorded:
            logger.error("an act was not written down", what=what)


def trail_of_token(request: HttpRequest, token: OrganizerToken) -> Trail:
    """Returns the trail of an organizer's request."""
    who = Actor(
        kind=ActorKind.ORGANIZER,
        organizer_id=token.organizer_id,
        token_id=token.pk,
        address=address_of(request),
    )
    return _kept(request, who)


def trail_of_admin(request: HttpRequest) -> Trail:
    """Returns the trail of a request to the admin's pages."""
    return _kept(request, Actor(kind=ActorKind.ADMIN, admin_id=request.user.pk, address=address_of(request)))


def trail_of_operator() -> Trail:
    """Returns the trail of a command."""
    return Trail(Actor(kind=ActorKind.OPERATOR))


def record_failed_sign_in(request: HttpRequest, *, where: str) -> None:
    """Records a failed sign-in at the console or the admin; what was typed is stored nowhere."""
    address = address_of(request)
    once = failure_slot(where=where, address=address, now_seconds=time.time())
    actor = Actor(kind=ActorKind.UNKNOWN, address=address)
    audit.add_entry(actor, Action.SIGN_IN_FAILED, AuditObject(where, ""), once=once)


def address_of(request: HttpRequest) -> str:
    """Returns the client's address, as `TRUSTED_PROXIES` tells; empty if there is none."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    return client_address(
        peer=request.META.get("REMOTE_ADDR") or "",
        forwarded=[forwarded.encode("latin-1", "replace")] if forwarded else [],
        trusted_proxies=settings.ENV.trusted_proxies,
    )


def audit_object_of(row: Model) -> AuditObject:
    """Returns the object of a row: never named by a text that a person typed."""
    match row:
        case Registration():
            # Its owner would cost a query; it is always the actor, who reaches no other organizer's tickets.
            return AuditObject("ticket", reference(row.event_id, row.ticket_key))
        case Event():
            return AuditObject("event", str(row.pk), row.organizer_id)
        case AccessCode():
            # Its owner would cost a query, as above.
            return AuditObject("access code", str(row.pk))
        case OrganizerToken():
            return AuditObject("token", str(row.pk), row.organizer_id)
        case Webhook():
            return AuditObject("webhook", str(row.pk), row.organizer_id)
        case Organizer():
            return AuditObject("organizer", str(row.pk), row.pk)
        case _:
            return AuditObject(str(row._meta.model_name), str(row.pk))


def _kept(request: Any, actor: Actor) -> Trail:
    trail: Trail | None = getattr(request, "omnify_trail", None)
    if trail is None:
        trail = request.omnify_trail = Trail(actor)
    return trail
