"""What all kinds of mail say of an event and a ticket: names, times, links, and the facts of a block."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property

from events.domain.public.ticket import Ticket
from events.domain.times import from_iso
from events.letters import spoken_times
from events.letters.content import Block, Button, Fact
from events.letters.letter import Letter
from events.letters.safe_text import greeted_name, isolated
from omnify.common.languages import DEFAULT, Language, language, supported

# Lists of mails show about so much of a subject.
_SUBJECT_NAME_MAX = 100


class About:
    """A letter's event and ticket, in the words of its language."""

    def __init__(self, letter: Letter, said: Language | None = None) -> None:
        self.letter = letter
        self.said = said or language(supported(letter.language) or DEFAULT)
        self.timezone = letter.event.timezone

    @cached_property
    def event(self) -> str:
        """The event's name, to stand in a sentence."""
        return self.isolated(self.letter.event.name)

    @cached_property
    def short_event(self) -> str:
        """The event's name, to stand in a subject."""
        return self.isolated(self.letter.event.name, longest=_SUBJECT_NAME_MAX)

    @cached_property
    def when(self) -> str:
        """When the event is."""
        event = self.letter.event
        return self.span(event.start_time, event.end_time)

    @cached_property
    def greeting(self) -> str:
        """The line that greets the holder; empty without a name."""
        name = greeted_name(self.letter.name)
        return self.gettext("Hello {name},", name=self.isolated(name)) if name else ""

    @property
    def event_url(self) -> str:
        """The event's page."""
        return f"{self.letter.site}/e/{self.letter.event.id}"

    @property
    def ticket(self) -> Ticket:
        """The ticket that the letter is about. Raises ValueError: it is about none."""
        if self.letter.ticket is None:
            raise ValueError(f"A mail of the kind {self.letter.kind} needs a ticket.")
        return self.letter.ticket

    def gettext(self, text: str, **values: str) -> str:
        """Says a text; `values` go where it names them in braces."""
        return self.said.gettext(text, **values)

    def ngettext(self, one: str, many: str, **values: str) -> str:
        """Says a text in the form for the seats of the ticket, which it may name as `{count}`."""
        return self.said.ngettext(one, many, self.ticket.quantity, **values)

    def isolated(self, text: str, *, longest: int = 255) -> str:
        """Returns what a person typed, to stand in a text of ours."""
        return isolated(text, right_to_left=self.said.direction == "rtl", longest=longest)

    def span(self, start: str, end: str, timezone: str = "") -> str:
        """Says from when to when, by the clock of the event's place, or of another time zone."""
        return spoken_times.when(from_iso(start), from_iso(end), timezone or self.timezone, self.said)

    def moment(self, at: str | datetime) -> str:
        """Says when something is, by the clock of the event's place."""
        return spoken_times.moment(from_iso(at) if isinstance(at, str) else at, self.timezone, self.said)

    def ticket_url(self, ticket: Ticket) -> str:
        """Returns the address of the ticket's page."""
        return f"{self.letter.site}/t/{ticket.ticket_id}"

    def open_ticket(self, label: str) -> Button:
        """Makes a button that leads to the ticket's page."""
        return Button(label, self.ticket_url(self.ticket))

    def open_event(self, label: str) -> Button:
        """Makes a button that leads to the event's page."""
        return Button(label, self.event_url)

    def event_facts(self) -> tuple[Fact, ...]:
        """Says which event, when and where; of what the letter says has changed, also what it was."""
        event, old = self.letter.event, {change.field: change.old for change in self.letter.changes}
        start, end = old.get("start_time", event.start_time), old.get("end_time", event.end_time)
        zone = old.get("timezone", self.timezone)
        moved = (start, end, zone) != (event.start_time, event.end_time, self.timezone)
        return (
            Fact(self.gettext("Event"), self.event, old=self.isolated(old.get("name", ""))),
            Fact(self.gettext("When"), self.when, old=self.span(start, end, zone) if moved else ""),
            Fact(self.gettext("Where"), self.isolated(event.location), old=self.isolated(old.get("location", ""))),
        )

    def ticket_facts(self, ticket: Ticket) -> tuple[Fact, ...]:
        """Says which kind of ticket, how many seats, whose, and its reference."""
        facts = []
        name = next((found.name for found in self.letter.event.ticket_types if found.id == ticket.ticket_type), "")
        if name:
            facts.append(Fact(self.gettext("Ticket type"), self.isolated(name)))
        if ticket.quantity > 1:
            facts.append(Fact(self.gettext("Seats"), str(ticket.quantity)))
        if greeted_name(self.letter.name):
            facts.append(Fact(self.gettext("Name"), self.isolated(self.letter.name)))
        return (*facts, Fact(self.gettext("Ticket"), ticket.reference))

    def block(self, button: Button | None, *facts: Fact, code: bool = False) -> Block:
        """Describes the event, `facts`, and the ticket that the letter is about; with `code`, also its QR code."""
        ticket = self.ticket
        shown = (*self.event_facts(), *facts, *self.ticket_facts(ticket))
        return Block(code=(ticket.check_in_code or "") if code else "", facts=shown, button=button)

    def why(self) -> str:
        """Says why this mail came, and what to do if it should not have."""
        return self.gettext(
            "This mail was sent because this address is registered for {event}. If it was not you who registered, "
            "cancel the registration on its page.",
            event=self.event,
        )

    def why_once(self) -> str:
        """Says the same of a registration that has ended."""
        return self.gettext("This mail was sent because this address was registered for {event}.", event=self.event)

    def keep_to_yourself(self) -> str:
        """Warns that the link is a key."""
        return self.gettext("Anyone who has this mail can use your ticket or cancel it, so please do not pass it on.")
