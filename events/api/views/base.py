"""What all API views share: reading the request, refusing, and finding the organizer's own event."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from django.http import HttpRequest
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from events.api.parsers import MAX_BODY_BYTES
from events.api.refusals import event_not_found
from events.ledger import queries
from events.models import Event, Organizer

S = TypeVar("S", bound="Serializer[Any]")


class OrganizerWhereNeeded(BasePermission):
    """Lets anybody through except on the methods that the view lists in `organizer_methods`."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether this request may reach the view's method."""
        needed: frozenset[str] = getattr(view, "organizer_methods", frozenset())
        return request.method not in needed or request.user is not None


class ApiView(APIView):
    """Answers only the methods it defines; `organizer_methods` names those that need a token."""

    http_method_names = ["get", "post", "patch", "delete", "head"]
    permission_classes = [OrganizerWhereNeeded]
    organizer_methods: ClassVar[frozenset[str]] = frozenset()

    @property
    def default_response_headers(self) -> dict[str, str]:
        """None: DRF would add Allow and Vary to every answer, which the door does not."""
        return {}

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Lets DRF see a chunked body: without a Content-Length it would take the body for empty."""
        if "Transfer-Encoding" in request.headers and not request.META.get("CONTENT_LENGTH"):
            request.META["CONTENT_LENGTH"] = str(MAX_BODY_BYTES)
        return super().initialize_request(request, *args, **kwargs)


def organizer_of(request: Request) -> Organizer:
    """Who asks, on a method that needs a token."""
    organizer: Any = request.user
    assert isinstance(organizer, Organizer), "the view lists this method in organizer_methods"
    return organizer


def own_event(request: Request, event_id: int | None) -> Event:
    """The event of this address if it is the organizer's own, else 404."""
    organizer = organizer_of(request)
    event = event_id and queries.own_event(event_id=event_id, organizer_id=organizer.pk)
    if not event:
        raise event_not_found()
    return event


def validated(serializer: Serializer[Any]) -> dict[str, Any]:
    """The clean fields, or 400."""
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
