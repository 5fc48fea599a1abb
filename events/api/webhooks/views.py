"""`/webhooks`: an organizer's subscriptions, their secrets and delivery logs."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from events.api import openapi, responses
from events.api.lists import ListView, numbered_page, one_of
from events.api.permissions import token_of
from events.api.refusals import Refusal
from events.api.views.base import ApiView, organizer_of, trail_of, validated
from events.api.webhooks.representations import render_delivery, render_new_webhook, render_webhook, render_webhooks
from events.api.webhooks.serializers import ReplayInput, WebhookChanges, WebhookInput
from events.domain.audit import Action
from events.domain.public.webhook import Delivery, Replayed
from events.domain.scopes import ONLY_FULL, READERS, Scope
from events.domain.webhooks.states import DeliveryState
from events.ledger.webhooks import subscriptions
from events.models import Webhook, WebhookDelivery
from events.services.deliveries import wake_dispatchers
from omnify.common.envelope import Code

_SHOWN_ONCE = "Store the secret now: it is not shown again."


class WebhookList(ListView):
    """Lists and creates webhooks."""

    scopes = {"GET": READERS, "POST": ONLY_FULL}

    @openapi.LIST_WEBHOOKS
    def get(self, request: Request) -> HttpResponse:
        """Returns a page of the organizer's webhooks, oldest first."""
        rows = subscriptions.own_webhooks(organizer_id=organizer_of(request).pk)
        page = numbered_page(self.list_query, rows, partial(render_webhooks, scope=_scope(request)))
        return responses.ok(page, message="Your webhooks.")

    @openapi.CREATE_WEBHOOK
    def post(self, request: Request) -> HttpResponse:
        """Creates a webhook; the response is the only one with its secret."""
        organizer = organizer_of(request)
        fields = validated(WebhookInput(data=request.data, context={"organizer": organizer}))
        with transaction.atomic():
            webhook, secret = subscriptions.create_webhook(
                organizer=organizer, url=fields["url"], event_types=fields["event_types"], event=fields.get("event")
            )
            trail_of(request).record(Action.WEBHOOK_CREATED, webhook)
        headers = {"Location": f"/webhooks/{webhook.pk}"}
        data = render_new_webhook(webhook, secret=secret)
        return responses.ok(data, message=f"The webhook is created. {_SHOWN_ONCE}", status=201, headers=headers)


class DefaultSecret(ApiView):
    """Renews the secret that signs messages to callback URLs."""

    scopes = {"POST": ONLY_FULL}

    @openapi.RENEW_DEFAULT_SECRET
    def post(self, request: Request) -> HttpResponse:
        """Makes a new default secret; the response is the only one with it."""
        with transaction.atomic():
            webhook, secret = subscriptions.renew_default_secret(organizer=organizer_of(request), now=timezone.now())
            trail_of(request).record(Action.WEBHOOK_SECRET_CREATED, webhook)
        return responses.ok(
            render_new_webhook(webhook, secret=secret), message=f"The default secret is renewed. {_SHOWN_ONCE}"
        )


class WebhookDetail(ApiView):
    """Reads, changes and deletes one webhook."""

    scopes = {"GET": READERS, "PATCH": ONLY_FULL, "DELETE": ONLY_FULL}

    @openapi.READ_WEBHOOK
    def get(self, request: Request, webhook_id: int | None) -> HttpResponse:
        """Returns the webhook, without its secret."""
        return responses.ok(
            render_webhook(_own_webhook(request, webhook_id), scope=_scope(request)), message="The webhook."
        )

    @openapi.CHANGE_WEBHOOK
    def patch(self, request: Request, webhook_id: int | None) -> HttpResponse:
        """Changes any of its fields."""
        webhook = _subscription(request, webhook_id)
        changes = WebhookChanges(webhook, data=request.data, context={"organizer": organizer_of(request)})
        fields = validated(changes)
        with transaction.atomic():
            webhook = subscriptions.change_webhook(webhook, fields=fields, now=timezone.now())
            trail_of(request).record(Action.WEBHOOK_CHANGED, webhook)
        wake_dispatchers()
        return responses.ok(render_webhook(webhook), message="The webhook is changed.")

    @openapi.DELETE_WEBHOOK
    def delete(self, request: Request, webhook_id: int | None) -> HttpResponse:
        """Deletes the webhook: nothing more is sent."""
        webhook = _subscription(request, webhook_id)
        with transaction.atomic():
            subscriptions.delete_webhook(webhook, now=timezone.now())
            trail_of(request).record(Action.WEBHOOK_DELETED, webhook)
        return responses.ok(render_webhook(webhook), message="The webhook is deleted.")


