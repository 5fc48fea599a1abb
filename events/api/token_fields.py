"""Validates the body of `POST /tokens`, and renders tokens for their organizer, without the token itself."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from events.api.fields import ChoiceField, MomentField, TextField, WholeNumberField
from events.domain.public.token import Token
from events.domain.scopes import Scope
from events.domain.times import iso_of
from events.ledger import queries
from events.models import OrganizerToken
from events.models.organizer import LABEL_MAX


class TokenInput(serializers.Serializer[Any]):
    """The body of `POST /tokens`: what a new token is for."""

    # Its context must have `organizer` and `now`.

    label = TextField(max_length=LABEL_MAX, help_text="What you know it by later.")  # type: ignore[assignment]
    scope = ChoiceField(choices=[scope.value for scope in Scope])
    event_id = WholeNumberField(
        required=False,
        allow_null=True,
        min_value=1,
        help_text="With the scope `check-in`: one event alone. Null or absent: all.",
    )
    expires_at = MomentField(required=False, allow_null=True, help_text="In the future. Null or absent: no end.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Checks the fields against each other. Returns the columns of the new row."""
        problems: dict[str, list[str]] = {}
        scope, event_id, expires_at = Scope(attrs["scope"]), attrs.get("event_id"), attrs.get("expires_at")
        if event_id is not None and scope is not Scope.CHECK_IN:
            problems["event_id"] = ["Only a token with the scope check-in is for one event."]
        elif event_id is not None and not self._is_own(event_id):
            problems["event_id"] = ["You have no such event."]
        if expires_at is not None and expires_at <= self.context["now"]:
            problems["expires_at"] = ["It must be in the future."]
        if problems:
            raise serializers.ValidationError(problems)
        return {"label": attrs["label"], "scope": scope, "event_id": event_id, "expires_at": expires_at}

    def _is_own(self, event_id: int) -> bool:
        owner = self.context["organizer"].pk
        return 0 < event_id < 2**63 and queries.own_event(event_id=event_id, organizer_id=owner) is not None


def render_token(row: OrganizerToken, *, current: bool) -> Token:
    """Renders a token of a list. `current` is the one that the request was made with."""
    return Token(
        id=row.pk,
        label=row.label or None,
        scope=row.reach,
        event_id=row.event_id,
        created_at=iso_of(row.created_at),
        last_used_at=iso_of(row.last_used_at),
        expires_at=iso_of(row.expires_at),
        revoked_at=iso_of(row.revoked_at),
        current=current,
    )
