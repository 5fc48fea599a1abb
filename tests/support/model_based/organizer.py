"""What the organizer of a drop does: changes sizes and ticket types, acts on guests, and ends the event."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from events.domain.times import to_ms
from rehearsal.records import Sizes
from tests.support.model_based.history import Drop, new_type
from tests.support.model_based.insisting import insist, ledger
from tests.support.model_based.model import NO_TYPE, Command, Model
from tests.support.model_based.records import Change, Ticket
from tests.support.service.admitted import Admitted
from tests.support.service.http_client import Answer
from tests.support.waiting import wait_until

MOMENT = timedelta(milliseconds=500)
_VERDICTS = {
    "capacity_below_confirmed": "below_confirmed",
    "capacity_below_waitlisted": "below_waitlisted",
    "type_in_use": "type_in_use",
    "event_over": "event_over",
}
_CORRECTED = {"duplicate_registration": "duplicate", "not_confirmed": "no_seat", "event_over": "event_over"}
_TYPES = "SELECT id, capacity, waitlist_capacity FROM events_tickettype WHERE event_id = %s ORDER BY rank"
_SIZE_CHANGES = "SELECT sequence, verdict FROM events_sizechange WHERE event_id = %s ORDER BY id"
_CORRECTIONS = "SELECT sequence, verdict FROM events_guestcorrection WHERE event_id = %s ORDER BY id"


def change(drop: Drop, asked: Change) -> None:
    """PATCH. Only while a drain is at work: it waits for its turn."""
    types = ledger(drop.service, _TYPES, drop.event.id)
    if types:
        _change_types(drop, types, asked)
    elif asked.new:
        answer = insist(partial(drop.event.change, ticket_types=[new_type(asked.new)]))
        assert answer.refusal in ((409, "type_in_use"), (409, "event_over")), answer
    else:
        _resize(drop, asked.seats, asked.waitlist)


def _resize(drop: Drop, seats: int | None, waitlist: int | None) -> None:
    low, before = drop.settled, len(size_changes(drop))
    asked = {"max_capacity": seats, "waitlist_capacity": waitlist}
    answer = insist(partial(drop.event.change, **{name: size for name, size in asked.items() if size is not None}))
    if answer.status == 200:
        # A guest who was added beyond the capacity right after it has made it larger again.
        assert all(size is None or answer.data[name] >= size for name, size in asked.items())
    verdict = _check(drop, answer, size_changes(drop)[before:], _VERDICTS)
    if verdict:
        drop.claim(low, partial(_refuses, verdict, seats, waitlist), f"a resize was refused: {verdict}")


def _change_types(drop: Drop, types: Sequence[tuple[int, int, int]], asked: Change) -> None:
    low, before = drop.settled, len(size_changes(drop))
    items: list[dict[str, Any]] = [{"id": type_id} for type_id, *_ in types]
    changed = items[asked.number % len(items)]
    if asked.seats is not None:
        changed["capacity"] = asked.seats
    if asked.waitlist is not None:
        changed["waitlist_capacity"] = asked.waitlist
    if asked.goes and (asked.new or len(items) > 1):
        items.remove(changed)
    if asked.new:
        items.append(new_type(asked.new))
    answer = insist(partial(drop.event.change, ticket_types=items))
    if answer.status == 200:
        found = answer.data["ticket_types"]
        assert len(found) == len(items)
        assert all(one["id"] == item.get("id", one["id"]) for one, item in zip(found, items, strict=True))
        drop.types += [one["id"] for one in found if one["id"] not in drop.types]
    verdict = _check(drop, answer, size_changes(drop)[before:], _VERDICTS)
    if verdict == "type_in_use":
        assert changed not in items, "no type is to go"
        assert changed["id"] == drop.code_type, "types that have no access codes are judged in their turn"
    elif verdict:
        assert verdict == "below_confirmed"
        has_more = partial(_has_more, changed["id"], changed["capacity"])
        drop.claim(low, has_more, "a capacity was refused that is not below what is given out")


def _check(drop: Drop, answer: Answer, decided: Sequence[tuple[int, str]], verdicts: Mapping[str, str]) -> str:
    """Whether the answer is what the last of the commands came to that it was asked for with. The verdict, if none."""
    verdict = "applied" if answer.status == 200 else verdicts[answer.json["code"]]
    assert verdict != "event_over" or drop.over
    if decided:
        assert decided[-1][1] == verdict
    return "" if decided or verdict in ("applied", "event_over") else verdict


def _has_more(type_id: int, seats: int, model: Model) -> bool:
    return sum(model.seated.get(type_id, {}).values()) > seats


def _refuses(verdict: str, seats: int | None, waitlist: int | None, model: Model) -> bool:
    return model.verdict(_wanted(model, seats, waitlist)) == verdict


def _wanted(model: Model, seats: int | None, waitlist: int | None) -> dict[int, Sizes]:
    size = model.sizes[NO_TYPE]
    return {NO_TYPE: Sizes(size.seats if seats is None else seats, size.waitlist if waitlist is None else waitlist)}


def give_types(drop: Drop) -> None:
    """The event gets its types while people register already: only if none of them has a ticket yet."""
    answer = insist(partial(drop.event.change, ticket_types=[new_type(size) for size in drop.opening.types]))
    if answer.status == 200:
        drop.types = [found["id"] for found in answer.data["ticket_types"]]
        drop.sizes = dict(zip(drop.types, drop.opening.types, strict=True))
    else:
        assert answer.refusal == (409, "type_in_use")


def add_guest(drop: Drop, guest: int, *, quantity: int, beyond: bool, type_id: int) -> None:
    """A guest of the organizer's, with an Idempotency-Key."""
    low, after = drop.settled, drop.given()
    email = f"guest{guest}@example.com"
    body = {"name": f"Guest {guest}", "email": email, "quantity": quantity, "beyond_capacity": beyond}
    if type_id:
        body["ticket_type"] = type_id
    ask = partial(drop.event.add, body, key=secrets.token_hex(8))
    answer = insist(ask)
    if answer.status == 202:
        ticket = Ticket(answer.data["ticket_id"], email, after, ask, False, quantity, False, type_id, beyond=beyond)
        drop.keep(ticket)
    elif answer.refusal == (409, "event_over"):
        assert drop.over
    else:
        assert not (beyond and answer.json["code"] == "sold_out")
        drop.refused(answer, email, low, quantity, type_id)