class RotateSecret(ApiView):
    """Rotates the secret of a webhook."""

    scopes = {"POST": ONLY_FULL}

    @openapi.ROTATE_SECRET
    def post(self, request: Request, webhook_id: int | None) -> HttpResponse:
        """Makes a new secret; the old one also signs for 24 hours."""
        webhook = _own_webhook(request, webhook_id)
        with transaction.atomic():
            secret = subscriptions.rotate_secret(webhook, now=timezone.now())
            trail_of(request).record(Action.WEBHOOK_SECRET_CREATED, webhook)
        return responses.ok(render_new_webhook(webhook, secret=secret), message=f"The secret is rotated. {_SHOWN_ONCE}")


class TestMessage(ApiView):
    """Sends a test message."""

    scopes = {"POST": ONLY_FULL}

    @openapi.TEST_WEBHOOK
    def post(self, request: Request, webhook_id: int | None) -> HttpResponse:
        """Puts a test message into the outbox."""
        webhook = _enabled(_subscription(request, webhook_id))
        with transaction.atomic():
            delivery = subscriptions.send_test(webhook, now=timezone.now())
            trail_of(request).record(Action.WEBHOOK_TESTED, webhook)
        wake_dispatchers()
        return responses.ok(render_delivery(delivery), message="The test message will be sent.", status=202)


class Deliveries(ListView):
    """Lists the deliveries of a webhook."""

    scopes = {"GET": READERS}
    filters = {"state": one_of(*(state.value for state in DeliveryState))}

    @openapi.LIST_DELIVERIES
    def get(self, request: Request, webhook_id: int | None) -> HttpResponse:
        """Returns a page of the delivery log, newest first."""
        rows = subscriptions.deliveries(
            _own_webhook(request, webhook_id), state=self.list_query.filters.get("state", "")
        )
        page = numbered_page(self.list_query, rows, partial(_delivery_rows, scope=_scope(request)))
        return responses.ok(page, message="Deliveries, newest first.")


class RetryDelivery(ApiView):
    """Retries one delivery."""

    scopes = {"POST": ONLY_FULL}

    @openapi.RETRY_DELIVERY
    def post(self, request: Request, webhook_id: int | None, delivery_id: int | None) -> HttpResponse:
        """Makes the delivery due now, whatever its state."""
        webhook = _own_webhook(request, webhook_id)
        delivery = delivery_id and subscriptions.own_delivery(webhook, delivery_id=delivery_id)
        if not delivery:
            raise Refusal(Code.DELIVERY_NOT_FOUND, 404, "There is no such delivery.")
        _enabled(webhook)
        with transaction.atomic():
            delivery = subscriptions.retry(delivery, now=timezone.now())
            trail_of(request).record(Action.WEBHOOK_REPLAYED, webhook)
        wake_dispatchers()
        return responses.ok(render_delivery(delivery), message="The delivery will be retried.", status=202)


class Replay(ApiView):
    """Replays deliveries."""

    scopes = {"POST": ONLY_FULL}

    @openapi.REPLAY_WEBHOOK
    def post(self, request: Request, webhook_id: int | None) -> HttpResponse:
        """Resends every message since `since`, keeping its id."""
        webhook = _enabled(_own_webhook(request, webhook_id))
        since = validated(ReplayInput(data=request.data))["since"]
        # Recorded first: a replay is many transactions, and one that is interrupted was requested all the same.
        trail_of(request).record(Action.WEBHOOK_REPLAYED, webhook)
        replayed = subscriptions.replay(webhook, since=since, now=timezone.now())
        wake_dispatchers()
        return responses.ok(Replayed(replayed), message="The messages will be sent again.", status=202)


def _own_webhook(request: Request, webhook_id: int | None) -> Webhook:
    """Returns the webhook if it belongs to the organizer; else raises a 404."""
    organizer_id = organizer_of(request).pk
    webhook = webhook_id and subscriptions.own_webhook(webhook_id=webhook_id, organizer_id=organizer_id)
    if not webhook:
        raise Refusal(Code.WEBHOOK_NOT_FOUND, 404, "There is no such webhook.")
    return webhook


def _subscription(request: Request, webhook_id: int | None) -> Webhook:
    webhook = _own_webhook(request, webhook_id)
    if webhook.is_default:
        raise Refusal(Code.DEFAULT_SECRET, 409, "This is the default secret of callback URLs: it can only be rotated.")
    return webhook


def _enabled(webhook: Webhook) -> Webhook:
    if webhook.disabled_at is not None:
        raise Refusal(Code.WEBHOOK_DISABLED, 409, 'The webhook is switched off: PATCH it with {"enabled": true} first.')
    return webhook


def _delivery_rows(rows: list[WebhookDelivery], *, scope: Scope) -> list[Delivery]:
    return [render_delivery(row, scope=scope) for row in rows]


def _scope(request: Request) -> Scope:
    return token_of(request).reach
