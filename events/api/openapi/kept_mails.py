"""Descriptions of `/events/{id}/mail-files`."""

from __future__ import annotations

from functools import partial

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from events.api.kept_mails import NAME_PATTERN
from events.api.openapi.envelopes import page_of, success_with
from events.api.openapi.examples import page_example
from events.api.openapi.parameters import EVENT_ID, paging
from events.api.openapi.responses import BAD_QUERY, bad, describe, good
from events.domain.public.definition import example
from events.domain.public.kept_mail import KeptMail, KeptMailText
from omnify.common.envelope import Code

_describe = partial(describe, tags=["mail"])
_NAME = OpenApiParameter(
    "name", {"type": "string", "pattern": NAME_PATTERN}, OpenApiParameter.PATH, description="As in the list."
)
_NO_MAIL = bad(
    "No such event of yours, or no such mail of it.",
    (Code.EVENT_NOT_FOUND, "There is no such event."),
    (Code.NOT_FOUND, "There is no such mail."),
)

LIST_KEPT_MAILS = _describe(
    operation_id="list_kept_mails",
    summary="List the mails that are kept as files",
    description="Without a mail server (`EMAIL_URL`) mails are kept as files, to be looked at. Empty where one is set.",
    parameters=[EVENT_ID, *paging()],
    responses={
        200: good(
            page_of(KeptMail), "A page, newest first.", page=page_example("/events/7/mail-files", example(KeptMail))
        ),
        **BAD_QUERY,
        404: bad(
            "There is no such event, it is another organizer's, or there are fewer pages.",
            (Code.EVENT_NOT_FOUND, "There is no such event."),
            (Code.INVALID_PAGE, "This page does not exist."),
        ),
    },
)

READ_KEPT_MAIL = _describe(
    operation_id="read_kept_mail",
    summary="Read a mail that is kept as a file",
    description="Its text, and what is attached. It holds the link of a ticket, which is all that is needed to use it.",
    parameters=[EVENT_ID, _NAME],
    responses={200: good(success_with(KeptMailText), "The mail.", mail=example(KeptMailText)), 404: _NO_MAIL},
)

SHOW_KEPT_MAIL = _describe(
    operation_id="show_kept_mail",
    summary="Show a mail that is kept as a file",
    description="Its HTML, with pictures in it, under a policy that lets nothing run: for a frame of the console.",
    parameters=[EVENT_ID, _NAME],
    responses={
        (200, "text/html"): OpenApiResponse(
            OpenApiTypes.STR,
            "The mail as a mail program shows it.",
            [OpenApiExample("mail", value="<!doctype html>…", response_only=True)],
        ),
        404: _NO_MAIL,
    },
)
