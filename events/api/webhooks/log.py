"""`GET /log`: what an organizer's webhooks were told, or would have been, for a consumer that was away."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlencode

import msgspec
from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from events.api import openapi, responses
from events.api.lists import moment, read_filters
from events.api.permissions import token_of
from events.api.refusals import Refusal, invalid_fields
from events.api.views.base import ApiView, organizer_of
from events.domain.public.event_log import LogMessage, LogPage
from events.domain.scopes import READERS, Scope, without_keys
from events.domain.times import iso_of, to_ms
from events.domain.webhooks.message import LoggedAt
from events.domain.webhooks.stored import render
from events.ledger.webhooks.log import LogExpired, LoggedMessage, NotInLog, read_log
from events.secrets import message_ids, tickets
from omnify.common.envelope import Code
from omnify.common.links import link

LIMIT = 100
_UNKNOWN = "There is no such message in your log."


class EventLog(ApiView):
    """Reads the event log."""

    scopes = {"GET": READERS}

    @openapi.READ_EVENT_LOG
    def get(self, request: Request) -> HttpResponse:
        """Answers with up to 100 messages, oldest first, and where the log goes on."""
        asked = read_filters(request, {"after": _message, "since": moment})
        if len(asked) > 1:
            raise invalid_fields({"since": ["Either this or `after`."]})
        try:
            found = read_log(organizer_of(request).pk, limit=LIMIT, **asked)
        except NotInLog as problem:
            raise invalid_fields({"after": [_UNKNOWN]}) from problem
        except LogExpired as problem:
            message = "This message is kept no longer. Read the log without `after`: what came behind it may be gone."
            raise Refusal(Code.LOG_EXPIRED, 410, message) from problem
        messages = [_shown(one, token_of(request).reach) for one in found.messages]
        last = {"after": _id(found.messages[-1])} if found.messages else request.query_params.dict()
        data = LogPage(
            results=messages,
            has_more=found.more,
            next=link("/log") + (f"?{urlencode(last)}" if last else ""),
            kept_since=iso_of(_kept_since()),
        )
        return responses.ok(data, message="What happened, oldest first.")


def _message(text: str) -> LoggedAt:
    found = message_ids().find(text)
    if found is None:
        raise ValueError(_UNKNOWN)
    return found


def _id(logged: LoggedMessage) -> str:
    return message_ids().logged(logged.at, logged.message.mark)


def _shown(logged: LoggedMessage, scope: Scope) -> LogMessage:
    """Renders a message as webhooks are told it; without what opens the ticket for another scope than `full`."""
    changed_ms = to_ms(logged.changed_at)
    body = msgspec.json.decode(render(logged.message, tickets(), event_id=logged.event_id, changed_ms=changed_ms))
    if scope is not Scope.FULL:
        body["data"] = without_keys(body["data"], scope)
        body["data"].pop("check_in_code", None)
    return LogMessage(id=_id(logged), **body)


def _kept_since() -> datetime:
    return timezone.now() - timedelta(days=settings.ENV.webhook_log_days)
