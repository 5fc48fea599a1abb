"""Refuses new sizes at once that the drain would refuse, and a change of ticket types that would void access codes."""

from __future__ import annotations

from collections.abc import Iterable

from events.domain.commands import TypeTerms
from events.ledger.counters import types_of
from events.models import AccessCode, Event


class CapacityBelowConfirmed(Exception):
    """More seats are confirmed and held than the capacity asked for: of the event, or of the ticket type `of`."""

    def __init__(self, taken: int, *, field: str = "max_capacity", of: str = "") -> None:
        super().__init__(f"{taken} seats{of and f' of “{of}”'} are taken already.")
        self.field = field


class CapacityBelowWaitlisted(Exception):
    """The event's waitlist is longer than the waitlist capacity asked for, or has a group larger than the capacity."""

    def __init__(self, waitlisted: int, *, field: str = "waitlist_capacity") -> None:
        super().__init__(f"The waitlist has guests for {waitlisted} seats.")
        self.field = field


class TypeInUse(Exception):
    """A ticket type that is to go has tickets."""

    def __init__(self, sentence: str = "A ticket type that has tickets cannot go.") -> None:
        super().__init__(sentence)


def check_sizes(event: Event, *, max_capacity: int | None, waitlist_capacity: int | None) -> None:
    """Refuses at once what the drain would refuse, judged by the current counters; None leaves a size unchanged.

    Raises:
        CapacityBelowConfirmed, CapacityBelowWaitlisted
    """
    seats = event.max_capacity if max_capacity is None else max_capacity
    waitlist = event.waitlist_capacity if waitlist_capacity is None else waitlist_capacity
    taken = event.confirmed_count + event.held_count
    if seats < taken:
        raise CapacityBelowConfirmed(taken)
    if waitlist < event.waitlisted_count - (seats - taken):
        raise CapacityBelowWaitlisted(event.waitlisted_count, field=size_at_fault(waitlist_capacity))


def size_at_fault(waitlist_capacity: int | None) -> str:
    """Names the size that is too small for the waitlist: what was not sent is never at fault."""
    return "max_capacity" if waitlist_capacity is None else "waitlist_capacity"


def check_types(event: Event, terms: Iterable[TypeTerms]) -> None:
    """Refuses ticket types at once, as `check_sizes` does; none, for none that change.

    Raises:
        CapacityBelowConfirmed
        TypeInUse: a type is to go that has access codes. Those of its tickets the drain finds.
    """
    wanted = {one.id: one for one in terms}
    if not wanted:
        return
    known = {found.pk: found for found in types_of(event)}
    for found in (found for type_id, found in known.items() if type_id in wanted):
        taken = found.confirmed_count + found.held_count
        if wanted[found.pk].capacity < taken:
            raise CapacityBelowConfirmed(taken, field="ticket_types", of=found.name)
    gone = known.keys() - wanted.keys()
    if gone and AccessCode.objects.filter(event=event, ticket_type__in=gone, revoked_at=None).exists():
        raise TypeInUse("A ticket type that has access codes cannot go. They can be revoked.")
