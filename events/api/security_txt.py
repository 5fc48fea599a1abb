"""`GET /.well-known/security.txt` (RFC 9116): where to report a weakness. 404 without SECURITY_CONTACT."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.http import Http404, HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from events.api.views.base import ApiView
from events.domain.scopes import ANYONE
from omnify.common.links import link

PATH = "/.well-known/security.txt"
# The RFC recommends less than a year. Counted from today: the setting is valid as long as the service runs with it.
VALID_FOR = timedelta(days=180)


class SecurityTxt(ApiView):
    """Answers with the operator's contact."""

    authentication_classes = []
    scopes = {"GET": ANYONE}

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        """Answers with the file, the same for a whole day."""
        contact = settings.ENV.security_contact
        if not contact:
            raise Http404
        return HttpResponse(render(contact, now=timezone.now()), content_type="text/plain; charset=utf-8")


def render(contact: str, *, now: datetime) -> str:
    """Renders the file. `Canonical` only where the address is known and https, as the RFC wants."""
    expires = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + VALID_FOR
    canonical = link(PATH)
    lines = [f"Contact: {contact}", f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}", "Preferred-Languages: en"]
    if canonical.startswith("https://"):
        lines.append(f"Canonical: {canonical}")
    return "\n".join([*lines, ""])
