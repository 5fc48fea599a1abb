"""Signing in to the console with Django's test client."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from tests.support.in_process.api import Caller

_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def csrf(page: Any) -> str:
    """The CSRF token in a page's form."""
    found = _CSRF.search(page.content.decode())
    assert found
    return found[1]


def signed_in(caller: Caller, **fields: str) -> Client:
    """A browser after signing in, with CSRF checks as for real browsers."""
    client = Client(enforce_csrf_checks=True)
    form = client.get("/console/login")
    answer = sign_in(client, csrf(form), caller.token or "", **fields)
    assert answer.status_code == 302, answer.content
    return client


def sign_in(client: Client, token: str, secret: str, **fields: str) -> Any:
    return client.post("/console/login", {"csrfmiddlewaretoken": token, "token": secret, **fields})
