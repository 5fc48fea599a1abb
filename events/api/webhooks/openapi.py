"""Descriptions of `/webhooks`."""

from __future__ import annotations

from functools import partial

from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from events.api.openapi.envelopes import page_of, success_with
from events.api.openapi.examples import CONFIRMED, DELIVERY, NEW_WEBHOOK, WEBHOOK, page_example
from events.api.openapi.parameters import LINK, MOMENT, id_in_path, paging, sent_header
from events.api.openapi.responses import BAD_QUERY, BODY_FAULTS, Responses, bad, describe, good, invalid
from events.api.webhooks.serializers import ReplayInput, WebhookChanges, WebhookInput
from events.domain.public.definition import example
from events.domain.public.event_log import MESSAGE_ID, LogMessage, LogPage
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
_INVALID: Responses = {400: invalid("url", "The address is not a public one.")}
_ID = id_in_path("webhook_id")
_DELIVERY_ID = id_in_path("delivery_id")


_describe = partial(describe, tags=["webhooks"])

LIST_WEBHOOKS = _describe(
    operation_id="list_webhooks",
    summary="List your webhooks",
    description="Yours, oldest first, with your default secret if you have one.",
    parameters=paging(),
    responses={
        200: good(page_of(Webhook), "A page, oldest first.", page=page_example("/webhooks", WEBHOOK)),
        **BAD_QUERY,
    }
    | {404: bad("There is no such page.", (Code.INVALID_PAGE, "This page does not exist."))},
)

CREATE_WEBHOOK = _describe(
    operation_id="create_webhook",
    summary="Subscribe",
    description=(
        "Messages are signed as in the Standard Webhooks specification and sent at least once; the messages of one "
        "ticket keep their order. Without `event_id` you get the messages of all your events."
    ),
    parameters=[sent_header("Location", "Where the webhook is.", 201, kind=LINK)],
    request=WebhookInput,
    examples=[
        OpenApiExample(
            "webhook",
            value={"url": WEBHOOK["url"], "event_types": WEBHOOK["event_types"], "event_id": None},
            request_only=True,
        )
    ],
    responses={
        201: good(success_with(NewWebhook), "Created; `secret` is shown only in this response.", webhook=NEW_WEBHOOK),
        **_INVALID,
        **BODY_FAULTS,
    },
)

RENEW_DEFAULT_SECRET = _describe(
    operation_id="renew_default_secret",
    summary="Make or renew the default secret",
    description="It signs the messages to `callback_url`s of registrations. Its `id` leads to their delivery log.",
    request=None,
    responses={
        200: good(
            success_with(NewWebhook),
            "`secret` is shown only in this response; the one before it also signs for 24 hours.",
            webhook={**NEW_WEBHOOK, "url": None, "event_types": [], "default_secret": True},
        )
    },
)

READ_WEBHOOK = _describe(
    operation_id="read_webhook",
    summary="Read a webhook",
    description="Without its secret, which is shown only when it is made.",
    parameters=[_ID],
    responses={200: good(success_with(Webhook), "The webhook.", webhook=WEBHOOK), **_NOT_FOUND},
)

CHANGE_WEBHOOK = _describe(
    operation_id="change_webhook",
    summary="Change a webhook",
    description="Any of the fields; the others stay. `enabled` switches it off or on; messages wait while it is off.",
    parameters=[_ID],
    request=WebhookChanges,
    examples=[OpenApiExample("enable", value={"enabled": True}, request_only=True)],
    responses={
        200: good(success_with(Webhook), "Changed.", webhook=WEBHOOK),
        **_INVALID,
        **_NOT_FOUND,
        409: bad("It is the default secret.", _DEFAULT),
        **BODY_FAULTS,
    },
)

DELETE_WEBHOOK = _describe(
    operation_id="delete_webhook",
    summary="Delete a webhook",
    description="No further message is sent. Its delivery log cannot be read any more.",
    parameters=[_ID],
    responses={
        200: good(success_with(Webhook), "Nothing more is sent.", webhook=WEBHOOK),
        **_NOT_FOUND,
        409: bad("It is the default secret.", _DEFAULT),
    },
)

