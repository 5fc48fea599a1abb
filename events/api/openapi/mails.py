"""Descriptions of `/events/{id}/mails` and `/events/{id}/mail-status`."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter

from events.api.openapi.envelopes import page_of, success_with
from events.api.openapi.examples import page_example
from events.api.openapi.parameters import EVENT_ID, REFERENCE, paging
from events.api.openapi.responses import BAD_QUERY, bad, describe, good
from events.domain.public.definition import example
from events.domain.public.mail import Mail
from events.domain.public.mail_status import MailStatus
from events.ledger.mail.claims import LISTED
from omnify.common.envelope import Code

LIST_MAILS = describe(
    tags=["mail"],
    operation_id="list_mails",
    summary="List mails that were not delivered",
    description=(
        "Mails to an event's guests that their mail server has refused, or that were given up. With `?state=pending` "
        "those that wait, among them what is tried again. With `?reference=` all about one ticket, also what was sent "
        "in the last days (`MAIL_LOG_DAYS`). Addresses are in the list of attendees, by the reference."
    ),
    parameters=[
        EVENT_ID,
        OpenApiParameter("state", str, enum=[state.value for state in LISTED], description="Only these."),
        OpenApiParameter("reference", REFERENCE, description="Only mails about this ticket, of any state."),
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

READ_MAIL_STATUS = describe(
    tags=["mail"],
    operation_id="read_mail_status",
    summary="See how mail goes out, and whether it keeps up",
    description="Where nothing is mailed, neither a registration nor a wish for a lost ticket leads to a mail.",
    parameters=[EVENT_ID],
    responses={
        200: good(
            success_with(MailStatus),
            "How mail goes out.",
            status={"mailed": True, "way": "server", "oldest_pending_seconds": 0.0, "problem": None},
        ),
        404: bad(
            "There is no such event, or it is another organizer's.",
            (Code.EVENT_NOT_FOUND, "There is no such event."),
        ),
    },
)
