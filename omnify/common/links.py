"""Links in responses: absolute with `PUBLIC_URL`, relative without it.

A relative link works behind any proxy. A request's own Host and scheme come from the client, so no link contains them.
"""

from __future__ import annotations

from django.conf import settings


def link(path: str) -> str:
    """Returns the URL of one of the service's paths."""
    return f"{settings.ENV.public_url}{path}"
