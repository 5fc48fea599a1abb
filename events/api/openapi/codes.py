"""Descriptions of `/events/{id}/codes`."""

from __future__ import annotations

from functools import partial

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse

from events.api.code_fields import CodesInput, RevocationInput
from events.api.openapi.envelopes import page_of, success_with
from events.api.openapi.examples import page_example
from events.api.openapi.parameters import EVENT_ID, id_in_path, paging
from events.api.openapi.responses import BAD_QUERY, BODY_FAULTS, NO_EVENT, bad, describe, good, invalid
from events.domain.public.access_code import AccessCode, NewCodes, RevokedCodes
from events.domain.public.definition import example
from omnify.common.envelope import Code

_CODE = example(AccessCode)
_NEW = example(NewCodes)
_CSV = '"code","uses","opens_at","ticket_type"\r\n"K7MQ-2XZP-9RTB-HW4D","1","",""\r\n'

_describe = partial(describe, tags=["access codes"])

LIST_CODES = _describe(
    operation_id="list_codes",
    summary="List access codes",
    description="An event's codes, newest first, revoked ones too. The codes themselves are not shown.",
    parameters=[EVENT_ID, *paging()],
    responses={
        200: good(page_of(AccessCode), "A page, newest first.", page=page_example("/events/7/codes", _CODE)),
        **BAD_QUERY,
        404: bad(
            "There is no such event, it is another organizer's, or there are fewer pages.",
            (Code.EVENT_NOT_FOUND, "There is no such event."),
            (Code.INVALID_PAGE, "This page does not exist."),
        ),
    },
)

CREATE_CODES = _describe(
    operation_id="create_codes",
    summary="Make access codes",
    description=(
        "Made up by the service (`count`), or of your choice (`codes`). A code lets in from its own `opens_at`, also "
        "while registration has not opened for all; it counts the seats of its tickets when they are admitted, and a "
        "ticket that loses its place gives them back. Codes work with `access` `open` too, as a presale. With "
        "`Accept: text/csv` the answer is a file."
    ),
    request=CodesInput,
    examples=[OpenApiExample("invitations", value={"count": 200, "uses": 2}, request_only=True)],
    parameters=[EVENT_ID],
    responses={
        (201, "application/json"): good(success_with(NewCodes), "Made; `codes` are shown this once.", codes=_NEW),
        (201, "text/csv"): OpenApiResponse(
            OpenApiTypes.STR, "The same as a file.", [OpenApiExample("file", value=_CSV, response_only=True)]
        ),
        400: invalid("codes", "Item 2: This code stands there twice."),
        **NO_EVENT,
        **BODY_FAULTS,
    },
)

REVOKE_CODE = _describe(
    operation_id="revoke_code",
    summary="Revoke an access code",
    description="It lets no one in any more, and does not come back. Tickets that it let in keep their places.",
    parameters=[EVENT_ID, id_in_path("code_id")],
    responses={
        200: good(
            success_with(AccessCode),
            "It no longer counts. Twice is harmless.",
            code={**_CODE, "revoked_at": "2030-11-01T20:00:00.000+00:00"},
        ),
        404: bad(
            "No such event of yours, or no such code of it.",
            (Code.EVENT_NOT_FOUND, "There is no such event."),
            (Code.CODE_NOT_FOUND, "There is no such code."),
        ),
    },
)

REVOKE_CODES = _describe(
    operation_id="revoke_codes",
    summary="Revoke several access codes",
    description="All of them or, if one of the `ids` is not of this event, none.",
    request=RevocationInput,
    examples=[OpenApiExample("two", value={"ids": [31, 32]}, request_only=True)],
    parameters=[EVENT_ID],
    responses={
        200: good(success_with(RevokedCodes), "They no longer count. Twice is harmless.", two=example(RevokedCodes)),
        400: bad(
            "Malformed JSON, or a missing or bad field.",
            (Code.INVALID, "The request is not valid.", {"ids": ["Item 2: This event has no such code."]}),
        ),
        **NO_EVENT,
        **BODY_FAULTS,
    },
)
