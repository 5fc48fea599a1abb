"""The console in an organizer's language: every screen whole, and the language carried on without a cookie."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from omnify.common.languages import OFFERED
from tests.support.in_process.api import organizer
from tests.support.in_process.console import csrf, sign_in, signed_in

pytestmark = pytest.mark.django_db(transaction=True)

SIGN_IN = {"en": "Sign in", "de": "Einloggen", "fr": "Se connecter", "es": "Iniciar sesión", "ja": "ログイン"}
# Links within the console and to the public page. The language's own links say another.
_LINKS = re.compile(r'(?:href|action)="(/(?:console|e/)[^"]*)"')


@pytest.mark.parametrize("code", OFFERED)
def test_the_sign_in_is_in_the_browsers_language_or_in_that_of_its_address(code: str) -> None:
    wished = Client().get("/console/login", headers={"accept-language": f"nl, {code}-XY;q=0.9, en;q=0.1"})
    chosen = Client().get(f"/console/login?language={code}", headers={"accept-language": "fr, de;q=0.5"})
    for page in (wished, chosen):
        assert f'<html lang="{code}" dir="ltr">' in page.content.decode()
        assert f">{SIGN_IN[code]}</button>" in page.content.decode()
        assert "Accept-Language" in page["Vary"]
    for other in OFFERED.keys() - {code}:
        assert f'href="?language={other}"' in chosen.content.decode()


def test_what_was_chosen_is_carried_through_the_sign_in_and_out() -> None:
    client = Client(enforce_csrf_checks=True)
    asked = client.get("/console/events/7?language=de")
    assert asked["Location"] == "/console/login?next=%2Fconsole%2Fevents%2F7&language=de"
    form = client.get(asked["Location"])
    assert 'href="?next=%2Fconsole%2Fevents%2F7&amp;language=fr"' in form.content.decode()
    tried = {"csrfmiddlewaretoken": csrf(form), "token": "omn_no", "next": "/console/events/7"}
    wrong = client.post("/console/login?language=de", tried)
    assert 'href="?next=%2Fconsole%2Fevents%2F7&amp;language=fr"' in wrong.content.decode()
    assert "unbekannt, abgelaufen oder widerrufen" in wrong.content.decode()
    caller = organizer()
    data = {"csrfmiddlewaretoken": csrf(form), "token": caller.token, "next": "/console/events/7"}
    assert client.post("/console/login?language=de", data)["Location"] == "/console/events/7?language=de"
    page = client.get("/console/webhooks?language=de")
    out = client.post("/console/logout?language=de", {"csrfmiddlewaretoken": csrf(page)})
    assert out["Location"] == "/console/login?language=de"


def test_too_many_attempts_are_said_in_the_language() -> None:
    client = Client(enforce_csrf_checks=True)
    form = client.get("/console/login?language=es")
    for _ in range(40):
        answer = client.post("/console/login?language=es", {"csrfmiddlewaretoken": csrf(form), "token": "omn_no"})
        if answer.status_code == 429:
            break
    assert re.search(r"Demasiados intentos de inicio de sesión\. Inténtelo de nuevo en \d+ ", answer.content.decode())


@pytest.mark.parametrize(
    "path",
    [
        *("/console", "/console/events/new", "/console/tokens", "/console/audit", "/console/webhooks/1"),
        *(f"/console/events/1{part}" for part in ("", "/edit", "/attendees", "/codes", "/mails", "/check-in")),
    ],
)
def test_every_link_of_a_screen_keeps_the_language(path: str) -> None:
    client = signed_in(organizer())
    page = client.get(f"{path}?language=ja").content.decode()
    links = _LINKS.findall(page)
    assert len(links) > 5
    assert [link for link in links if not link.endswith("language=ja")] == []
    # A wish goes with every request by itself.
    assert "language=" not in "".join(
        _LINKS.findall(client.get(path, headers={"accept-language": "ja"}).content.decode())
    )


def test_a_screen_contains_what_its_scripts_say_in_its_language_and_only_that() -> None:
    client = signed_in(organizer())
    events, audit = (client.get(f"/console{part}?language=de").content.decode() for part in ("", "/audit"))
    assert '<p data-code="none">Noch keine Veranstaltungen. Eine anzulegen dauert zwei Minuten.</p>' in events
    assert '<p data-code="There is no such event.">' not in events  # it has a code
    assert '<p data-code="event_not_found">Diese Veranstaltung gibt es nicht.</p>' in events
    assert '<p data-code="token_created">Token erstellt</p>' in audit
    assert "token_created" not in events
    # What the service says is English: there is nothing to look up.
    assert "event_not_found" not in client.get("/console").content.decode()


def test_the_app_of_the_entrance_opens_in_its_language() -> None:
    found = Client().get("/console/events/7/check-in/app.webmanifest?language=de").json()
    assert found["name"] == "Einlass, Veranstaltung 7"
    assert (found["lang"], found["dir"]) == ("de", "ltr")
    assert found["start_url"] == "/console/events/7/check-in?language=de"
    assert found["id"] == found["scope"] == "/console/events/7/check-in"


def test_a_token_that_may_not_is_told_so_in_the_language() -> None:
    caller = organizer()
    made = caller.post("/tokens", {"label": "Gate", "scope": "check-in"}).json()["data"]["token"]
    client = Client(enforce_csrf_checks=True)
    sign_in(client, csrf(client.get("/console/login")), made)
    answer = client.get("/console/tokens?language=fr")
    assert answer.status_code == 403
    assert "Pas avec ce jeton" in answer.content.decode()
