"""Descriptions of `/webhooks`."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from events.api.openapi.envelopes import page_of, success_with
from events.api.openapi.examples import DELIVERY, NEW_WEBHOOK, WEBHOOK, page_example
from events.api.openapi.responses import (
    BODY_FAULTS,
    CHALLENGE,
    NO_TOKEN,
    ORGANIZER,
    OUTAGE,
    RETRY_AFTER_OUTAGE,
    Responses,
    bad,
    good,
    paging,
    sent_header,
)
from events.api.webhooks.serializers import ReplayInput, WebhookChanges, WebhookInput
from events.domain.public.definition import example
from events.domain.public.webhook import Delivery, NewWebhook, Replayed, Webhook
from events.domain.webhooks.states import DeliveryState
from omnify.common.envelope import Code

_NO_WEBHOOK = (Code.WEBHOOK_NOT_FOUND, "There is no such webhook.")
_NOT_FOUND: Responses = {404: bad("There is no such webhook, or it is another organizer's.", _NO_WEBHOOK)}
_NO_PAGE: Responses = {
    404: bad("There is no such webhook or page.", _NO_WEBHOOK, (Code.INVALID_PAGE, "This page does not exist."))
}
_DEFAULT = (Code.DEFAULT_SECRET, "This is the default secret of callback URLs: it can only be rotated.")
_DISABLED = (Code.WEBHOOK_DISABLED, 'The webhook is switched off: PATCH it with {"enabled": true} first.')
_INVALID: Responses = {
    400: bad(
        "Malformed JSON, or a missing or bad field; `errors` names each.",
        (Code.INVALID, "The request is not valid.", {"url": ["The address is not a public one."]}),
    )
}
_BAD_QUERY: Responses = {
    400: bad(
        "A bad or unknown query parameter, or one given twice.",
        (Code.INVALID, "The request is not valid.", {"page_size": ["A whole number from 1 to 100."]}),
    )
}
_HEADERS = (CHALLENGE, RETRY_AFTER_OUTAGE)
_ID = OpenApiParameter("webhook_id", OpenApiTypes.INT, OpenApiParameter.PATH)
_DELIVERY_ID = OpenApiParameter("delivery_id", OpenApiTypes.INT, OpenApiParameter.PATH)


def _describe(
    name: str,
    summary: str,
    responses: dict[int, OpenApiResponse],
    *parameters: OpenApiParameter,
    **more: Any,
) -> Any:
    return extend_schema(
        operation_id=name,
        summary=summary,
        tags=["webhooks"],
        auth=ORGANIZER,
        parameters=[*parameters, *_HEADERS],
        responses={**NO_TOKEN, **OUTAGE, **responses},
        **more,
    )


LIST_WEBHOOKS = _describe(
    "list_webhooks",
    "List your webhooks",
    {200: good(page_of(Webhook), "A page, oldest first.", page=page_example("/webhooks", WEBHOOK)), **_BAD_QUERY}
    | {404: bad("There is no such page.", (Code.INVALID_PAGE, "This page does not exist."))},
    *paging(),
)

CREATE_WEBHOOK = _describe(
    "create_webhook",
    "Subscribe",
    {
        201: good(success_with(NewWebhook), "Created; `secret` is shown only in this response.", webhook=NEW_WEBHOOK),
        **_INVALID,
        **BODY_FAULTS,
    },
    sent_header("Location", "Where the webhook is.", 201),
    request=WebhookInput,
    description=(
        "Messages are signed as in the Standard Webhooks specification and sent at least once; the messages of one "
        "ticket keep their order. Without `event_id` you get the messages of all your events."
    ),
    examples=[
        OpenApiExample(
            "webhook",
            value={"url": WEBHOOK["url"], "event_types": WEBHOOK["event_types"], "event_id": None},
            request_only=True,
        )
    ],
)

RENEW_DEFAULT_SECRET = _describe(
    "renew_default_secret",
    "Make or renew the default secret",
    {
        200: good(
            success_with(NewWebhook),
            "`secret` is shown only in this response; the one before it also signs for 24 hours.",
            webhook={**NEW_WEBHOOK, "url": None, "event_types": [], "default_secret": True},
        )
    },
    request=None,
    description="It signs the messages to `callback_url`s of registrations. Its `id` leads to their delivery log.",
)

READ_WEBHOOK = _describe(
    "read_webhook",
    "Read a webhook",
    {200: good(success_with(Webhook), "The webhook.", webhook=WEBHOOK), **_NOT_FOUND},
    _ID,
)

CHANGE_WEBHOOK = _describe(
    "change_webhook",
    "Change a webhook",
    {
        200: good(success_with(Webhook), "Changed.", webhook=WEBHOOK),
        **_INVALID,
        **_NOT_FOUND,
        409: bad("It is the default secret.", _DEFAULT),
        **BODY_FAULTS,
    },
    _ID,
    request=WebhookChanges,
    examples=[OpenApiExample("enable", value={"enabled": True}, request_only=True)],
)

DELETE_WEBHOOK = _describe(
    "delete_webhook",
    "Delete a webhook",
    {
        200: good(success_with(Webhook), "Nothing more is sent.", webhook=WEBHOOK),
        **_NOT_FOUND,
        409: bad("It is the default secret.", _DEFAULT),
    },
    _ID,
)

ROTATE_SECRET = _describe(
    "rotate_secret",
    "Rotate the secret",
    {
        200: good(
            success_with(NewWebhook),
            "`secret` is shown only in this response; the old one also signs for 24 hours.",
            webhook={**NEW_WEBHOOK, "previous_secret_until": "2030-11-02T09:00:00.000+00:00"},
        ),
        **_NOT_FOUND,
    },
    _ID,
    request=None,
)

TEST_WEBHOOK = _describe(
    "test_webhook",
    "Send a test message",
    {
        202: good(success_with(Delivery), "A message of the type `webhook.test` will be sent.", delivery=DELIVERY),
        **_NOT_FOUND,
        409: bad("It is switched off, or the default secret.", _DISABLED, _DEFAULT),
    },
    _ID,
    request=None,
)

LIST_DELIVERIES = _describe(
    "list_deliveries",
    "Read the delivery log",
    {
        200: good(page_of(Delivery), "A page, newest first.", page=page_example("/webhooks/3/deliveries", DELIVERY)),
        **_BAD_QUERY,
        **_NO_PAGE,
    },
    _ID,
    *paging(),
    OpenApiParameter(
        "state", str, enum=[state.value for state in DeliveryState], description="Only deliveries in this state."
    ),
)

RETRY_DELIVERY = _describe(
    "retry_delivery",
    "Retry a delivery",
    {
        202: good(success_with(Delivery), "It is due now, and keeps its message id.", delivery=DELIVERY),
        404: bad(
            "There is no such webhook or delivery.",
            _NO_WEBHOOK,
            (Code.DELIVERY_NOT_FOUND, "There is no such delivery."),
        ),
        409: bad("The webhook is switched off.", _DISABLED),
    },
    _ID,
    _DELIVERY_ID,
    request=None,
)

REPLAY_WEBHOOK = _describe(
    "replay_webhook",
    "Resend every message since a time",
    {
        202: good(
            success_with(Replayed),
            "Delivered and dead deliveries are due now; they keep their message ids.",
            replayed=example(Replayed),
        ),
        **_INVALID,
        **_NOT_FOUND,
        409: bad("The webhook is switched off.", _DISABLED),
        **BODY_FAULTS,
    },
    _ID,
    request=ReplayInput,
    examples=[OpenApiExample("since", value={"since": "2030-11-01T09:00:00+00:00"}, request_only=True)],
)
