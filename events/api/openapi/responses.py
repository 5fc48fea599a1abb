"""Building blocks of the descriptions: operations, answers with examples, headers, parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.serializers import Serializer

from events.api.openapi.envelopes import Failure
from events.api.openapi.examples import CHECKED_IN_AT
from events.api.openapi.parameters import CHALLENGE, RETRY_AFTER_OUTAGE, help_link
from events.domain.tokens import NO_TOKEN as NO_TOKEN_SENTENCE
from omnify.common.envelope import Code, failure, success

# drf-spectacular's annotation says names; what it writes out is OpenAPI's list of requirements.
ORGANIZER: Any = [{"organizerToken": []}]
ANYONE: Any = []
EITHER: Any = [{}, {"organizerToken": []}]

Responses = dict[int, OpenApiResponse]

_BAD_BODY = "Malformed JSON, or a missing or bad field; `errors` names each."


def good(shape: type[Serializer[Any]], description: str, **examples: Any) -> OpenApiResponse:
    """Describes a success; each example is the `data` of one."""
    shown = [OpenApiExample(name, value=success(data), response_only=True) for name, data in examples.items()]
    return OpenApiResponse(shape, description, shown)


def bad(description: str, *cases: tuple[Code, str] | tuple[Code, str, dict[str, list[str]]]) -> OpenApiResponse:
    """Describes a failure with one example for each code: (code, message, errors)."""
    shown = [OpenApiExample(case[0].value, value=failure(*case), response_only=True) for case in cases]
    return OpenApiResponse(Failure, description, shown)


def invalid(field: str, sentence: str, *, description: str = _BAD_BODY) -> OpenApiResponse:
    """Describes a 400, with a sentence about one field as its example."""
    return bad(description, (Code.INVALID, "The request is not valid.", {field: [sentence]}))


LATE_BODY: Responses = {
    408: bad(
        "The body did not come in 15 seconds; the connection is closed.",
        (Code.REQUEST_TIMEOUT, "The body did not come in time."),
    ),
}
BODY_FAULTS: Responses = {
    **LATE_BODY,
    413: bad("The body is too large.", (Code.PAYLOAD_TOO_LARGE, "A body may have 16384 bytes at most.")),
    415: bad("The body is not JSON.", (Code.UNSUPPORTED_MEDIA_TYPE, 'Unsupported media type "text/plain".')),
}
OUTAGE: Responses = {
    500: bad("A fault of the service.", (Code.INTERNAL_ERROR, "Something went wrong on our side.")),
    503: bad("Redis or the database is out of reach; nothing was done.", (Code.UNAVAILABLE, "Try again.")),
}
UNKNOWN_TOKEN: Responses = {
    401: bad("No valid organizer's token.", (Code.UNAUTHENTICATED, NO_TOKEN_SENTENCE)),
}
NO_TOKEN: Responses = {
    **UNKNOWN_TOKEN,
    403: bad(
        "The token's scope does not reach this, or not this event.",
        (Code.FORBIDDEN, "A token with the scope read does not reach this."),
    ),
}
NO_EVENT: Responses = {
    404: bad(
        "There is no such event, or it is another organizer's.", (Code.EVENT_NOT_FOUND, "There is no such event.")
    ),
}
NO_PAGE: Responses = {404: bad("There are fewer pages.", (Code.INVALID_PAGE, "This page does not exist."))}
BAD_QUERY: Responses = {
    400: invalid(
        "page_size",
        "A whole number from 1 to 100.",
        description="A bad or unknown query parameter, or one that is given twice.",
    )
}

OVER = (Code.EVENT_OVER, "The event is over: no seat moves any more.")
ALREADY_IN = (
    Code.ALREADY_CHECKED_IN,
    f"This ticket was checked in already, at {CHECKED_IN_AT}.",
    {"checked_in_at": [CHECKED_IN_AT]},
)


def _status(key: Any) -> int:
    """Reads the status of an answer, which may be described by media type."""
    return int(key[0] if isinstance(key, tuple) else key)


def describe(
    *,
    operation_id: str,
    summary: str,
    description: str,
    tags: Sequence[str],
    responses: Mapping[Any, OpenApiResponse],
    auth: Any = ORGANIZER,
    parameters: Sequence[OpenApiParameter] = (),
    **more: Any,
) -> Any:
    """Describes an operation, with the answers and headers of an outage and, for an organizer's, of a missing token.

    `description` is required: drf-spectacular would take the view's docstring, which is for developers.
    """
    answers = {**(NO_TOKEN if auth is ORGANIZER else {}), **OUTAGE, **responses}
    linked = help_link(*sorted(status for status in map(_status, answers) if status >= 400))
    shared = [CHALLENGE, RETRY_AFTER_OUTAGE, linked] if auth is ORGANIZER else [RETRY_AFTER_OUTAGE, linked]
    return extend_schema(
        operation_id=operation_id,
        summary=summary,
        description=description,
        tags=tags,
        auth=auth,
        parameters=[*parameters, *shared],
        responses=answers,
        **more,
    )