ROTATE_SECRET = _describe(
    operation_id="rotate_secret",
    summary="Rotate the secret",
    description="Makes a new secret. Messages are signed with both for 24 hours, so that the receiver can be changed.",
    parameters=[_ID],
    request=None,
    responses={
        200: good(
            success_with(NewWebhook),
            "`secret` is shown only in this response; the old one also signs for 24 hours.",
            webhook={**NEW_WEBHOOK, "previous_secret_until": "2030-11-02T09:00:00.000+00:00"},
        ),
        **_NOT_FOUND,
    },
)

TEST_WEBHOOK = _describe(
    operation_id="test_webhook",
    summary="Send a test message",
    description="Sends a message of the type `webhook.test`. The delivery log shows the answer.",
    parameters=[_ID],
    request=None,
    responses={
        202: good(success_with(Delivery), "A message of the type `webhook.test` will be sent.", delivery=DELIVERY),
        **_NOT_FOUND,
        409: bad("It is switched off, or the default secret.", _DISABLED, _DEFAULT),
    },
)

LIST_DELIVERIES = _describe(
    operation_id="list_deliveries",
    summary="Read the delivery log",
    description="Each message and what its last attempt led to, newest first.",
    parameters=[
        _ID,
        *paging(),
        OpenApiParameter(
            "state", str, enum=[state.value for state in DeliveryState], description="Only deliveries in this state."
        ),
    ],
    responses={
        200: good(page_of(Delivery), "A page, newest first.", page=page_example("/webhooks/3/deliveries", DELIVERY)),
        **BAD_QUERY,
        **_NO_PAGE,
    },
)

RETRY_DELIVERY = _describe(
    operation_id="retry_delivery",
    summary="Retry a delivery",
    description="Sends a message once more, whatever its state; its schedule of retries starts again.",
    parameters=[_ID, _DELIVERY_ID],
    request=None,
    responses={
        202: good(success_with(Delivery), "It is due now, and keeps its message id.", delivery=DELIVERY),
        404: bad(
            "There is no such webhook or delivery.",
            _NO_WEBHOOK,
            (Code.DELIVERY_NOT_FOUND, "There is no such delivery."),
        ),
        409: bad("The webhook is switched off.", _DISABLED),
    },
)

REPLAY_WEBHOOK = _describe(
    operation_id="replay_webhook",
    summary="Resend every message since a time",
    description="Sends every message since `since` once more, delivered or not.",
    parameters=[_ID],
    request=ReplayInput,
    examples=[OpenApiExample("since", value={"since": "2030-11-01T09:00:00+00:00"}, request_only=True)],
    responses={
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
)

READ_EVENT_LOG = _describe(
    operation_id="read_event_log",
    summary="Catch up on what your webhooks were told",
    description="Up to 100 messages of the last 30 days, oldest first: what a webhook that is subscribed to all types "
    "would have got, also while there was none. Call `next` until `has_more` is false, and again later. Its order "
    "never changes, and nothing is put in front of what was read. A message has the `id` that webhooks are told as "
    "`webhook-id`, so what came both ways can be dropped. Without a parameter it begins with the oldest.",
    parameters=[
        OpenApiParameter(
            "after", description="The `id` of a message: begins behind it.", examples=[OpenApiExample("id", MESSAGE_ID)]
        ),
        OpenApiParameter("since", MOMENT, description="A time with an offset: begins with the first message since."),
    ],
    responses={
        200: good(
            success_with(LogPage),
            "Some messages.",
            page=example(LogPage, results=[example(LogMessage, data=CONFIRMED)]),
        ),
        400: invalid(
            "after", "There is no such message in your log.", description="A bad, unknown or repeated query parameter."
        ),
        410: bad(
            "The message is kept no longer: what came behind it may be gone, too. Begin anew without `after`.",
            (Code.LOG_EXPIRED, "This message is kept no longer."),
        ),
    },
)
