"""The languages of pages and mails: which there are, which one a person wishes, and how each says texts and numbers.

Texts stand in the code in English. `language("de").gettext("Sold out")` looks one up in `omnify/locale/de`; a text that
stands apart from its use is marked for the catalogues with `N_`. docs/languages.md tells how a text is added.
"""

from __future__ import annotations

from omnify.common.languages.language import Language, language
from omnify.common.languages.wish import DEFAULT, OFFERED, supported, wished

__all__ = ["DEFAULT", "NN_", "N_", "OFFERED", "Language", "language", "supported", "wished"]


def N_(text: str) -> str:  # noqa: N802 - the name that gettext's tools know
    """Marks a text for the catalogues and returns it as it is: it is translated where it is shown."""
    return text


def NN_(one: str, many: str) -> tuple[str, str]:  # noqa: N802 - as N_
    """Marks a text whose form a number decides, and returns both of its English forms."""
    return one, many
