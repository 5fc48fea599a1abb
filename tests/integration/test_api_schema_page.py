"""The page that shows the OpenAPI document: it needs no internet."""

from __future__ import annotations

import re

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_page_loads_nothing_from_elsewhere() -> None:
    page = Client().get("/docs")
    assert page.status_code == 200
    policy = page["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
    links = re.findall(r'(?:src|href)="([^"]+)"', page.content.decode())
    assert len(links) >= 4
    for link in links:
        assert link.startswith("/"), link
        # The guides are no views of Django's (`events.pages.guides`).
        assert link.startswith("/docs/") or Client().get(link.replace("&amp;", "&")).status_code == 200, link


def test_the_page_sends_the_schema_to_no_validator() -> None:
    script = Client().get("/docs?script=").content.decode()
    assert '"validatorUrl": null' in script
    assert "/schema" in script


def test_a_strange_version_does_not_break_the_page() -> None:
    for path in ("/schema?version=%0d%0aX:1", "/docs?version=%0d%0a%22", "/docs?script=&version=%3C/script%3E"):
        answer = Client().get(path)
        assert answer.status_code == 200
        assert b"</script>X" not in answer.content
