"""Secrets at rest. Whoever reads the database without the service's SECRET_KEY cannot sign with what it holds.

Another SECRET_KEY makes them unreadable: rotating a webhook's secret gives it a new one.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import blake2b

from cryptography.fernet import Fernet, InvalidToken


class CannotOpen(Exception):
    """It was sealed under another key, or it is damaged."""


class Sealer:
    """Seals and opens short texts under one secret."""

    __slots__ = ("_fernet",)

    def __init__(self, secret: str) -> None:
        key = blake2b(secret.encode(), digest_size=32, person=b"webhook secrets").digest()
        self._fernet = Fernet(urlsafe_b64encode(key))

    def seal(self, text: str) -> str:
        """The form that may be stored."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """The text. Raises CannotOpen."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as problem:
            raise CannotOpen from problem
