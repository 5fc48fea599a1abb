"""What the screens say on which events, codes, tokens and webhooks are made and changed."""

from __future__ import annotations

from omnify.common.languages import N_, NN_

EVENTS: dict[str, str | tuple[str, str]] = {
    "seats-taken": N_("Seats taken"),
    "taken-of": N_("{taken} of {seats} seats taken"),
    "none": N_("No events yet. Creating one takes two minutes."),
    "none-past": N_("No event is over yet."),
}
EVENT_FORM: dict[str, str | tuple[str, str]] = {
    "saved": N_("Saved."),
    "type-name": N_("Name of the type"),
    "type-capacity": N_("Seats"),
    "type-waitlist_capacity": N_("Waitlist capacity"),
    "type-max_quantity": N_("Largest group"),
    "type-price": N_("Price, as it is shown"),
    "remove": N_("Remove"),
}
CODES: dict[str, str | tuple[str, str]] = {
    "any": N_("Any"),
    "opening": N_("The opening"),
    "used-of": N_("{used} of {uses}"),
    "revoked": N_("Revoked"),
    "good": N_("Good"),
    "revoke": N_("Revoke"),
    "revoke-sure": N_("Really revoke?"),
    "revoke-several": N_("Revoke the selected"),
    "revoke-several-sure": N_("Really revoke the selected?"),
    "none": N_("No codes."),
    "made": NN_("The code is made.", "{count} codes are made."),
    "needs-code": N_("A registration needs a code."),
    "open-to-all": N_("Registration is open to all; a code can let in before it opens. Change that under Edit."),
    "select": N_("Select {name}"),
    "selected": NN_("{count} selected", "{count} selected"),
}
TOKENS: dict[str, str | tuple[str, str]] = {
    "all": N_("All events"),
    "token": N_("Token {id}"),
    "revoked": N_("Revoked"),
    "expired": N_("Expired"),
    "revoke": N_("Revoke"),
    "revoke-sure": N_("Really revoke?"),
    "revoke-own-sure": N_("Really revoke your own?"),
    "this-session": N_("This session's"),
    "none": N_("No tokens."),
    "made": N_("The token, shown only once: {secret}"),
}
WEBHOOKS: dict[str, str | tuple[str, str]] = {
    "all": N_("All events"),
    "default-secret": N_("Default secret, for callback addresses"),
    "disabled": N_("Disabled"),
    "failing": N_("Failing"),
    "active": N_("Active"),
    "none": N_("No subscriptions yet."),
    "made": N_("The secret, shown only once: {secret}"),
}
WEBHOOK: dict[str, str | tuple[str, str]] = {
    "default-secret": N_("Default secret"),
    "about-default": N_("Signs the messages to callback addresses."),
    "active": N_("Active"),
    "disabled-gone": N_("Disabled: the receiver said that it is gone"),
    "disabled-failing": N_("Disabled: it failed for days"),
    "disabled-by_hand": N_("Disabled: by hand"),
    "disable": N_("Disable"),
    "enable": N_("Enable"),
    "retry": N_("Retry"),
    "state-delivered": N_("delivered"),
    "state-pending": N_("pending"),
    "state-dead": N_("dead"),
    "none": N_("No messages yet."),
    "retried": N_("It will be sent again."),
    "tested": N_("A test message is on its way."),
    "changed": N_("Changed."),
    "rotated": N_("For 24 hours, messages are signed with the old secret too."),
    "new-secret": N_("The new secret, shown only once: {secret}"),
    "delete-sure": N_("Really delete?"),
    "replayed": N_("These messages will be sent again."),
}
