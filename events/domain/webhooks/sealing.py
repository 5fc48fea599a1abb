"""Encrypts webhook secrets at rest: without the service's SECRET_KEY, a copy of the database cannot sign messages.

A text sealed under an older SECRET_KEY can be opened while that key is in SECRET_KEY_FALLBACKS. After that it is
unreadable, until the webhook's secret is rotated.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken

from events.domain.keyring import Keyring, Purpose, subkey


class CannotOpen(Exception):
    """The text was sealed under an unknown key, or is damaged."""


class Sealer:
    """Seals short texts under the current secret, and opens texts sealed under it or an older one."""

    __slots__ = ("_keys",)

    def __init__(self, secret: str, *older: str) -> None:
        self._keys = Keyring(_fernet, (secret, *older))

    def seal(self, text: str) -> str:
        """Encrypts `text` for storage."""
        return self._keys.current.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Decrypts a sealed text. Raises CannotOpen."""
        for fernet in self._keys:
            try:
                return fernet.decrypt(sealed.encode()).decode()
            except InvalidToken:
                continue
        raise CannotOpen

    def reseal(self, sealed: str) -> str | None:
        """Seals the text under the current secret; returns None if it is already. Raises CannotOpen."""
        try:
            self._keys.current.decrypt(sealed.encode())
        except InvalidToken:
            return self.seal(self.open(sealed))
        return None


def _fernet(secret: str) -> Fernet:
    return Fernet(urlsafe_b64encode(subkey(secret, Purpose.WEBHOOK_SECRETS)))
