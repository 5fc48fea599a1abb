"""While a password is hashed, its request keeps no database connection from others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import hashers
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client

pytestmark = pytest.mark.django_db(transaction=True)

FIELDS = {"username": "boss", "password": "correct horse battery", "next": "/admin/"}


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Whether this thread had a connection, for each time that a password was hashed."""
    seen: list[bool] = []

    def note(*args: Any, **kwargs: Any) -> bytes:
        seen.append(connection.connection is not None)
        return b"hash of " + str(args[0]).encode()

    monkeypatch.setattr(hashers, "pbkdf2", note)
    return seen


@pytest.mark.parametrize("known", [True, False])
def test_a_sign_in_has_no_connection_while_it_hashes(connected: list[bool], known: bool) -> None:
    if known:
        User.objects.create_superuser("boss", password=FIELDS["password"])
        connected.clear()
    connection.ensure_connection()
    answer = Client().post("/admin/login/", FIELDS)
    assert answer.status_code == (302 if known else 200)
    assert connected == [False]


def test_a_transaction_keeps_its_connection(connected: list[bool]) -> None:
    with transaction.atomic():
        User.objects.create_superuser("boss", password=FIELDS["password"])
        assert connected == [True]
    assert User.objects.count() == 1


def test_hashes_are_those_of_django() -> None:
    made = hashers.PBKDF2PasswordHasher().encode("secret", "salt", 2)
    assert hashers.get_hasher().encode("secret", "salt", 2) == made
    assert hashers.check_password("secret", made)
