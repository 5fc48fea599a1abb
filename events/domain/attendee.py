"""What a name and an e-mail address must look like, and when two addresses are the same.

The address rule is the HTML standard's (`https://html.spec.whatwg.org/#valid-e-mail-address`) with two changes:
the domain needs a dot and a top level that is not a number, and its labels may be in any script.
"""

from __future__ import annotations

import re

NAME_MAX = 255
EMAIL_MAX = 254
_LOCAL_MAX = 64

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_EMAIL = re.compile(rf"{_LOCAL}@(?:{_LABEL}\.)+(?!\d+$)[^\W_](?:[\w-]{{0,61}}[^\W_])")


def clean_name(value: str) -> str:
    """The name without surrounding white space.

    Raises:
        ValueError: with a sentence for people.
    """
    if _CONTROL.search(value):
        raise ValueError("Control characters are not allowed.")
    name = value.strip()
    if not name:
        raise ValueError("This field may not be blank.")
    if len(name) > NAME_MAX:
        raise ValueError(f"At most {NAME_MAX} characters.")
    return name


def clean_email(value: str) -> str:
    """The address without surrounding white space, in the case it was given in.

    Raises:
        ValueError: with a sentence for people.
    """
    email = value.strip()
    if len(email) > EMAIL_MAX:
        raise ValueError(f"At most {EMAIL_MAX} characters.")
    if _CONTROL.search(value) or not _EMAIL.fullmatch(email) or email.index("@") > _LOCAL_MAX:
        raise ValueError("Enter a valid e-mail address.")
    return email


def email_key(email: str) -> str:
    """Two addresses with the same key are the same person to an event: letter case does not count."""
    return email.lower()
