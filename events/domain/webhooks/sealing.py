"""Secrets at rest. Whoever reads the database without the service's SECRET_KEY cannot sign with what it holds.

What an older secret has sealed can be opened for as long as that secret is known; then it is unreadable, and rotating a
webhook's secret gives it a new one.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken

from events.domain.keyring import Keyring, Purpose, subkey


class CannotOpen(Exception):
    """It was sealed under a key that is not known, or it is damaged."""


class Sealer:
    """Seals short texts under the current secret, and opens what it or an older one has sealed."""

    __slots__ = ("_keys",)

    def __init__(self, secret: str, *older: str) -> None:
        self._keys = Keyring(_fernet, (secret, *older))

    def seal(self, text: str) -> str:
        """The form that may be stored."""
        return self._keys.current.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """The text. Raises CannotOpen."""
        for fernet in self._keys:
            try:
                return fernet.decrypt(sealed.encode()).decode()
            except InvalidToken:
                continue
        raise CannotOpen

    def reseal(self, sealed: str) -> str | None:
        """The same text sealed under the current secret; None if it is already. Raises CannotOpen."""
        try:
            self._keys.current.decrypt(sealed.encode())
        except InvalidToken:
            return self.seal(self.open(sealed))
        return None


def _fernet(secret: str) -> Fernet:
    return Fernet(urlsafe_b64encode(subkey(secret, Purpose.WEBHOOK_SECRETS)))
