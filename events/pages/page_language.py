"""Which language a page is in: what its address says (`?language=de`), else what the browser asks for.

No cookie remembers a choice: links, forms and redirects of a page carry it on.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import parse_qs

from omnify.common.asgi_types import Scope
from omnify.common.languages import DEFAULT, OFFERED, Language, language, supported, wished


class PageLanguage(NamedTuple):
    """A page's language, and what its links have behind their path to keep it: empty unless it was chosen."""

    language: Language
    carried: str = ""

    def path(self, path: str) -> str:
        """Returns an address of this site in the same language. `path` may have a query."""
        return f"{path}&{self.carried[1:]}" if self.carried and "?" in path else f"{path}{self.carried}"


_ASKED = {code: PageLanguage(language(code)) for code in OFFERED}
_CHOSEN = {code: PageLanguage(language(code), f"?language={code}") for code in OFFERED}
# What leads to the same page in each language, at the foot of all.
SWITCH = [{"code": code, "name": name, "direction": language(code).direction} for code, name in OFFERED.items()]


def page_language(scope: Scope) -> PageLanguage:
    """Returns the language of the page that a request asks for (about a microsecond)."""
    query: bytes = scope.get("query_string", b"")
    if b"language=" in query:
        chosen = supported(parse_qs(query.decode("latin-1")).get("language", [""])[0])
        if chosen:
            return _CHOSEN[chosen]
    for name, value in scope["headers"]:
        if name == b"accept-language":
            return _ASKED[wished(value.decode("latin-1"))]
    return _ASKED[DEFAULT]
