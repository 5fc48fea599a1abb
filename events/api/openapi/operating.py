"""Descriptions of the health checks."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema

from events.api.openapi.answers import ANYONE, RETRY_AFTER_OUTAGE, bad, good
from events.api.openapi.shapes import Alive, Readiness, answer_with
from omnify.common.envelope import Code

LIVE = extend_schema(
    operation_id="health_live",
    summary="Is the process alive?",
    tags=["operating"],
    auth=ANYONE,
    responses={200: good(answer_with(Alive), "It is.", alive={"status": "alive"})},
)

READY = extend_schema(
    operation_id="health_ready",
    summary="Can the service keep its promises?",
    description="200 only when Redis, the database and at least one drain worker answer, each within 3 seconds.",
    tags=["operating"],
    auth=ANYONE,
    parameters=[RETRY_AFTER_OUTAGE],
    responses={
        200: good(
            answer_with(Readiness),
            "Everything answers.",
            ready={"redis": "ok", "database": "ok", "workers": "ok"},
        ),
        503: bad(
            "`errors` names what does not answer.",
            (Code.UNAVAILABLE, "Not ready: database.", {"database": ["No answer within 3 seconds."]}),
        ),
    },
)
