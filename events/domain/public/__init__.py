"""The objects that clients see, each defined once: its fields in the order they are sent, their meaning, an example.

    event      Event: `GET /events/{id}`, lists of events, the messages `event.…`
    ticket     Ticket, AcceptedTicket, CancelledTicket: registrations, and the messages about them
    attendee   Attendee, Stats: what an organizer reads about an event, and the CSV's columns
    webhook    Webhook, NewWebhook, Delivery, Replayed
    health     Alive, OpenDoor, Readiness
    token      Token, NewToken, AuditEntry

The door and the API encode these structs, the pages decode them, and `events.api.openapi` derives schemas and examples
from them. What a new field takes is in docs/adding-a-field.md.
"""
