"""The response to each exception that a request to the door can end in."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from events.admission.errors import QueueUnavailable
from events.door import callbacks, parse, responses
from events.door.caller import Unauthenticated
from events.door.loader import DatabaseUnavailable
from events.door.responses import Response
from omnify.common.envelope import Code
from omnify.common.logs import get_logger
from omnify.common.request_body import BodyIncomplete, BodyTooLarge

logger = get_logger(__name__)

T = TypeVar("T")

_NOT_JSON = "The body must be application/json in UTF-8."


def response_to(problem: Exception) -> Response:
    """Builds the response to this exception; 500 for one that is not expected, and that is logged."""
    match problem:
        case parse.BadRequest():
            return responses.refuse(400, Code.INVALID, problem.message, errors=problem.errors)
        case Unauthenticated():
            return responses.unauthenticated(str(problem))
        case callbacks.ScopeTooSmall():
            return responses.refuse(403, Code.FORBIDDEN, str(problem))
        case parse.NotJson():
            return responses.refuse(415, Code.UNSUPPORTED_MEDIA_TYPE, _NOT_JSON)
        case BodyTooLarge():
            return responses.closing(responses.refuse(413, Code.PAYLOAD_TOO_LARGE, "At most 16 KiB."))
        case BodyIncomplete():
            # If the client has disconnected, the server drops this response.
            return responses.closing(responses.refuse(408, Code.REQUEST_TIMEOUT, "The body did not come in time."))
        case QueueUnavailable():
            return responses.unavailable(problem.sentence)
        case DatabaseUnavailable():
            return responses.unavailable("The database is out of reach.")
    logger.exception("the door failed")
    return responses.refuse(500, Code.INTERNAL_ERROR, "Something went wrong on our side.")


async def checked(work: Awaitable[T]) -> T | Response:
    """Returns the result of `work`, or the response to its failure."""
    try:
        return await work
    except Exception as problem:
        return response_to(problem)
