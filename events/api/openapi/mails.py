"""Descriptions of `/events/{id}/mails`."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter

from events.api.openapi.envelopes import page_of
from events.api.openapi.examples import page_example
from events.api.openapi.responses import BAD_QUERY, EVENT_ID, bad, describe, good, paging
from events.domain.public.definition import example
from events.domain.public.mail import Mail
from events.ledger.mail.claims import LISTED
from omnify.common.envelope import Code

LIST_MAILS = describe(
    tags=["attendees"],
    operation_id="list_mails",
    summary="List mails that were not delivered",
    description=(
        "Mails to an event's guests that their mail server has refused, or that were given up. With `?state=pending` "
        "those that wait, among them what is tried again. Addresses are in the list of attendees, by the reference."
    ),
    parameters=[
        EVENT_ID,
        OpenApiParameter("state", str, enum=[state.value for state in LISTED], description="Only these."),
        *paging(),
    ],
    responses={
        200: good(page_of(Mail), "A page, newest first.", page=page_example("/events/7/mails", example(Mail))),
        **BAD_QUERY,
        404: bad(
            "There is no such event, it is another organizer's, or there are fewer pages.",
            (Code.EVENT_NOT_FOUND, "There is no such event."),
            (Code.INVALID_PAGE, "This page does not exist."),
        ),
    },
)
