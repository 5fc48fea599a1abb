"""`GET /schema` and `GET /docs`."""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

from events.api.responses import PUBLIC
from events.api.views.base import ApiView
from events.domain.scopes import ANYONE

_JSON = "application/vnd.oai.openapi+json"
_YAML = "application/vnd.oai.openapi"

# Renderers by Accept. Among equals the first is preferred: plain JSON for `*/*`.
_TYPES = {
    "application/json": OpenApiJsonRenderer,
    _JSON: OpenApiJsonRenderer,
    "application/yaml": OpenApiYamlRenderer,
    _YAML: OpenApiYamlRenderer,
    "text/yaml": OpenApiYamlRenderer,
}

# The page must work without internet access: the browser itself refuses whatever is not ours.
_POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'"

_generating = Lock()


class SchemaView(ApiView):
    """Answers with the OpenAPI document as JSON or, by `Accept`, YAML."""

    scopes = {"GET": ANYONE}

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        """Answers with the document, the same for every client."""
        wanted = request._request.get_preferred_type(list(_TYPES)) or "application/json"
        return HttpResponse(_document(wanted), content_type=wanted, headers={"Vary": "Accept", **PUBLIC})


class DocsView(SpectacularSwaggerSplitView):
    """Answers with Swagger UI, from our own static files."""

    http_method_names = ["get", "head"]
    template_name = "guides/swagger.html"

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answers with the page, or with `?script` the script that starts it."""
        response: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        response["Content-Security-Policy"] = _POLICY
        response["Cache-Control"] = PUBLIC["Cache-Control"]
        return response

    def _get_schema_url(self, request: Request) -> str:
        return reverse("schema")


@cache
def _document(media_type: str) -> bytes:
    # drf-spectacular loads its extensions with the first document, and not safely for two threads at once.
    with _generating:
        generator: Any = SchemaGenerator
        renderer: Any = _TYPES[media_type]
        content: bytes = renderer().render(generator().get_schema(request=None, public=True), renderer_context={})
        return content
