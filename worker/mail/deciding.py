"""Which claimed mails are still to be sent, and what their letters are made of.

What is outdated, or has lost its recipient, is skipped: a code says why. What this release does not understand, because
a later one wrote it and was taken back since, is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from events.domain.holds import ConfirmedBy
from events.domain.mail.kinds import UNSUBSCRIBABLE, MailKind, still_holds
from events.domain.public.event import Event as PublicEvent
from events.domain.public.event import render_event
from events.domain.public.ticket import Ticket, render_ticket
from events.domain.states import Reason, Status
from events.domain.tickets import Tickets
from events.domain.times import to_ms
from events.ledger.mail.claims import ClaimedMail
from events.ledger.mail.contents import Contents
from events.ledger.queries import event_snapshot
from events.letters.letter import Change, Letter
from events.models import Event, Registration
from omnify.common.languages.wish import DEFAULT


class Addressed(NamedTuple):
    """A mail that is to be sent: its letter, and to whom."""

    mail: ClaimedMail
    letter: Letter
    to: str
    email_key: str


class Decided(NamedTuple):
    """What is to be sent, why the rest is not, and what is not understood."""

    addressed: list[Addressed]
    skipped: list[tuple[ClaimedMail, str]]
    unknown: list[ClaimedMail]


class Decider:
    """Decides about claimed mails. `site` is the scheme and host of links."""

    def __init__(self, *, tickets: Tickets, site: str) -> None:
        self._tickets = tickets
        self._site = site

    def decide(self, mails: Iterable[ClaimedMail], contents: Contents, *, now: datetime) -> Decided:
        """Decides about these, in their order."""
        decided = Decided([], [], [])
        public: dict[int, PublicEvent] = {}
        for mail in mails:
            event = contents.events.get(mail.event_id)
            row = contents.registrations.get((mail.event_id, mail.ticket_key))
            try:
                why_not = _why_not(mail, event, row, opted_out=contents.opted_out, now=now)
                if why_not or row is None or event is None:
                    decided.skipped.append((mail, why_not))
                else:
                    if event.pk not in public:
                        public[event.pk] = render_event(event_snapshot(event), now_ms=to_ms(now))
                    letter = self._letter(mail, public[event.pk], row, now)
                    decided.addressed.append(Addressed(mail, letter, row.email, row.email_key))
            except ValueError:  # a kind, a status, a reason or a state of the event that this release does not have
                decided.unknown.append(mail)
        return decided

    def _letter(self, mail: ClaimedMail, event: PublicEvent, row: Registration, now: datetime) -> Letter:
        ticket = self._ticket(mail, row)
        data, kind = mail.data or {}, MailKind(mail.kind)
        again = kind is MailKind.RESEND
        return Letter(
            kind=kind,
            event=event,
            now=now,
            site=self._site,
            language=row.language or DEFAULT,
            name=row.name,
            ticket=None if again else ticket,
            tickets=(ticket,) if again else (),
            by_holder=row.hold_confirmed_by == ConfirmedBy.HOLDER,
            had_seat=row.confirmed_at is not None,
            changes=tuple(Change(name, old, new) for name, (old, new) in data.get("changes", {}).items()),
            link=self._proof_link(ticket, row) if kind is MailKind.VERIFY else "",
            unsubscribe=self._unsubscribe(mail, row) if kind in UNSUBSCRIBABLE else "",
        )

    def _ticket(self, mail: ClaimedMail, row: Registration) -> Ticket:
        status = Status(row.status)
        holds = (_is_unproved(row) or status in (Status.HELD, Status.EXPIRED)) and row.expires_at is not None
        return render_ticket(
            self._tickets.ticket_id(event_id=row.event_id, key=row.ticket_key, mark=row.mark),
            row.event_id,
            status,
            reason=Reason(row.reason) if row.reason else None,
            position=mail.position if status is Status.WAITLISTED else None,
            sequence=row.sequence,
            requested_ms=to_ms(row.requested_at),
            decided_ms=to_ms(row.decided_at),
            check_in_code=self._check_in_code(row) if status is Status.CONFIRMED else None,
            checked_in_ms=to_ms(row.checked_in_at) if row.checked_in_at else None,
            expires_ms=to_ms(row.expires_at) if holds and row.expires_at else None,
            quantity=row.quantity,
            type_id=row.ticket_type_id or 0,
            checked_in_quantity=row.checked_in_quantity,
            confirmed_by=ConfirmedBy(row.hold_confirmed_by) if _is_unproved(row) or status is Status.HELD else None,
        )

    def _check_in_code(self, row: Registration) -> str:
        return self._tickets.check_in_code(event_id=row.event_id, key=row.ticket_key, mark=row.mark)

    def _proof_link(self, ticket: Ticket, row: Registration) -> str:
        """Builds the link whose token proves the address. It stands behind `#`: no server gets to see it."""
        token = self._tickets.proof_token(
            event_id=row.event_id, key=row.ticket_key, email_key=row.email_key, mark=row.mark
        )
        return f"{self._site}/t/{ticket.ticket_id}#token={token}"

    def _unsubscribe(self, mail: ClaimedMail, row: Registration) -> str:
        token = self._tickets.opt_out_token(event_id=row.event_id, key=row.ticket_key, mark=row.mark)
        return f"{self._site}/mail/opt-out/{token}"


def _why_not(
    mail: ClaimedMail,
    event: Event | None,
    row: Registration | None,
    *,
    opted_out: set[tuple[int, str]],
    now: datetime,
) -> str:
    """Returns why a mail is not sent any more; an empty text if it is."""
    if event is None or row is None or not row.email:
        return "forgotten"
    if not event.mail:
        return "switched_off"
    if not still_holds(MailKind(mail.kind), Status(row.status), unproved=_is_unproved(row)):
        return "overtaken"
    if mail.kind in UNSUBSCRIBABLE:
        if event.end_time <= now or event.cancelled_at is not None:
            return "overtaken"
        if (mail.event_id, mail.ticket_key) in opted_out:
            return "opted_out"
    return ""


def _is_unproved(row: Registration) -> bool:
    waits = row.status in (Status.HELD.value, Status.WAITLISTED.value)
    return waits and row.hold_confirmed_by == ConfirmedBy.ADDRESS.value


def by_ticket(addressed: Iterable[Addressed]) -> list[list[Addressed]]:
    """Groups mails about one ticket, in their order: one thread sends them one after the other."""
    found: dict[tuple[int, str], list[Addressed]] = {}
    for one in addressed:
        found.setdefault((one.mail.event_id, one.mail.ticket_key), []).append(one)
    return list(found.values())
