"""An organizer's tokens and audit trail, as the organizer sees them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from events.domain.audit import Action, ActorKind
from events.domain.public.definition import Time, one_of
from events.domain.public.ticket import REFERENCE
from events.domain.scopes import Scope


class Token(Struct, frozen=True, kw_only=True):
    """An organizer's token, without the token."""

    id: Annotated[int, Meta(examples=[3])]
    label: Annotated[str | None, Meta(examples=["North entrance"])]
    scope: Annotated[Scope, Meta(examples=["check-in"])]
    event_id: Annotated[int | None, Meta(description="The one event it is for; null: all.", examples=[7])]
    created_at: Annotated[Time, Meta(examples=["2030-11-01T09:00:00.000+00:00"])]
    last_used_at: Annotated[
        Time | None, Meta(description="Behind by up to a minute.", examples=["2030-12-01T17:42:00.000+00:00"])
    ]
    expires_at: Annotated[Time | None, Meta(examples=["2030-12-02T00:00:00.000+00:00"])]
    revoked_at: Time | None
    current: Annotated[bool, Meta(description="Whether this was asked with it.", examples=[False])]


class NewToken(Token, frozen=True, kw_only=True):
    """A token that has just been made."""

    token: Annotated[str, Meta(description="Shown this once.", examples=["omn_..."])]


class AuditEntry(Struct, frozen=True, kw_only=True):
    """One action."""

    at: Annotated[Time, Meta(examples=["2030-12-01T17:42:10.120+00:00"])]
    action: Annotated[str, Meta(examples=["checked_in"], extra_json_schema=one_of(Action))]
    actor: Annotated[str, Meta(examples=["organizer"], extra_json_schema=one_of(ActorKind))]
    token_id: Annotated[int | None, Meta(description="Of an organizer's act.", examples=[3])]
    address: Annotated[
        str | None,
        Meta(
            description="Where the act came from, IPv6 as its /64; null for an operator's.",
            examples=["192.0.2.7"],
        ),
    ]
    object_type: Annotated[str | None, Meta(examples=["ticket"])]
    object_id: Annotated[str | None, Meta(description="A number, or a ticket's reference.", examples=[REFERENCE])]
