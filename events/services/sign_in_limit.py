"""The limit on attempts to sign in, by address and by account, for the console and for the admin."""

from __future__ import annotations

import unicodedata

from django.http import HttpRequest

from events.admission.sign_ins import begin_sign_in, sign_in_worked
from events.secrets import tickets
from events.services.audit import address_of
from omnify.common.clients import redis_client
from omnify.common.logs import get_logger

logger = get_logger(__name__)


class TooManySignIns(Exception):
    """This address or account must wait for `seconds`; no credential was checked."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many attempts to sign in. Try again in {seconds} seconds.")
        self.seconds = seconds


class SignInAttempt:
    """One attempt. `where` keeps console and admin apart; `account` is empty where only a token is asked for."""

    def __init__(self, request: HttpRequest, *, where: str, account: str = "") -> None:
        digest, address = tickets().address_digest, address_of(request)
        # As Django reads it, for which wide letters are plain ones: each spelling would have a limit of its own.
        name = unicodedata.normalize("NFKC", account.strip()).casefold()[:200]
        self._where = where
        self._digests = {
            "address": digest(f"{where} address {address}"),
            "account": digest(f"{where} account {name}") if name else "",
            "both": digest(f"{where} both {address} {name}"),
        }

    def begin(self) -> None:
        """Counts the attempt; call it before anything is checked.

        Raises:
            TooManySignIns: the limit is reached.
            redis.exceptions.RedisError: it cannot be counted, so it must be refused.
        """
        seconds = begin_sign_in(redis_client(), **self._digests)
        if seconds:
            logger.throttled_warning("sign-ins limited", where=self._where, seconds=seconds)
            raise TooManySignIns(seconds)

    def worked(self) -> None:
        """Uncounts the attempt, because it succeeded."""
        sign_in_worked(redis_client(), **self._digests)
