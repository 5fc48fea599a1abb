"""From the body of a registration to what is asked of admission: checked, named, and packed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from events.admission.entry import pack
from events.admission.requests import AdmissionRequest, More, OlderName, OrganizerClaim
from events.domain.attendee import email_key
from events.domain.commands import Callback
from events.domain.ticket_keys import TicketName
from events.domain.tickets import Tickets
from events.door import callbacks, parse
from events.door.caller import Caller

# How a `callback_url` is checked without a token, and with one of a smaller scope than `full`.
_GUESTS_CALLBACK = {False: callbacks.no_callback, True: callbacks.scoped_callback}


class Prepared(msgspec.Struct, frozen=True, gc=False):
    """A valid registration for an event, ready to be admitted; `names` is what its ticket may be called."""

    event_id: int
    names: Sequence[TicketName]
    request: AdmissionRequest


def prepare(
    tickets: Tickets,
    own_callback: Callable[[str], str],
    event_id: int,
    body: bytes,
    idempotency_key: str | None,
    caller: Caller,
) -> Prepared:
    """Checks a registration; `own_callback` checks an organizer's callback. Raises BadRequest, ScopeTooSmall."""
    check = own_callback if caller.organizer_id is not None else _GUESTS_CALLBACK[caller.scoped]
    found, language = parse.registration(body, check)
    holder = email_key(found[1])
    names = tickets.names(event_id=event_id, idempotency_key=idempotency_key, body=found, email_key=holder)
    codes = tickets.code_digests(event_id, found[5]) if len(found) == 6 and found[5] else ()
    if idempotency_key is None or len(found) == 3 or not found[3]:
        return Prepared(event_id, names, _admission_request(found, language, names, caller, codes))
    # Absent equals default, and only admission knows whether this type is the default.
    bare = parse.without_type(found)
    untyped = tickets.names(event_id=event_id, idempotency_key=idempotency_key, body=bare, email_key=holder)
    request = _admission_request(found, language, names, caller, codes, untyped_keys=[name.key for name in untyped])
    return Prepared(event_id, [*names, *untyped], request)


def _admission_request(
    found: parse.CheckedRegistration,
    language: str,
    names: Sequence[TicketName],
    caller: Caller,
    codes: Sequence[str],
    untyped_keys: Sequence[str] | None = None,
) -> AdmissionRequest:
    current, organizer_id = names[0], caller.organizer_id
    digest, url = current.email_digest, found[2]
    callback = Callback(url, organizer_id) if url and organizer_id is not None else None
    payload = pack(
        name=found[0], email=found[1], email_digest=digest, mark=current.mark, callback=callback, language=language
    )
    plain = (current.key, digest, current.note, payload, caller.address)
    if organizer_id is None and len(names) == 1 and len(found) == 3:
        return AdmissionRequest(*plain)
    claim = None if organizer_id is None else OrganizerClaim(organizer_id, callback is not None)
    older = [OlderName(older.key, older.note, older.email_digest) for older in names[1:]]
    if len(found) == 3:
        return AdmissionRequest(*plain, More(claim, older))
    seats, type_id = int(found[4] or 1), int(found[3] or 0)
    return AdmissionRequest(*plain, More(claim, older, seats, type_id, untyped_keys, codes or None))
