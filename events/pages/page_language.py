"""Which language a page is in: what its address says (`?language=de`), else what the browser asks for.

No cookie remembers a choice: links, forms and redirects of a page carry it on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qs

from omnify.common.asgi_types import Scope
from omnify.common.languages import DEFAULT, OFFERED, Language, language, supported, wished


# Compared by identity, as keys of caches: there is one for each language, asked for or chosen.
@dataclass(frozen=True, slots=True, eq=False)
class PageLanguage:
    """A page's language, and what its links have behind their path to keep it: empty unless it was chosen."""

    language: Language
    carried: str = ""

    def path(self, path: str) -> str:
        """Returns an address of this site in the same language. `path` may have a query."""
        return f"{path}&{self.carried[1:]}" if self.carried and "?" in path else f"{path}{self.carried}"


_ASKED = {code: PageLanguage(language(code)) for code in OFFERED}
# Of pages that are in English only, whatever is asked for.
ENGLISH = _ASKED[DEFAULT]
_CHOSEN = {code: PageLanguage(language(code), f"?language={code}") for code in OFFERED}
# Of an Accept-Language, in bytes: longer ones are not kept, nor read to their end.
_LONGEST = 512
# What leads to the same page in each language, at the foot of all.
SWITCH = [{"code": code, "name": name, "direction": language(code).direction} for code, name in OFFERED.items()]


def page_language(scope: Scope) -> PageLanguage:
    """Returns the language of the page that a request asks for (about half a microsecond)."""
    query = scope.get("query_string")
    if query and b"language=" in query:
        chosen = supported(parse_qs(query.decode("latin-1")).get("language", [""])[0])
        if chosen:
            return _CHOSEN[chosen]
    for name, value in scope["headers"]:
        if name == b"accept-language":
            return _asked(value[:_LONGEST])
    return _ASKED[DEFAULT]


def language_of(chosen: str, wish: str) -> PageLanguage:
    """Returns the same for a page of Django, from `language` in its address and its `Accept-Language`."""
    code = supported(chosen)
    return _CHOSEN[code] if code else _asked(wish.encode("latin-1", "replace")[:_LONGEST])


@lru_cache(maxsize=1024)
def _asked(header: bytes) -> PageLanguage:
    return _ASKED[wished(header.decode("latin-1"))]
