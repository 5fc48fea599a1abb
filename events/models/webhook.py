"""Webhooks: subscriptions, the endpoints they send to, and every delivery.

Webhook            what an organizer subscribed to; with an empty `url`, the organizer's default secret, under
                   which the messages for `callback_url`s go out
WebhookEndpoint    an address that messages go to, with its breaker: one for each subscription, and one for each
                   server of callback URLs
WebhookDelivery    one message for one webhook: the outbox before it is sent, the log afterwards
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from events.domain.webhooks.message import LoggedAt, logged_at
from events.domain.webhooks.states import DeliveryState, DisabledReason
from events.models.event import Event
from events.models.organizer import Organizer

URL_MAX = 2048


class Webhook(models.Model):
    """A subscription. Secrets are sealed: they must sign, so they cannot be hashed."""

    organizer = models.ForeignKey(Organizer, on_delete=models.PROTECT, related_name="webhooks")
    event = models.ForeignKey(Event, on_delete=models.PROTECT, null=True, blank=True, db_index=False)
    url = models.CharField(max_length=URL_MAX, blank=True)
    event_types = models.JSONField(default=list)
    secret = models.CharField(max_length=255, editable=False)
    previous_secret = models.CharField(max_length=255, blank=True, editable=False)
    previous_secret_until = models.DateTimeField(null=True, blank=True, editable=False)
    disabled_at = models.DateTimeField(null=True, blank=True, editable=False)
    disabled_reason = models.CharField(
        max_length=10, blank=True, editable=False, choices=[(r.value, r.value) for r in DisabledReason]
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # The row of a deleted webhook is deleted with its last delivery.
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            # One default secret for an organizer, whatever two drains do at once.
            models.UniqueConstraint(fields=["organizer"], condition=Q(url=""), name="webhook_one_default_secret"),
        ]

    def __str__(self) -> str:
        return f"webhook {self.pk}"

    @property
    def is_default(self) -> bool:
        """Whether this is the organizer's default secret, for callback URLs."""
        return not self.url


class WebhookEndpoint(models.Model):
    """An address that messages go to. Its breaker is shared by all workers, so it is stored here."""

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="endpoints")
    # `https://host:port` of callback URLs; empty for a subscription's own URL.
    origin = models.CharField(max_length=300, blank=True)
    failures = models.PositiveIntegerField(default=0)  # since the last success
    trips = models.PositiveSmallIntegerField(default=0)  # how often the breaker opened since then
    open_until = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["webhook", "origin"], name="webhook_endpoint_once"),
        ]

    def __str__(self) -> str:
        return f"endpoint {self.pk}"


class WebhookDelivery(models.Model):
    """One message for one webhook.

    Foreign keys are not checked by the database: a drop writes tens of thousands of rows in its decisions' own
    transactions, and what they point to is only ever deleted after them.
    """

    webhook = models.ForeignKey(Webhook, models.DO_NOTHING, db_constraint=False, db_index=False)
    endpoint = models.ForeignKey(WebhookEndpoint, models.DO_NOTHING, db_constraint=False, db_index=False)
    event = models.ForeignKey(Event, models.DO_NOTHING, null=True, db_constraint=False, db_index=False)
    type = models.CharField(max_length=30)
    # The ticket as it was when its status changed: the body is rendered from these, so every attempt's is the same.
    ticket_key = models.CharField(max_length=20, blank=True)
    # Names the secret behind the ticket's id and this message's: the same for every attempt.
    mark = models.CharField(max_length=4, blank=True, default="", db_default="", editable=False)
    reason = models.CharField(max_length=20, blank=True)
    position = models.PositiveIntegerField(null=True)
    quantity = models.PositiveSmallIntegerField(default=1, db_default=1)
    ticket_type_id = models.BigIntegerField(null=True)
    expires_at = models.DateTimeField(null=True)
    # Of a hold; null: there is none, or an earlier release wrote the message.
    hold_confirmed_by = models.CharField(max_length=9, null=True)  # noqa: DJ001 - expand first
    partly_in = models.PositiveSmallIntegerField(null=True)
    sequence = models.BigIntegerField(default=0)
    revision = models.PositiveIntegerField(default=0)
    requested_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    checked_in_at = models.DateTimeField(null=True)
    url = models.CharField(max_length=URL_MAX, blank=True)  # of a callback; otherwise the webhook's
    data = models.TextField(blank=True)  # JSON, of messages that are not about a ticket
    created_at = models.DateTimeField()
    # Where the message stands in the event log, which gives it its id; null: it is in no log.
    log_batch = models.BigIntegerField(null=True)
    log_index = models.IntegerField(null=True)

    state = models.CharField(max_length=10, choices=[(s.value, s.value) for s in DeliveryState])
    next_attempt_at = models.DateTimeField()
    # Until then a worker has claimed it. It also identifies the claim: a later claim has a later time.
    claimed_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    step = models.PositiveSmallIntegerField(default=0)  # attempts since the schedule began, or began again
    last_attempt_at = models.DateTimeField(null=True)
    last_status_code = models.PositiveSmallIntegerField(null=True)
    last_error = models.CharField(max_length=30, blank=True)

    class Meta:
        indexes = [
            # What is due, endpoint by endpoint. Only pending rows, so it stays small however long the log is.
            models.Index(
                fields=["endpoint", "next_attempt_at", "id"],
                condition=Q(state=DeliveryState.PENDING.value),
                name="webhook_delivery_due",
            ),
            # The same for messages that were tried before: few, and they must not wait behind new ones.
            models.Index(
                fields=["endpoint", "next_attempt_at", "id"],
                condition=Q(state=DeliveryState.PENDING.value, step__gt=0),
                name="webhook_delivery_again",
            ),
            # Whether an earlier message of the ticket is pending. By sequence: new rows are at the end of the index.
            models.Index(
                fields=["event", "sequence"],
                condition=Q(state=DeliveryState.PENDING.value),
                name="webhook_delivery_order",
            ),
            models.Index(fields=["webhook", "id"], name="webhook_delivery_log"),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"

    @property
    def logged(self) -> LoggedAt | None:
        """Where its message stands in the event log."""
        return logged_at(self.log_batch, self.log_index)
