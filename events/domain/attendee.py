"""What a name and an e-mail address must look like, and when two addresses are one mailbox.

The address rule is the HTML standard's (`https://html.spec.whatwg.org/#valid-e-mail-address`) with three changes: the
domain needs a dot and a top level that is not a number, its labels may be in any script, and domains that IDNA 2008
forbids are refused, in either spelling.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import idna

from events.domain.text import CONTROL, LINE_MAX, clean_line, fold

NAME_MAX = LINE_MAX
EMAIL_MAX = 254
_LOCAL_MAX = 64

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = rf"(?:{_LABEL}\.)+(?![0-9]+$)[A-Za-z0-9](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])"
_ASCII_DOMAIN = re.compile(_DOMAIN)
_EMAIL = re.compile(rf"{_LOCAL.pattern}@{_DOMAIN}")
# Joiners belong to domains in Persian and in scripts of India; IDNA says where.
_JOINERS = str.maketrans("", "", "\u200c\u200d")


def clean_name(value: str) -> str:
    """Removes surrounding white space, and normalises to NFC.

    Raises:
        ValueError: with a sentence for people.
    """
    return clean_line(value, longest=NAME_MAX)


def clean_email(value: str) -> str:
    """Removes surrounding white space, and normalises to NFC; the spelling stays.

    Raises:
        ValueError: with a sentence for people.
    """
    if _is_plain(value):
        return value
    email = value.strip()
    if len(email) > EMAIL_MAX:
        raise ValueError(f"At most {EMAIL_MAX} characters.")
    # `strip` would also remove line breaks, which are more than a typing error.
    if CONTROL.search(value):
        raise ValueError("Enter a valid e-mail address.")
    if not email.isascii() or "xn--" in email.lower():
        return _clean_international(unicodedata.normalize("NFC", email))
    if not _is_plain(email):
        raise ValueError("Enter a valid e-mail address.")
    return email


def _is_plain(email: str) -> bool:
    """Tells whether it is a valid address in ASCII, without blanks around it, and not in the spelling of IDNA."""
    return (
        _EMAIL.fullmatch(email) is not None
        and len(email) <= EMAIL_MAX
        and email.index("@") <= _LOCAL_MAX
        and "xn--" not in email.lower()
    )


def _clean_international(email: str) -> str:
    local, _, domain = email.rpartition("@")
    seen = domain.translate(_JOINERS).isprintable()
    key_domain = _ascii_domain(domain) if seen else ""
    if not key_domain or len(local) > _LOCAL_MAX or not _LOCAL.fullmatch(local):
        raise ValueError("Enter a valid e-mail address.")
    if len(local) + 1 + len(key_domain) > EMAIL_MAX:
        raise ValueError(f"At most {EMAIL_MAX} characters, with the domain as the mail system writes it.")
    return email


def email_key(email: str) -> str:
    """Returns the mailbox's key. Two addresses with the same key are the same person to an event.

    Letter case does not count, and the domain goes through IDNA (UTS #46, non-transitional): `Anna@Müller.de` and
    `anna@xn--mller-kva.de` are one. Dots and `+` stay as written. ASCII, the common case, costs no look-up.
    """
    lower = email.lower()
    if lower.isascii() and "xn--" not in lower:
        return lower
    local, _, domain = lower.rpartition("@")
    # An older release accepted domains that IDNA does not know: their keys stay as they were.
    return f"{local}@{_ascii_domain(unicodedata.normalize('NFC', domain)) or domain}"


def email_spellings(email: str) -> tuple[str, ...]:
    """Lists what people may search for: the address as it is, and with its domain in letters and in ASCII."""
    if email.isascii() and "xn--" not in email.lower():
        return (email,)
    key = email_key(email)
    local, _, domain = key.rpartition("@")
    return tuple(dict.fromkeys((email, key, f"{local}@{_unicode_domain(domain)}")))


def mailbox_keys(key: str) -> tuple[str, ...]:
    """Lists every `email_key` that the ledger may have for a mailbox: older releases kept domains in letters."""
    return email_spellings(key)


def guest_search_key(name: str, email: str) -> str | None:
    """Returns what a search for a registration looks in (`events.domain.text.search_key`)."""
    lower = email.lower()
    if not email.isascii() or "xn--" in lower:
        return "\n".join(map(fold, (name, *email_spellings(email))))
    return None if name.isascii() and "  " not in name else f"{fold(name)}\n{lower}"


@lru_cache(maxsize=4096)
def _ascii_domain(domain: str) -> str:
    """Converts the domain to lower-case ASCII (about 30 µs, cached); an empty text if it is not a domain."""
    try:
        found = idna.encode(domain, uts46=True, std3_rules=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return ""
    return found if _ASCII_DOMAIN.fullmatch(found) else ""


@lru_cache(maxsize=4096)
def _unicode_domain(domain: str) -> str:
    try:
        return idna.decode(domain)
    except (idna.IDNAError, UnicodeError):
        return domain
