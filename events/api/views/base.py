"""What all API views share: scopes, headers, validation, and finding the organizer's own event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from events.api.idempotency import idempotently
from events.api.parsers import MAX_BODY_BYTES
from events.api.permissions import ScopeReaches, scopes_of, token_of
from events.api.refusals import event_not_found
from events.domain.scopes import Scopes
from events.ledger import queries
from events.models import Event, Organizer
from events.services.audit import Trail, trail_of_token

READS = ("GET", "HEAD")

S = TypeVar("S", bound="Serializer[Any]")


class ApiView(APIView):
    """Answers only the methods it defines. `scopes` says for each whose tokens reach it: unsaid, `full` alone.

    A token may be for one event. It reaches views of that `event_id`, and those that see to it themselves (`narrows`).
    """

    http_method_names = ["get", "post", "patch", "delete", "head"]
    permission_classes = [ScopeReaches]
    scopes: ClassVar[Mapping[str, Scopes]] = {}
    narrows: ClassVar[bool] = False
    max_body_bytes: ClassVar[int] = MAX_BODY_BYTES

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Has every POST of an organizer honour an Idempotency-Key, with no word in the views."""
        super().__init_subclass__(**kwargs)
        if "post" in vars(cls):
            cls.post = idempotently(cls.post)  # type: ignore[attr-defined]

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Complains of a change by an organizer that the view did not record in the audit trail."""
        if response.status_code < 400 and request.method not in READS and scopes_of(self, request.method or ""):
            trail_of(request).expect_something(f"{request.method} {type(self).__name__}")
        return super().finalize_response(request, response, *args, **kwargs)

    @property
    def default_response_headers(self) -> dict[str, str]:
        """Returns no headers: DRF would add Allow and Vary to every answer, which the door does not."""
        return {}

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Lets DRF see a chunked body: without a Content-Length it would take the body for empty."""
        if "Transfer-Encoding" in request.headers and not request.META.get("CONTENT_LENGTH"):
            request.META["CONTENT_LENGTH"] = str(self.max_body_bytes)
        return super().initialize_request(request, *args, **kwargs)


def trail_of(request: Request) -> Trail:
    """Returns the audit trail for the acts of this request."""
    return trail_of_token(request._request, token_of(request))


def organizer_of(request: Request) -> Organizer:
    """Returns the organizer of the request, on a method that needs a token."""
    organizer: Any = request.user
    assert isinstance(organizer, Organizer), "the view's scopes ask for a token"
    return organizer


def own_event(request: Request, event_id: int | None) -> Event:
    """Finds the event of this address; another organizer's is a 404."""
    organizer = organizer_of(request)
    event = event_id and queries.own_event(event_id=event_id, organizer_id=organizer.pk)
    if not event:
        raise event_not_found()
    return event


def validated(serializer: Serializer[Any]) -> dict[str, Any]:
    """Returns the validated fields. Raises ValidationError, which is a 400."""
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
