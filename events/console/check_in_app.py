"""What makes the check-in page of an event an installable app: its manifest, and its service worker.

Both tell nothing of the event and need no session: a browser fetches manifests without one.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import View

from events.console.frame import said_in
from events.pages import files
from events.pages.headers import SECURITY

_WORKER = "check_in_worker.js"


def check_in_path(event_id: int) -> str:
    """Returns the path of the page, which is the scope of its app: nothing else of the console is kept on devices."""
    return f"/console/events/{event_id}/check-in"


class Manifest(View):
    """Describes the app."""

    def get(self, request: HttpRequest, event_id: int) -> HttpResponse:
        """Renders the manifest (W3C, Web Application Manifest)."""
        path, said = check_in_path(event_id), said_in(request)
        data = {
            "id": path,
            "lang": said.language.code,
            "dir": said.language.direction,
            "start_url": said.path(path),
            "scope": path,
            "name": said.language.gettext("Check-in, event {id}", id=str(event_id)),
            "short_name": said.language.gettext("Check-in {id}", id=str(event_id)),
            "display": "standalone",
            "icons": [{"src": f"{files.base()}icon.svg", "sizes": "any", "type": "image/svg+xml"}],
        }
        return JsonResponse(data, content_type="application/manifest+json", headers={"Vary": "Accept-Language"})


class Worker(View):
    """Serves the service worker."""

    def get(self, request: HttpRequest, event_id: int) -> HttpResponse:
        """Answers with the script, which lies below the page that it is for and so has to be allowed its scope."""
        file = files.files()[_WORKER]
        headers = {**SECURITY, "Service-Worker-Allowed": check_in_path(event_id)}
        return HttpResponse(file.plain, content_type=file.content_type.decode(), headers=headers)
