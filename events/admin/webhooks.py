"""Webhooks and their delivery log, for operators who help organizers with their subscriptions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from events.admin.base import BoundedPaginator, ReadOnly
from events.domain.audit import Action
from events.domain.webhooks.states import DeliveryState
from events.ledger.webhooks import subscriptions
from events.models import Webhook, WebhookDelivery
from events.secrets import message_ids, tickets
from events.services.audit import trail_of_admin
from events.services.deliveries import wake_dispatchers


class SinceForm(forms.Form):
    """Asks from when on messages are to be resent."""

    since = forms.SplitDateTimeField(help_text="In UTC, such as 2026-11-24 and 12:00.")


@admin.register(Webhook)
class WebhookAdmin(ReadOnly):
    """Subscriptions, and whether their endpoints fail."""

    list_display = ("id", "organizer", "event", "url", "created_at", "disabled_reason", "failing_since")
    list_select_related = ("organizer", "event")
    list_filter = ("disabled_reason", ("deleted_at", admin.EmptyFieldListFilter))
    search_fields = ("=id", "organizer__name")
    ordering = ("-id",)
    exclude = ("secret", "previous_secret")
    actions = ("enable", "disable", "rotate", "send_test", "replay")

    @admin.display(description="failing since")
    def failing_since(self, webhook: Webhook) -> Any:
        """Returns the time of the first failure since the last success."""
        endpoint = webhook.endpoints.filter(origin="").first()
        return endpoint and endpoint.failing_since

    @admin.action(description="Switch on")
    def enable(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        """Enables webhooks; pending messages are sent."""
        self._change(request, queryset, enabled=True)
        wake_dispatchers()

    @admin.action(description="Switch off")
    def disable(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        """Disables webhooks; pending messages are kept."""
        self._change(request, queryset, enabled=False)

    def _change(self, request: HttpRequest, queryset: QuerySet[Webhook], *, enabled: bool) -> None:
        with transaction.atomic():
            for webhook in queryset:
                subscriptions.change_webhook(webhook, fields={"enabled": enabled}, now=timezone.now())
                trail_of_admin(request).record(Action.WEBHOOK_CHANGED, webhook)
        self.message_user(request, f"Webhooks changed: {len(queryset)}", messages.SUCCESS)

    @admin.action(description="Rotate the secret (shown once)")
    def rotate(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> HttpResponse:
        """Shows the new secrets on the page itself: a Django message would store them."""
        with transaction.atomic():
            issued = [(f"webhook {one.pk}", subscriptions.rotate_secret(one, now=timezone.now())) for one in queryset]
            for webhook in queryset:
                trail_of_admin(request).record(Action.WEBHOOK_SECRET_CREATED, webhook)
        context = {**admin.site.each_context(request), "title": "Secrets", "issued": issued}
        headers = {"Cache-Control": "no-store"}
        return TemplateResponse(request, "admin/events/secrets_issued.html", context, headers=headers)

    @admin.action(description="Send a test message")
    def send_test(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        """Sends a test message to webhooks that are enabled and have a URL."""
        ready = queryset.filter(disabled_at=None, deleted_at=None).exclude(url="")
        for webhook in ready:
            subscriptions.send_test(webhook, now=timezone.now())
            trail_of_admin(request).record(Action.WEBHOOK_TESTED, webhook)
        wake_dispatchers()
        self.message_user(request, f"Test messages to be sent: {len(ready)}", messages.SUCCESS)

    @admin.action(description="Resend everything since a time")
    def replay(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> HttpResponse | None:
        """Resends messages, after asking since when."""
        form = SinceForm(request.POST if "since_0" in request.POST else None)
        if not form.is_valid():
            context = {**admin.site.each_context(request), "title": "Replay", "form": form, "webhooks": queryset}
            return TemplateResponse(request, "admin/events/replay.html", context)
        since, now = form.cleaned_data["since"], timezone.now()
        for webhook in queryset:
            trail_of_admin(request).record(Action.WEBHOOK_REPLAYED, webhook)
        replayed = sum(subscriptions.replay(webhook, since=since, now=now) for webhook in queryset)
        wake_dispatchers()
        self.message_user(request, f"Messages to be sent again: {replayed}", messages.SUCCESS)
        return None


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnly):
    """The delivery log."""

    list_display = (
        *("id", "message_id", "webhook", "type", "state", "attempts", "last_status_code", "last_error"),
        *("last_attempt_at", "next_attempt_at"),
    )
    list_filter = ("state",)
    search_fields = ("=id", "=webhook__id")
    search_help_text = "The number of a delivery or of a webhook, or a ticket id."
    ordering = ("-id",)
    paginator = BoundedPaginator
    show_full_result_count = False
    actions = ("retry",)

    @admin.display(description="message")
    def message_id(self, row: WebhookDelivery) -> str:
        """Returns the `webhook-id` header of every attempt."""
        return message_ids().of(row.pk, row.mark, logged=row.logged)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Finds a ticket's deliveries by its event and key; indexed while they are pending."""
        ticket = tickets().parse(search_term)
        if ticket:
            return queryset.filter(event_id=ticket[0], ticket_key=ticket[1]), False
        return super().get_search_results(request, queryset, search_term)

    @admin.action(description="Retry")
    def retry(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        """Makes deliveries due now, whatever their state."""
        now = timezone.now()
        states = [subscriptions.retry(row, now=now).state for row in queryset]
        for webhook in Webhook.objects.filter(webhookdelivery__in=queryset).distinct():
            trail_of_admin(request).record(Action.WEBHOOK_REPLAYED, webhook)
        wake_dispatchers()
        self.message_user(
            request, f"Deliveries to be sent: {states.count(DeliveryState.PENDING.value)}", messages.SUCCESS
        )
