"""Hashing passwords without a database connection in hand.

It takes the better part of a second, on purpose. A sign-in that kept its connection meanwhile would keep it from all
other requests, and the web processes have few where PostgreSQL is small.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection


class Hasher(PBKDF2PasswordHasher):
    """Django's, with the same hashes. Outside a transaction the thread's connection is closed first."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> Any:
        """Hashes a new password, or one to be checked. The next query opens another connection."""
        if not connection.in_atomic_block:
            connection.close()
        return super().encode(password, salt, iterations)
