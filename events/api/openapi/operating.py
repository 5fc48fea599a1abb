"""Descriptions of the health checks."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema

from events.api.openapi.envelopes import success_with
from events.api.openapi.parameters import RETRY_AFTER_OUTAGE, help_link
from events.api.openapi.responses import ANYONE, bad, good
from events.domain.public.definition import example
from events.domain.public.health import Alive, OpenDoor, Readiness
from omnify.common.envelope import Code

LIVE = extend_schema(
    operation_id="health_live",
    summary="Is the process alive?",
    description="Reads no store, so that a store that hangs does not get the process restarted.",
    tags=["operating"],
    auth=ANYONE,
    responses={200: good(success_with(Alive), "It is.", alive=example(Alive))},
)

DOOR = extend_schema(
    operation_id="health_door",
    summary="Can registrations be taken?",
    description="For balancers and probes: 200 while the queue's store writes to its disk, and to as many replicas as "
    "it must. The database is not asked, since registrations are taken without it.",
    tags=["operating"],
    auth=ANYONE,
    parameters=[RETRY_AFTER_OUTAGE, help_link(503)],
    responses={
        200: good(success_with(OpenDoor), "They can.", open=example(OpenDoor)),
        503: bad("They cannot.", (Code.UNAVAILABLE, "The queue is out of reach.")),
    },
)

READY = extend_schema(
    operation_id="health_ready",
    summary="Can the service keep its promises?",
    description="200 only when Redis, the database and at least one drain worker answer, each within 3 seconds. It is "
    "ready without deliverers and mailers, and says whether there are any.",
    tags=["operating"],
    auth=ANYONE,
    parameters=[RETRY_AFTER_OUTAGE, help_link(503)],
    responses={
        200: good(
            success_with(Readiness),
            "Everything answers.",
            ready=example(Readiness),
        ),
        503: bad(
            "`errors` names what does not answer.",
            (Code.UNAVAILABLE, "Not ready: database.", {"database": ["No answer within 3 seconds."]}),
        ),
    },
)
