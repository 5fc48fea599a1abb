"""Where the console's screens are: below `/console`."""

from __future__ import annotations

from django.urls import path

from events.console.check_in_app import Manifest, Worker
from events.console.views import Login, Logout, Screen

urlpatterns = [
    path("", Screen.as_view(name="events")),
    path("/login", Login.as_view(), name="console-login"),
    path("/logout", Logout.as_view()),
    path("/events/new", Screen.as_view(name="event_form")),
    path("/events/<int:event_id>", Screen.as_view(name="live")),
    path("/events/<int:event_id>/edit", Screen.as_view(name="event_form")),
    path("/events/<int:event_id>/attendees", Screen.as_view(name="attendees")),
    path("/events/<int:event_id>/waitlist", Screen.as_view(name="waitlist")),
    path("/events/<int:event_id>/codes", Screen.as_view(name="codes")),
    path("/events/<int:event_id>/mails", Screen.as_view(name="mails")),
    path("/events/<int:event_id>/mail-files", Screen.as_view(name="mail_files")),
    path("/events/<int:event_id>/check-in", Screen.as_view(name="check_in")),
    path("/events/<int:event_id>/check-in/app.webmanifest", Manifest.as_view()),
    path("/events/<int:event_id>/check-in/worker.js", Worker.as_view()),
    path("/tokens", Screen.as_view(name="tokens")),
    path("/audit", Screen.as_view(name="audit")),
    path("/webhooks", Screen.as_view(name="webhooks")),
    path("/webhooks/<int:webhook_id>", Screen.as_view(name="webhook")),
]
