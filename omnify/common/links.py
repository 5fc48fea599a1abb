"""Links in answers.

They are relative, so that whatever stands in front keeps its own scheme and name; or they start with `PUBLIC_URL`. What
a request says of its host or scheme is the client's word, and is in no link.
"""

from __future__ import annotations

from django.conf import settings


def link(path: str) -> str:
    """The address of a path of ours, for clients and people."""
    return f"{settings.ENV.public_url}{path}"
