"""Every path that Django answers. The hot ones are answered before Django, by the door in `omnify.asgi`."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
]
