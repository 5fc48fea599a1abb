"""Which findings of schemathesis are no faults here: each rule is for one kind of answer, and no check is off.

`positive_data_acceptance` wants what fits the schema to be accepted. A JSON Schema says nothing of what fields mean to
each other, of what the service has in store, nor of what a regular expression cannot tell. `RULES` has the sentences
that refuse for such a reason; a 400 that says anything else is a fault of the schema, or of the service.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

_IN_STORE = (
    r"There is no such (event|ticket type)\.",
    r"You have no such event\.",
    r"There is no such message in your log\.",
    r"This event has no (such )?(code|ticket type)( \d+)?\.",
    r"This event has no such ticket type\.",
    r"This event has had this code already\.",
    r"This (ticket|event) is for \d+\.",
    r"This event has several ticket types: say which\.",
    r"(At most \d+|One seat) at once\.",
    r"Only an organizer may .*",
    r"Only the organizer of this event can have one\.",
)
_TIMES = (
    r"The end must be .*",
    r"Registration must close .*",
    r"Tickets can be given back no longer .*",
    r"The draw must be .*",
    r"It must be in the future\.",
    r"The copy would be over already.*",
    r"The year must lie between 1970 and 9998\.",  # in UTC, an hour away from what was sent
    r"All years must lie between 1970 and 9998\.",
)
_BETWEEN_FIELDS = (
    r"This field is required\.",  # of a new ticket type, but not of one that changes
    r"Send (one of|a) .*",
    r"Either `count` or `codes` is needed\.",
    r"It needs an object_type\.",
    r"Either this or `after`\.",
    r"Only a token with the scope check-in .*",
    r"Only an event with `admission` `draw` has one\.",
    r"A draw needs its time\.",
    r"With ticket types.*",
    r"Together they may have .*",
    r"An event that has ticket types keeps at least one\.",
    r"(Two ticket types|Ticket type \d+|This code) .*(same name|stands there twice).*",
    r"Addresses are .*",  # proved by mail, of which the service under test sends none
)
_BEYOND_PATTERNS = (
    r"This needs at least one character that can be seen\.",
    r"This contains what is no character at all\.",
    r"Characters that turn the direction .*",
    r"This must be the IANA name of a time zone, such as Europe/Paris\.",
    r"Enter a valid e-mail address\.",  # RFC 5321 knows mailboxes that reach no one
    r"At most 254 characters.*",
    r"At most 255 characters that can be seen\.",
    r"A line of at most 255 printable characters\.",
    r"What the link in the mail holds: .*",
    r"A code has only characters that can be seen\.",
    r"A code has (at most|4 to) 64 .*",
    r"This is not an address such as https://example\.org/hook\.",
    r"The port must be .*",
    r"An IP address must be written in its usual form\.",
)
RULES = re.compile(
    "(Item [0-9]+(, [a-z_]+)?: )?(" + "|".join((*_IN_STORE, *_TIMES, *_BETWEEN_FIELDS, *_BEYOND_PATTERNS)) + ")"
)


def is_fault(operation_id: str, finding: str, case: Any, response: Any) -> bool:
    """Tells whether a finding is one."""
    return not any(excuse(operation_id, case, response) for excuse in _EXCUSES.get(finding, ()))


def _is_a_rule(operation_id: str, case: Any, response: Any) -> bool:
    if response.status_code != 400:
        return False
    sentences = [one for field in (_answer(response)["errors"] or {}).values() for one in field]
    return bool(sentences) and all(map(RULES.fullmatch, sentences))


def _is_a_used_key(operation_id: str, case: Any, response: Any) -> bool:
    """The same few keys come with all bodies, and a key is for one."""
    return bool(response.status_code == 422 and _answer(response)["code"] == "idempotency_key_reused")


def _is_too_large(operation_id: str, case: Any, response: Any) -> bool:
    """A schema has no word for the length of a whole body."""
    most = re.fullmatch(r"A body may have (\d+) bytes at most\.", _answer(response)["message"])
    return most is not None and bool(len(response.request.body or b"") > int(most[1]))


def _answer(response: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(response.content)
    return found


_Excuse = Callable[[str, Any, Any], bool]
_EXCUSES: dict[str, Iterable[_Excuse]] = {
    "RejectedPositiveData": (_is_a_rule, _is_a_used_key, _is_too_large),
}
