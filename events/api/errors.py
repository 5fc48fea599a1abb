"""Turns exceptions into answers, for DRF's views and for Django's own error pages.

Code that finds a problem raises: a complete `Refusal`, an exception of DRF, or one of the few domain
exceptions listed in `_refusal`. Redis or the database out of reach is 503 `unavailable`, whatever was asked.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import redis
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views import defaults
from rest_framework import exceptions
from rest_framework.views import set_rollback

from events.api import responses
from events.api.pagination import InvalidPage, InvalidPageSize
from events.api.refusals import Refusal, invalid_fields, unavailable
from events.ledger.draw.setting import DrawFixed, NoLog
from events.ledger.events import EventInUse, EventOver, TooManyTypes
from events.ledger.size_checks import CapacityBelowConfirmed, CapacityBelowWaitlisted, TypeInUse
from events.services.commands import ResizePending
from events.services.corrections import CorrectionPending, EmailTaken, NoSeatToCorrect
from events.services.publish_event import NotInForce
from omnify.common.envelope import Code
from omnify.common.logs import get_logger

logger = get_logger(__name__)

# DRF's name for what is wrong with a body as a whole, and ours.
_WHOLE, _BODY = "non_field_errors", "body"

OUTAGES = (OperationalError, InterfaceError, redis.RedisError)

_CODES = {
    400: Code.INVALID,
    403: Code.FORBIDDEN,
    404: Code.NOT_FOUND,
    406: Code.NOT_ACCEPTABLE,
    415: Code.UNSUPPORTED_MEDIA_TYPE,
}


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """Answers an exception of a view (DRF's hook). None passes it on to Django, which logs it and answers 500."""
    set_rollback()
    if isinstance(exc, exceptions.MethodNotAllowed):
        return _method_not_allowed(context["view"].allowed_methods).response()
    refusal = _refusal(exc)
    return None if refusal is None else refusal.response()


def _refusal(exc: Exception) -> Refusal | None:
    match exc:
        case Refusal():
            return exc
        case InvalidPage():
            return Refusal(Code.INVALID_PAGE, 404, "This page does not exist.")
        case InvalidPageSize() | TooManyTypes():
            return invalid_fields({"page_size" if isinstance(exc, InvalidPageSize) else "ticket_types": [str(exc)]})
        case CapacityBelowConfirmed() | CapacityBelowWaitlisted() | EventOver() | EventInUse() | TypeInUse():
            return _refused_change(exc)
        case NoLog() | DrawFixed():
            return _refused_draw(exc)
        case NotInForce() | ResizePending() | CorrectionPending() | EmailTaken() | NoSeatToCorrect():
            return _refused_command(exc)
        case Http404():
            return Refusal(Code.NOT_FOUND, 404, "There is nothing at this address.")
        case exceptions.APIException():
            return _refusal_of_drf(exc)
        case _:
            return _outage(exc) if isinstance(exc, OUTAGES) else None


def _outage(exc: Exception) -> Refusal:
    # The cause tells a database without a free connection from one that is not there.
    cause = type(exc.__cause__).__name__ if exc.__cause__ else ""
    logger.throttled_warning("a store is out of reach", problem=type(exc).__name__, cause=cause)
    return unavailable()


def _refused_change(
    exc: CapacityBelowConfirmed | CapacityBelowWaitlisted | EventOver | EventInUse | TypeInUse,
) -> Refusal:
    match exc:
        case EventOver():
            return Refusal(Code.EVENT_OVER, 409, str(exc))
        case EventInUse():
            return Refusal(Code.EVENT_IN_USE, 409, str(exc))
        case CapacityBelowConfirmed():
            message = f"{exc} The capacity cannot be lower."
            return Refusal(Code.CAPACITY_BELOW_CONFIRMED, 409, message, errors={exc.field: [message]})
        case CapacityBelowWaitlisted():
            message = f"{exc} The sizes must leave room for all of them, and for each group."
            return Refusal(Code.CAPACITY_BELOW_WAITLISTED, 409, message, errors={exc.field: [message]})
        case TypeInUse():
            return Refusal(Code.TYPE_IN_USE, 409, str(exc), errors={"ticket_types": [str(exc)]})


def _refused_draw(exc: NoLog | DrawFixed) -> Refusal:
    if isinstance(exc, NoLog):
        return invalid_fields({"admission": [str(exc)]})
    return Refusal(Code.EVENT_IN_USE, 409, str(exc), errors={"draw_at": [str(exc)]})


def _refused_command(
    exc: NotInForce | ResizePending | CorrectionPending | EmailTaken | NoSeatToCorrect,
) -> Refusal:
    match exc:
        case NotInForce():
            return unavailable(str(exc))
        case ResizePending():
            return unavailable("The change of the capacity waits for its turn in the event's queue, and will be made.")
        case CorrectionPending():
            return unavailable("The correction waits for its turn in the event's queue, and will be made.")
        case EmailTaken():
            message = "Another ticket of this event has this e-mail."
            return Refusal(Code.DUPLICATE_REGISTRATION, 409, message, errors={"email": [message]})
        case NoSeatToCorrect():
            return Refusal(Code.NOT_CONFIRMED, 409, "This ticket has no seat and is not on the waitlist.")


def _refusal_of_drf(exc: exceptions.APIException) -> Refusal:
    match exc:
        case exceptions.ValidationError():
            return invalid_fields(sentences_by_field(exc.detail))
        case exceptions.NotAuthenticated():
            return _unauthenticated("Show an organizer's token: `Authorization: Bearer <token>`.")
        case exceptions.AuthenticationFailed():
            return _unauthenticated(str(exc.detail))
        case _:
            code = _CODES.get(exc.status_code, Code.INTERNAL_ERROR)
            return Refusal(code, exc.status_code, str(exc.detail))


def _unauthenticated(message: str) -> Refusal:
    return Refusal(Code.UNAUTHENTICATED, 401, message, headers={"WWW-Authenticate": "Bearer"})


def _method_not_allowed(methods: list[str]) -> Refusal:
    message = f"This address answers only {', '.join(methods)}."
    return Refusal(Code.METHOD_NOT_ALLOWED, 405, message, headers={"Allow": ", ".join(methods)})


def sentences_by_field(detail: Any) -> dict[str, list[str]]:
    """Flattens DRF's errors about a body, however deep, to `{"<field>": ["<sentence>", ...]}`.

    DRF nests its errors as the body is nested: lists by index, objects by name, and both in each other. What is inside
    a field is said where it is: `{"event_types": {1: ["..."]}}` becomes `{"event_types": ["Item 2: ..."]}`.
    """
    found: dict[str, list[str]] = {}
    fields = detail if isinstance(detail, dict) and detail else {_WHOLE: detail}
    for field, inside in fields.items():
        name = _BODY if field == _WHOLE else str(field)
        found.setdefault(name, []).extend(_sentences(inside))
    return {name: sentences or ["This is not valid."] for name, sentences in found.items()}


def _sentences(inside: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    if isinstance(inside, dict):
        for key, value in inside.items():
            further = () if key == _WHOLE else (_named(key, first=not path),)
            yield from _sentences(value, (*path, *further))
    elif isinstance(inside, list | tuple):
        # A list holds sentences, or what is wrong with each item; an item that nothing is wrong with is empty.
        for number, value in enumerate(inside):
            plain = not isinstance(value, dict | list | tuple)
            yield from _sentences(value, path if plain else (*path, _named(number, first=not path)))
    elif str(inside).strip():
        yield f"{', '.join(path)}: {inside}" if path else str(inside)


def _named(key: Any, *, first: bool) -> str:
    """Names a position inside a field; items are counted from 1."""
    return f"{'Item' if first else 'item'} {key + 1}" if isinstance(key, int) else str(key)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answers Django's 400: a host that is not allowed, a body that cannot be read."""
    if _for_humans(request):
        return defaults.bad_request(request, exception)
    return responses.refused(Code.INVALID, status=400, message="The request cannot be understood.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answers Django's 403."""
    if _for_humans(request):
        return defaults.permission_denied(request, exception)
    return responses.refused(Code.FORBIDDEN, status=403, message="This is not allowed.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answers Django's 404, for every path without a view."""
    if _for_humans(request):
        return defaults.page_not_found(request, exception)
    return responses.refused(Code.NOT_FOUND, status=404, message="There is nothing at this address.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Answers Django's 500; called while the exception is being handled."""
    problem = sys.exception()
    if isinstance(problem, OUTAGES):
        return _outage(problem).response()
    if _for_humans(request):
        return defaults.server_error(request)
    message = "Something went wrong on our side. It has been logged."
    return responses.refused(Code.INTERNAL_ERROR, status=500, message=message)


def _for_humans(request: HttpRequest) -> bool:
    return request.path.startswith("/admin/")
