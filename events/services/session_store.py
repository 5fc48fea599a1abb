"""Sessions in the database that expire: some time after they began, and sooner when they are not used.

`_began` and `_seen` are times in seconds. The limits are checked where a session is read, so they apply to every view;
its use is stored once a minute at most. The admin's sessions are shorter than the console's, which stays open at
an entrance for an evening.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.http import HttpRequest

BEGAN, SEEN = "_began", "_seen"
_STEP_SECONDS = 60


class Limits(NamedTuple):
    """How long a session lasts, in seconds: without being used, and in total."""

    idle: int
    whole: int


CONSOLE = Limits(idle=2 * 3600, whole=12 * 3600)
ADMIN = Limits(idle=30 * 60, whole=8 * 3600)


def is_over(data: dict[str, Any], *, now: float) -> bool:
    """Tells whether a session with this data has expired; True if the data does not say when it began."""
    limits = ADMIN if SESSION_KEY in data else CONSOLE
    began, seen = data.get(BEGAN, 0), data.get(SEEN, 0)
    return not (now - limits.whole < began <= now and seen > now - limits.idle)


def begin_session(request: HttpRequest, limits: Limits) -> None:
    """Starts a session's time now: a sign-in gets all of it, whatever session the browser had before."""
    session: Any = request.session
    session[BEGAN] = session[SEEN] = time.time()
    session.set_expiry(limits.whole)
    # Signing in is rare, and so the time to remove what ended by itself.
    session.clear_expired()


class SessionStore(db.SessionStore):
    """Django's session store, with the two limits."""

    def load(self) -> dict[str, Any]:
        """Returns the data; none of an expired session."""
        return self._current(super().load())

    async def aload(self) -> dict[str, Any]:
        """Returns the same."""
        return self._current(await super().aload())

    def encode(self, session_dict: dict[str, Any]) -> str:
        """Encodes what is stored; a session that did not begin with a sign-in begins when it is first written."""
        now = time.time()
        return super().encode({BEGAN: now, SEEN: now, **session_dict})

    def _current(self, data: dict[str, Any]) -> dict[str, Any]:
        now = time.time()
        if not data or is_over(data, now=now):
            # What is written from now on belongs to a new session.
            self._session_key = None
            return {}
        if data[SEEN] < now - _STEP_SECONDS:
            data[SEEN] = now
            self.modified = True
        return data
