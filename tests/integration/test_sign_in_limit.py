"""Attempts to sign in are counted before they are checked, by address and by account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from events.admission import sign_ins
from omnify.urls import admin_paths
from tests.support.in_process.api import organizer
from tests.support.in_process.outages import redis_out_of_reach

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "correct horse battery"
PER_ACCOUNT, PER_ADDRESS = 3, 5


@pytest.fixture(autouse=True)
def cheap_and_few(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many passwords are tried here, and the limits are lower than those of the service."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    assert (sign_ins.PER_ACCOUNT, sign_ins.PER_ADDRESS) == (10, 20)
    monkeypatch.setattr(sign_ins, "PER_ACCOUNT", PER_ACCOUNT)
    monkeypatch.setattr(sign_ins, "PER_ADDRESS", PER_ADDRESS)


@pytest.fixture
def admin_user(db: None) -> User:
    return User.objects.create_superuser("boss", password=PASSWORD)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Passwords that were hashed."""
    seen: list[str] = []

    def note(password: str, *args: Any, **kwargs: Any) -> bool:
        seen.append(password)
        return check_password(password, *args, **kwargs)

    monkeypatch.setattr("django.contrib.auth.base_user.check_password", note)
    return seen


def sign_in(password: str, *, name: str = "boss", address: str = "192.0.2.1") -> Any:
    fields = {"username": name, "password": password, "next": "/admin/"}
    return Client(REMOTE_ADDR=address).post("/admin/login/", fields)


def test_an_account_is_guessed_at_a_few_times_from_anywhere(admin_user: User, hashed: list[str]) -> None:
    answers = [sign_in(f"wrong {n}", address=f"192.0.2.{n}") for n in range(PER_ACCOUNT + 3)]
    assert [answer.status_code for answer in answers] == [200] * PER_ACCOUNT + [429] * 3
    assert answers[-1].json()["code"] == "rate_limited"
    assert 0 < int(answers[-1]["Retry-After"]) <= 900
    assert len(hashed) == PER_ACCOUNT
    # Other letters are no other account, and the right password does not get in either.
    assert sign_in(PASSWORD, name=" BOSS ", address="192.0.2.99").status_code == 429
    assert sign_in("wrong", name="another account", address="192.0.2.99").status_code == 200


def test_another_spelling_of_an_account_is_no_other_account(admin_user: User) -> None:
    # Wide, mathematical and circled letters, which Django reads as `boss` too.
    spellings = ["boss", "ｂoss", "b\U0001d428ss", "bo\U0001d600s", "bos\u24e2", "ＢＯＳＳ"]
    answers = [sign_in("wrong", name=name, address=f"192.0.2.{n}") for n, name in enumerate(spellings)]
    assert [answer.status_code for answer in answers] == [200] * PER_ACCOUNT + [429] * 3


def test_what_is_past_the_limit_asks_no_database(admin_user: User) -> None:
    for number in range(PER_ACCOUNT):
        sign_in(f"wrong {number}")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert sign_in("wrong again").status_code == 429
    assert len(queries) == 0


def test_an_address_tries_a_few_times_at_whatever_account(admin_user: User) -> None:
    answers = [sign_in("wrong", name=f"user {n}") for n in range(PER_ADDRESS + 1)]
    assert [answer.status_code for answer in answers] == [200] * PER_ADDRESS + [429]
    assert sign_in(PASSWORD).status_code == 429
    assert sign_in(PASSWORD, address="192.0.2.2").status_code == 302


def test_good_sign_ins_do_not_count(admin_user: User, redis_client: redis.Redis) -> None:
    answers = [sign_in(PASSWORD) for _ in range(PER_ADDRESS + 5)]
    assert {answer.status_code for answer in answers} == {302}


def test_where_an_operator_has_signed_in_before_others_cannot_lock_them_out(admin_user: User) -> None:
    assert sign_in(PASSWORD, address="192.0.2.7").status_code == 302
    for number in range(PER_ACCOUNT + 1):
        last = sign_in("wrong", address=f"198.51.100.{number}")
    assert last.status_code == 429
    assert sign_in(PASSWORD, address="192.0.2.7").status_code == 302


def test_being_signed_in_gives_no_more_guesses_at_another_account(admin_user: User) -> None:
    browser = Client()
    browser.force_login(admin_user)
    fields = {"username": "other", "password": "wrong", "next": "/admin/"}
    answers = [browser.post("/admin/login/", fields).status_code for _ in range(PER_ACCOUNT + 1)]
    assert answers[-1] == 429


def test_a_session_left_open_gives_a_few_guesses_at_the_old_password(admin_user: User, hashed: list[str]) -> None:
    browser, path = Client(), "/admin/password_change/"
    assert browser.post(path, {"old_password": PASSWORD}).status_code == 302, "to the sign-in"
    browser.force_login(admin_user)
    assert browser.get(path).status_code == 200
    new = {"new_password1": "a new battery", "new_password2": "a new battery"}
    answers = [browser.post(path, {"old_password": f"wrong {n}", **new}) for n in range(PER_ACCOUNT + 2)]
    assert [answer.status_code for answer in answers] == [200] * PER_ACCOUNT + [429] * 2
    assert len(hashed) == PER_ACCOUNT
    assert browser.post(path, {"old_password": PASSWORD, **new}).status_code == 429
    admin_user.refresh_from_db()
    assert check_password(PASSWORD, admin_user.password)


def test_the_console_is_limited_by_address_and_says_so_on_its_page(redis_client: redis.Redis) -> None:
    token = organizer().token
    for number in range(PER_ADDRESS):
        assert Client().post("/console/login", {"token": f"omn_{number}"}).status_code == 403
    refused = Client().post("/console/login", {"token": token})
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 900
    assert "Too many attempts" in refused.content.decode()
    assert Client(REMOTE_ADDR="192.0.2.2").post("/console/login", {"token": token}).status_code == 302


def test_an_attempt_that_cannot_be_counted_is_not_made(admin_user: User, hashed: list[str]) -> None:
    with redis_out_of_reach():
        client = Client(raise_request_exception=False)
        answer = client.post("/admin/login/", {"username": "boss", "password": PASSWORD})
    assert answer.status_code == 503
    assert hashed == []


def test_an_admin_that_is_off_has_no_address() -> None:
    assert admin_paths(on=False) == []
    # The limit comes before Django's own view.
    limited = ["admin/login/", "admin/password_change/"]
    assert [str(path.pattern) for path in admin_paths(on=True)] == ["admin", *limited, "admin/"]
