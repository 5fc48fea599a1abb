"""Every path that Django answers. The hot ones are answered before Django, by the door in `omnify.asgi`."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, register_converter
from django.views.generic import RedirectView

from events.admin.login import limited_login, limited_password_change
from events.api import metrics
from events.api.health import Live, Ready
from events.api.schema import DocsView, SchemaView
from events.api.security_txt import SecurityTxt
from events.api.views.attendees import AttendeeDetail, Attendees
from events.api.views.audit import AuditTrail
from events.api.views.check_in import CheckIns, CheckInView, OfflineCheckIns, UndoCheckIn
from events.api.views.codes import CodeDetail, CodeList, CodeRevocation
from events.api.views.decision_log import (
    LaterLogCheckpoint,
    LaterLogKey,
    LaterLogTile,
    LogCheckpoint,
    LogKey,
    LogTile,
    Proof,
)
from events.api.views.door import Confirmation, DoorIsOpen, Register, Ticket, TicketEvents
from events.api.views.events import (
    EventCancellation,
    EventDetail,
    EventDuplication,
    EventList,
    EventPause,
    EventResumption,
)
from events.api.views.kept_mails import KeptMailDetail, KeptMailHtml, KeptMails
from events.api.views.mail_opt_out import MailOptOutView
from events.api.views.mails import MailList, MailStatusView
from events.api.views.resend import AttendeeResend, Resend
from events.api.views.stats import Stats
from events.api.views.tokens import TokenDetail, TokenList
from events.api.webhooks.log import EventLog
from events.api.webhooks.views import (
    DefaultSecret,
    Deliveries,
    Replay,
    RetryDelivery,
    RotateSecret,
    TestMessage,
    WebhookDetail,
    WebhookList,
)
from events.door.parse import event_id


class EventIdConverter:
    """Converts an event id, or a text that cannot be one to None: the view then responds with `event_not_found`."""

    regex = "[^/]+"

    def to_python(self, value: str) -> int | None:
        """Returns the number in the path."""
        return event_id(value)

    def to_url(self, value: int) -> str:
        """Returns the path of a number."""
        return str(value)


register_converter(EventIdConverter, "event")
# Other ids have the same form as those of events.
register_converter(EventIdConverter, "number")

handler400 = "events.api.errors.bad_request"
handler403 = "events.api.errors.permission_denied"
handler404 = "events.api.errors.not_found"
handler500 = "events.api.errors.server_error"


def admin_paths(*, on: bool) -> list[URLPattern | URLResolver]:
    """Returns the paths of the admin, with a limit on sign-ins; none if the admin is off."""
    if not on:
        return []
    admin.autodiscover()
    return [
        path("admin", RedirectView.as_view(url="/admin/")),
        path("admin/login/", limited_login),
        path("admin/password_change/", limited_password_change),
        path("admin/", admin.site.urls),
    ]


urlpatterns: list[URLPattern | URLResolver] = [
    path("events", EventList.as_view()),
    path("events/<event:event_id>", EventDetail.as_view()),
    path("events/<event:event_id>/cancel", EventCancellation.as_view()),
    path("events/<event:event_id>/duplicate", EventDuplication.as_view()),
    path("events/<event:event_id>/pause", EventPause.as_view()),
    path("events/<event:event_id>/resume", EventResumption.as_view()),
    path("events/<event:event_id>/register", Register.as_view()),
    path("events/<event:event_id>/attendees", Attendees.as_view()),
    path("events/<event:event_id>/attendees/<str:ticket_id>", AttendeeDetail.as_view()),
    path("events/<event:event_id>/attendees/<str:ticket_id>/resend", AttendeeResend.as_view()),
    path("events/<event:event_id>/resend", Resend.as_view()),
    path("events/<event:event_id>/stats", Stats.as_view()),
    path("events/<event:event_id>/codes", CodeList.as_view()),
    path("events/<event:event_id>/codes/revoke", CodeRevocation.as_view()),
    path("events/<event:event_id>/codes/<number:code_id>", CodeDetail.as_view()),
    path("events/<event:event_id>/mails", MailList.as_view()),
    path("events/<event:event_id>/mail-status", MailStatusView.as_view()),
    path("events/<event:event_id>/mail-files", KeptMails.as_view()),
    path("events/<event:event_id>/mail-files/<str:name>", KeptMailDetail.as_view()),
    path("events/<event:event_id>/mail-files/<str:name>/html", KeptMailHtml.as_view()),
    path("events/<event:event_id>/check-ins", CheckIns.as_view()),
    path("events/<event:event_id>/check-ins/offline", OfflineCheckIns.as_view()),
    path("events/<event:event_id>/check-ins/<str:reference>", UndoCheckIn.as_view()),
    path("events/<event:event_id>/log/checkpoint", LogCheckpoint.as_view()),
    path("events/<event:event_id>/log/key", LogKey.as_view()),
    path("events/<event:event_id>/log/tile/<path:tile>", LogTile.as_view()),
    path("events/<event:event_id>/log/<number:log_number>/checkpoint", LaterLogCheckpoint.as_view()),
    path("events/<event:event_id>/log/<number:log_number>/key", LaterLogKey.as_view()),
    path("events/<event:event_id>/log/<number:log_number>/tile/<path:tile>", LaterLogTile.as_view()),
    path("registrations/<str:ticket_id>", Ticket.as_view()),
    path("registrations/<str:ticket_id>/proof", Proof.as_view()),
    path("registrations/<str:ticket_id>/confirm", Confirmation.as_view()),
    path("registrations/<str:ticket_id>/check-in", CheckInView.as_view()),
    path("console", include("events.console.urls")),
    path("registrations/<str:ticket_id>/events", TicketEvents.as_view()),
    path("tokens", TokenList.as_view()),
    path("tokens/<number:token_id>", TokenDetail.as_view()),
    path("audit", AuditTrail.as_view()),
    path("webhooks", WebhookList.as_view()),
    path("webhooks/default-secret", DefaultSecret.as_view()),
    path("webhooks/<number:webhook_id>", WebhookDetail.as_view()),
    path("webhooks/<number:webhook_id>/rotate-secret", RotateSecret.as_view()),
    path("webhooks/<number:webhook_id>/test", TestMessage.as_view()),
    path("webhooks/<number:webhook_id>/deliveries", Deliveries.as_view()),
    path("webhooks/<number:webhook_id>/deliveries/<number:delivery_id>/retry", RetryDelivery.as_view()),
    path("webhooks/<number:webhook_id>/replay", Replay.as_view()),
    path("log", EventLog.as_view()),
    path("mail/opt-out/<str:token>", MailOptOutView.as_view()),
    path("health/live", Live.as_view()),
    path("health/door", DoorIsOpen.as_view()),
    path("health/ready", Ready.as_view()),
    path("metrics", metrics.view),
    path(".well-known/security.txt", SecurityTxt.as_view()),
    path("schema", SchemaView.as_view(), name="schema"),
    path("docs", DocsView.as_view()),
    *admin_paths(on=settings.ENV.admin),
]
