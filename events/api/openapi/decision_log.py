"""Descriptions of `/events/{id}/log/...` and `/registrations/{ticket_id}/proof`."""

from __future__ import annotations

from functools import partial

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse

from events.api.openapi.envelopes import success_with
from events.api.openapi.parameters import EVENT_ID, TICKET_ID, id_in_path
from events.api.openapi.responses import ANYONE, bad, describe, good
from events.domain.public.definition import example
from events.domain.public.proof import ProvedEntry, TicketProof
from omnify.common.envelope import Code

_describe = partial(describe, tags=["proof"], auth=ANYONE)
_NO_EVENT = (Code.EVENT_NOT_FOUND, "There is no such event.")
_NO_LOG: dict[int | tuple[int, str], OpenApiResponse] = {
    404: bad("No such event or tile, or no signed log.", _NO_EVENT, (Code.LOG_NOT_FOUND, "There is no such tile."))
}
_NUMBER = id_in_path("log_number")
_TILE: dict[int | tuple[int, str], OpenApiResponse] = {
    (200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY, "The hashes, or the entries."),
    **_NO_LOG,
}
_PROOF = {**example(TicketProof), "entries": [example(ProvedEntry)]}
_NOTE = "tickets.example.com/events/7/log\n3\nrrb8/idLcKFPsGel5VeCZNsPqbUa9eC6FZFY8ynnfHc=\n\n— …\n"
_KEY = "tickets.example.com/events/7/log+8e1b5b05+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n"


def _plain(description: str, value: str) -> dict[tuple[int, str], OpenApiResponse]:
    shown = OpenApiExample("text", value=value, response_only=True)
    return {(200, "text/plain"): OpenApiResponse(OpenApiTypes.STR, description, [shown])}


READ_CHECKPOINT = _describe(
    operation_id="read_log_checkpoint",
    summary="Read the decision log's checkpoint",
    description=(
        "The log's size and root after the last batch, as a C2SP signed note. Of the newest log: if its first line "
        "ends with a number (`/log/2`), its tiles are below `/events/{event_id}/log/2`."
    ),
    parameters=[EVENT_ID],
    responses={**_plain("The signed note.", _NOTE), **_NO_LOG},
)

READ_LATER_CHECKPOINT = _describe(
    operation_id="read_later_log_checkpoint",
    summary="Read the checkpoint of a log behind a break",
    description="The same as `/events/{event_id}/log/checkpoint`, as long as this log (2 or more) is the newest.",
    parameters=[EVENT_ID, _NUMBER],
    responses={**_plain("The signed note.", _NOTE), **_NO_LOG},
)

READ_LOG_KEY = _describe(
    operation_id="read_log_key",
    summary="Read the decision log's verifier key",
    description="What verifies the checkpoint's signature. Keep it from before the drop: it is the operator's.",
    parameters=[EVENT_ID],
    responses={**_plain("The verifier key.", _KEY), **_NO_LOG},
)

READ_LATER_LOG_KEY = _describe(
    operation_id="read_later_log_key",
    summary="Read the verifier key of a log behind a break",
    description="The same as `/events/{event_id}/log/key`, as long as this log (2 or more) is the newest.",
    parameters=[EVENT_ID, _NUMBER],
    responses={**_plain("The verifier key.", _KEY), **_NO_LOG},
)

READ_TILE = _describe(
    operation_id="read_log_tile",
    summary="Read a tile of the decision log",
    description=(
        "256 hashes (`<level>/<n>`) or 256 entries (`entries/<n>`) as C2SP tlog-tiles has them, the last one with its "
        "width behind it (`.p/<width>`). Of the event's first log. What was once signed there never changes."
    ),
    parameters=[EVENT_ID, id_in_path("tile", str)],
    responses=_TILE,
)

READ_LATER_TILE = _describe(
    operation_id="read_later_log_tile",
    summary="Read a tile of a log behind a break",
    description="The same as `/events/{event_id}/log/tile/{tile}`, of the log (2 or more) that goes on behind a break.",
    parameters=[EVENT_ID, _NUMBER, id_in_path("tile", str)],
    responses=_TILE,
)

READ_PROOF = _describe(
    operation_id="read_proof",
    summary="Read where a ticket stands in the decision log",
    description="Its entries with inclusion proofs, within a second of the decision. They hold no personal data.",
    parameters=[TICKET_ID],
    responses={
        200: good(success_with(TicketProof), "The proof.", proof=_PROOF),
        404: bad(
            "There is no such ticket, or its event has no signed log.",
            (Code.TICKET_NOT_FOUND, "There is no such ticket."),
            (Code.LOG_NOT_FOUND, "This event has no decision log yet."),
        ),
    },
)
