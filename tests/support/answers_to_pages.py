"""Which answers the pages of one browser may get.

A page asks by itself: it loads lists, and looks again every few seconds. Such a request may be under way when its
person ends the session or deletes what it asks for, and is refused with good reason. So what is allowed depends on what
the browser has sent before.
"""

from __future__ import annotations

from urllib.parse import urlsplit

SIGN_IN, SIGN_OUT = "/console/login", "/console/logout"


class AnswersToPages:
    """Collects as `trouble` each answer of 400 and above that is none of `refusals`, and not to be expected.

    Expected are: 401 from the moment that the session ends, until the next sign-in; and 404 for everything under an
    address from the moment that it is deleted.
    """

    def __init__(self, refusals: tuple[int, ...] = ()) -> None:
        self._refusals = refusals
        self._signed_out = False
        self._deleted: list[str] = []
        self.trouble: list[str] = []

    def session_ends(self) -> None:
        """The session is about to end."""
        self._signed_out = True

    def asked(self, method: str, url: str) -> None:
        """Takes note of a request, before it reaches the service."""
        path = urlsplit(url).path
        if method == "POST" and path in (SIGN_IN, SIGN_OUT):
            self._signed_out = path == SIGN_OUT
        elif method == "DELETE":
            self._deleted.append(path)

    def answered(self, method: str, url: str, status: int) -> None:
        """Judges an answer."""
        if status >= 400 and status not in self._refusals and not self._expected(urlsplit(url).path, status):
            self.trouble.append(f"{status} {method} {url}")

    def _expected(self, path: str, status: int) -> bool:
        gone = any(path == deleted or path.startswith(f"{deleted}/") for deleted in self._deleted)
        return (status == 401 and self._signed_out) or (status == 404 and gone)
