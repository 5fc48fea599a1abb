"""The routes that the door answers, for the OpenAPI document and for methods that the door leaves to Django."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from events.api import openapi
from events.api.refusals import unavailable
from events.api.views.base import ApiView
from events.domain.scopes import ANYONE

DOOR_ONLY = "The ASGI door answers this route: start the service with `make run`."


class DoorIsOpen(ApiView):
    """`GET /health/door`."""

    # No token is looked at: that would ask the database.
    authentication_classes = []
    scopes = {"GET": ANYONE}

    @openapi.DOOR
    def get(self, request: Request) -> HttpResponse:
        """Answers 503: only reached without the door."""
        raise unavailable(DOOR_ONLY)


class Register(ApiView):
    """`POST /events/{id}/register`."""

    scopes = {"POST": ANYONE}

    @openapi.REGISTER
    def post(self, request: Request, event_id: int | None) -> HttpResponse:
        """Answers 503: only reached without the door."""
        raise unavailable(DOOR_ONLY)


class Ticket(ApiView):
    """`GET` and `DELETE /registrations/{ticket_id}`."""

    scopes = {"GET": ANYONE, "DELETE": ANYONE}

    @openapi.READ_TICKET
    def get(self, request: Request, ticket_id: str) -> HttpResponse:
        """Answers 503: only reached without the door."""
        raise unavailable(DOOR_ONLY)

    @openapi.CANCEL_TICKET
    def delete(self, request: Request, ticket_id: str) -> HttpResponse:
        """Answers 503: only reached without the door."""
        raise unavailable(DOOR_ONLY)


class Confirmation(ApiView):
    """`POST /registrations/{ticket_id}/confirm`."""

    scopes = {"POST": ANYONE}

    @openapi.CONFIRM_TICKET
    def post(self, request: Request, ticket_id: str) -> HttpResponse:
        """Answers 503: only reached without the door."""
        raise unavailable(DOOR_ONLY)


class TicketEvents(ApiView):
    """`GET /registrations/{ticket_id}/events`."""

    scopes = {"GET": ANYONE}

    @openapi.FOLLOW_TICKET
    def get(self, request: Request, ticket_id: str) -> HttpResponse:
        """Answers 503: only reached without the door."""
        raise unavailable(DOOR_ONLY)
