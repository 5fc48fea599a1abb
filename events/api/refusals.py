"""Refusals as exceptions: code that finds a problem raises one, with status and headers.

Apart from `errors` because DRF's settings name modules that need these while DRF itself is still being imported.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpResponse

from events.api import responses
from omnify.common.envelope import Code

RETRY_SECONDS = 5


class Refusal(Exception):
    """Ends the request with a failure: status, code, message and headers."""

    def __init__(
        self,
        code: Code,
        status: int,
        message: str,
        *,
        errors: dict[str, list[str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.status, self.message = code, status, message
        self.errors, self.headers = errors, headers

    def response(self) -> HttpResponse:
        """Builds the answer."""
        return responses.refused(
            self.code, status=self.status, message=self.message, errors=self.errors, headers=self.headers
        )


def event_not_found() -> Refusal:
    """Makes a 404, also for another organizer's event: its existence is private."""
    return Refusal(Code.EVENT_NOT_FOUND, 404, "There is no such event.")


def out_of_reach(message: str) -> Refusal:
    """Makes a 403 for a valid token whose scope does not reach this."""
    return Refusal(Code.FORBIDDEN, 403, message)


def already_checked_in(first: str, *, part: tuple[int, int] | None = None) -> Refusal:
    """Makes a 409 for a ticket whose holder was let in at `first`; `part`: so many of so many of a group were."""
    message = f"This ticket was checked in already, at {first}."
    if part is not None:
        message = f"{part[0]} of {part[1]} were checked in already, the first at {first}."
    return Refusal(Code.ALREADY_CHECKED_IN, 409, message, errors={"checked_in_at": [first]})


def invalid_fields(errors: dict[str, list[str]]) -> Refusal:
    """Makes a 400 with one entry for each field or query parameter at fault."""
    return Refusal(Code.INVALID, 400, "The request is not valid.", errors=errors)


def unavailable(message: str = "A part of the service is out of reach. Try again shortly.") -> Refusal:
    """Makes a 503 with Retry-After: the client may try again. Nothing was done, unless `message` says so."""
    return Refusal(Code.UNAVAILABLE, 503, message, headers={"Retry-After": str(RETRY_SECONDS)})
