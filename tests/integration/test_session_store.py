"""Sessions end by themselves: unused after a while, used after a longer one, and neither by the browser's word."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from events.services.session_store import ADMIN, BEGAN, CONSOLE, SEEN, Limits, is_over
from tests.support.in_process.api import organizer
from tests.support.in_process.console import signed_in

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def cheap_hashes(settings: Any) -> None:
    """Slow ones are what protects passwords, and not what is tried here."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


class Clock:
    def __init__(self) -> None:
        self.now = 2_000_000_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    made = Clock()
    monkeypatch.setattr("events.services.session_store.time", made)
    yield made


def operator() -> Client:
    User.objects.create_superuser("operator", password=PASSWORD)
    client = Client()
    client.post("/admin/login/", {"username": "operator", "password": PASSWORD})
    return client


@pytest.mark.parametrize(("where", "limits"), [("/console", CONSOLE), ("/admin/", ADMIN)])
def test_an_unused_session_ends(clock: Clock, where: str, limits: Limits) -> None:
    client = signed_in(organizer()) if where == "/console" else operator()
    clock.now += limits.idle - 1
    assert client.get(where).status_code == 200
    clock.now += limits.idle - 1
    assert client.get(where).status_code == 200, "the use before counts"
    clock.now += limits.idle + 1
    assert client.get(where).status_code == 302


@pytest.mark.parametrize(("where", "limits"), [("/console", CONSOLE), ("/admin/", ADMIN)])
def test_a_session_ends_however_much_it_is_used(clock: Clock, where: str, limits: Limits) -> None:
    client = signed_in(organizer()) if where == "/console" else operator()
    for _ in range(limits.whole // 1200 - 1):
        clock.now += 1200
        assert client.get(where).status_code == 200
    clock.now += 1201
    assert client.get(where).status_code == 302


def test_a_session_of_an_earlier_release_is_over(clock: Clock) -> None:
    assert is_over({"organizer_token": 1}, now=clock.now)
    assert is_over({BEGAN: clock.now + 60, SEEN: clock.now}, now=clock.now), "no session begins tomorrow"


def test_the_use_is_written_down_once_a_minute(clock: Clock) -> None:
    client = signed_in(organizer())
    clock.now += 50
    assert settings.SESSION_COOKIE_NAME not in client.get("/console").cookies
    clock.now += 11
    assert settings.SESSION_COOKIE_NAME in client.get("/console").cookies


def test_signing_in_to_the_admin_begins_another_session() -> None:
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store["planted"] = "yes"
    store.save()
    User.objects.create_superuser("operator", password=PASSWORD)
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = store.session_key
    client.post("/admin/login/", {"username": "operator", "password": PASSWORD})
    assert client.cookies[settings.SESSION_COOKIE_NAME].value not in ("", store.session_key)
    assert not Session.objects.filter(session_key=store.session_key).exists()
    assert client.get("/admin/").status_code == 200


def test_signing_out_of_the_admin_ends_the_session_for_good() -> None:
    client = operator()
    kept = client.cookies[settings.SESSION_COOKIE_NAME].value
    client.post("/admin/logout/")
    client.cookies[settings.SESSION_COOKIE_NAME] = kept
    assert client.get("/admin/").status_code == 302


def test_a_weak_password_is_refused() -> None:
    client = operator()
    for password in ("short", "password1234", "12345678901234", "operator-two", PASSWORD):
        assert not User.objects.filter(username="operator-two").exists()
        sent = {"username": "operator-two", "password1": password, "password2": password, "usable_password": "true"}
        client.post("/admin/auth/user/add/", sent)
    assert User.objects.filter(username="operator-two").exists()