def correct(drop: Drop, ticket_id: str, guest: int) -> None:
    """Another e-mail for a guest. Only while a drain is at work, and one after the other."""
    was, before = drop.tickets[ticket_id].status, len(corrections(drop))
    answer = insist(partial(drop.event.correct, ticket_id, email=f"guest{guest}@example.com"))
    if answer.status == 404:
        assert was == "queued", "a ticket that is decided was not found"
        return
    assert not _check(drop, answer, corrections(drop)[before:], _CORRECTED), "corrections are judged in their turn"


def take_back(drop: Drop, ticket_id: str) -> None:
    """The organizer cancels a guest's ticket, if it is decided."""
    was = drop.tickets[ticket_id].status
    answer = insist(partial(drop.event.take_back, ticket_id))
    if answer.status != 202:
        allowed = [(409, "event_over")] if drop.over else []
        assert answer.refusal in [*allowed, *([(404, "ticket_not_found")] if was == "queued" else [])], answer


def end(drop: Drop) -> None:
    """POST cancel."""
    before, answer = drop.given(), insist(drop.event.cancel)
    if drop.over and not drop.ended:
        assert answer.refusal == (409, "event_over")
        return
    assert answer.status == 200
    if not drop.ended:
        drop.ended, drop.closing = True, (before, drop.given())


def finish(drop: Drop) -> None:
    """The event comes to its end, in a moment."""

    def once() -> datetime | None:
        now = datetime.now(UTC)
        end = (now + MOMENT).isoformat()
        answer = insist(partial(drop.event.change, start_time=now.isoformat(), end_time=end, cancel_until=end))
        return now + MOMENT if answer.status == 200 else None  # 400: the answer took longer than that

    end = wait_until(once, "the event has an end")
    drop.end_ms = to_ms(end)
    wait_until(lambda: datetime.now(UTC) > end, "the end has come")
    drop.over = True


def size_changes(drop: Drop) -> list[tuple[Any, ...]]:
    """Changes of sizes and types, in order: sequence, verdict."""
    return ledger(drop.service, _SIZE_CHANGES, drop.event.id)


def corrections(drop: Drop) -> list[tuple[Any, ...]]:
    """Corrections of guests, in order: sequence, verdict."""
    return ledger(drop.service, _CORRECTIONS, drop.event.id)


def commands(drop: Drop, entries: Sequence[Admitted]) -> list[Command]:
    """Changes and corrections at their places, but for those that came after the event's end."""
    found = []
    late = {place for place, verdict in (*size_changes(drop), *corrections(drop)) if verdict == "event_over"}
    for entry in entries:
        if entry.place in late:
            continue
        if entry.kind == "resize":
            found.append(Command(entry.place, partial(_change, *json.loads(entry.payload))))
        elif entry.kind == "correct":
            key, _, email, _ = json.loads(entry.payload)
            ticket_id = entry._replace(key=key).find(drop.tickets)
            assert ticket_id
            found.append(Command(entry.place, partial(_correct, ticket_id, email)))
    return found


def compare_verdicts(drop: Drop, model: Model) -> None:
    """What each change and correction came to."""
    assert model.verdicts == [verdict for _, verdict in size_changes(drop) if verdict != "event_over"]
    assert model.judged == [verdict for _, verdict in corrections(drop) if verdict != "event_over"]


def _change(seats: int | None, waitlist: int | None, *rest: Any) -> None:
    types, model = rest if len(rest) > 1 else ((), *rest)
    wanted = {type_id: Sizes(capacity, places) for type_id, _, capacity, places, *_ in types}
    model.change(wanted or _wanted(model, seats, waitlist))


def _correct(ticket_id: str, email: str, model: Model) -> None:
    model.correct(ticket_id, email)
