"""What the screens say that show what was done and sent: mails, mails kept as files, and the audit trail."""

from __future__ import annotations

from events.domain.audit import Action, ActorKind
from omnify.common.languages import N_

MAILS: dict[str, str | tuple[str, str]] = {
    "next-at": N_("Next at {time}"),
    "next-at-since": N_("Next at {time}: {why}"),
    "refused": N_("Refused"),
    "refused-since": N_("Refused: {why}"),
    "given-up": N_("Given up"),
    "given-up-since": N_("Given up: {why}"),
    "sent-at": N_("Sent at {time}"),
    "not-sent": N_("Not sent"),
    "not-sent-since": N_("Not sent: {why}"),
    "late": N_(
        "Mail is late: what should have gone out has waited for {time}. Is a mailer running, and the mail server there?"
    ),
    "held": N_("Mail is held back: {why}."),
    "none": N_("None."),
}
MAIL_KINDS: dict[str, str] = {
    "entered": N_("In the draw"),
    "confirmed": N_("Confirmed"),
    "waitlisted": N_("On the waitlist"),
    "promoted": N_("Moved up"),
    "held": N_("Held"),
    "offered": N_("Offered"),
    "expired": N_("Hold over"),
    "rejected": N_("Not drawn"),
    "cancelled": N_("Ticket cancelled"),
    "event_cancelled": N_("Event cancelled"),
    "event_changed": N_("Event changed"),
    "reminder": N_("Reminder"),
    "resend": N_("Ticket again"),
    "verify": N_("Proof of the address"),
}
MAIL_ERRORS: dict[str, str] = {
    "recipient": N_("the address is refused"),
    "overtaken": N_("a later mail says what holds"),
    "opted_out": N_("the guest wants none"),
    "forgotten": N_("the guest is forgotten"),
    "switched_off": N_("the event has no mail"),
    "policy": N_("the mail server refuses us"),
    "sender": N_("our sender is refused"),
    "content": N_("the content is refused"),
    "server": N_("the mail server has a problem"),
    "connection": N_("the mail server is away"),
    "tls": N_("its certificate is not trusted"),
    "login": N_("our login is refused"),
    "greeting": N_("the mail server does not want to talk to us"),
    "account": N_("our account is refused, or its address is wrong"),
    "folder": N_("the folder for mails cannot be written"),
    "limit": N_("too many mails to this address"),
    "smtputf8": N_("the mail server cannot write this address"),
}
MAIL_FILES: dict[str, str | tuple[str, str]] = {
    "attached": N_("Attached: {files}"),
    "show": N_("Show"),
    "show-of": N_("Show: {subject}, to {address}"),
    "none": N_("No mail is kept as a file."),
}
AUDIT: dict[str, str | tuple[str, str]] = {
    "given": N_("What was done to ticket {reference}."),
    "by-token": N_("token {id}"),
    "none": N_("No actions yet."),
}
# Objects and actors, by the names that the API has for them.
OBJECTS: dict[str, str] = {
    "ticket": N_("ticket {id}"),
    "event": N_("event {id}"),
    "access code": N_("access code {id}"),
    "token": N_("token {id}"),
    "webhook": N_("webhook {id}"),
    "organizer": N_("organizer {id}"),
}
ACTORS: dict[str, str] = {
    ActorKind.ADMIN: N_("admin"),
    ActorKind.OPERATOR: N_("operator"),
    ActorKind.SERVICE: N_("service"),
    ActorKind.UNKNOWN: N_("unknown"),
}
ACTIONS: dict[str, str] = {
    Action.SIGNED_IN: N_("signed in"),
    Action.SIGN_IN_FAILED: N_("sign in failed"),
    Action.SIGNED_OUT: N_("signed out"),
    Action.ORGANIZER_CREATED: N_("organizer created"),
    Action.TOKEN_CREATED: N_("token created"),
    Action.TOKEN_REVOKED: N_("token revoked"),
    Action.EVENT_CREATED: N_("event created"),
    Action.EVENT_CHANGED: N_("event changed"),
    Action.EVENT_CANCELLED: N_("event cancelled"),
    Action.EVENT_DELETED: N_("event deleted"),
    Action.EVENT_PAUSED: N_("event paused"),
    Action.EVENT_RESUMED: N_("event resumed"),
    Action.CODES_CREATED: N_("codes created"),
    Action.CODE_REVOKED: N_("code revoked"),
    Action.ATTENDEES_EXPORTED: N_("attendees exported"),
    Action.GUEST_ADDED: N_("guest added"),
    Action.TICKET_CANCELLED: N_("ticket cancelled"),
    Action.TICKET_CORRECTED: N_("ticket corrected"),
    Action.TICKET_MAILED: N_("ticket mailed"),
    Action.CHECKED_IN: N_("checked in"),
    Action.CHECK_IN_UNDONE: N_("check in undone"),
    Action.WEBHOOK_CREATED: N_("webhook created"),
    Action.WEBHOOK_CHANGED: N_("webhook changed"),
    Action.WEBHOOK_DELETED: N_("webhook deleted"),
    Action.WEBHOOK_SECRET_CREATED: N_("webhook secret created"),
    Action.WEBHOOK_TESTED: N_("webhook tested"),
    Action.WEBHOOK_REPLAYED: N_("webhook replayed"),
    Action.PEOPLE_FORGOTTEN: N_("people forgotten"),
    Action.PERSON_EXPORTED: N_("person exported"),
    Action.SECRETS_RESEALED: N_("secrets resealed"),
    Action.LOG_HANDED_OVER: N_("log handed over"),
    Action.LOG_BROKEN_OFF: N_("log broken off"),
    Action.ADDED: N_("added"),
    Action.CHANGED: N_("changed"),
    Action.DELETED: N_("deleted"),
}
