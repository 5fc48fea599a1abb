"""A ticket as its page gets it from the door, in the same process: the public ticket, and whether it is an offer.

Who may confirm a hold stands in the hold itself. The event's `hold` may have changed since, and says nothing of it.
"""

from __future__ import annotations

from msgspec.structs import astuple

from events.domain.holds import ConfirmedBy
from events.domain.public.ticket import Ticket
from events.domain.states import Status
from events.door.ticket_status import TicketStatus

# In a scope: the ticket is read for its page.
FOR_PAGE = "omnify.for_page"


class PageTicket(Ticket, frozen=True, gc=False, kw_only=True):
    """A ticket, whether its holder may take its seats now, and whether its address is to be proved. No client gets this
    one."""

    offered: bool
    unproved: bool


def page_ticket(shown: Ticket, ticket: TicketStatus) -> PageTicket:
    """Adds to the public ticket what its page needs besides."""
    hold = ticket.hold
    by = hold.confirmed_by if hold is not None else None
    offered = ticket.status is Status.HELD and by is ConfirmedBy.HOLDER
    unproved = ticket.status in (Status.HELD, Status.WAITLISTED) and by is ConfirmedBy.ADDRESS
    return PageTicket(*astuple(shown), offered=offered, unproved=unproved)
