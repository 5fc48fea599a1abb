"""What the console's scripts say, in English, screen by screen. Each screen contains what its scripts need, in its
language, and nothing of it stands in the pages of visitors.

A text is one sentence, or the two forms of one that a number decides. What the service itself says is in `refusals.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from events.console.refusals import known_refusals
from events.console.screens.entrance import CHECK_IN
from events.console.screens.guests import ATTENDEES, WAITLIST
from events.console.screens.live import LIVE
from events.console.screens.setup import CODES, EVENT_FORM, EVENTS, TOKENS, WEBHOOK, WEBHOOKS
from events.console.screens.trail import ACTIONS, ACTORS, AUDIT, MAIL_ERRORS, MAIL_FILES, MAIL_KINDS, MAILS, OBJECTS
from events.pages import messages
from omnify.common.languages import N_, NN_, Language

Texts = Mapping[str, str | tuple[str, str]]

# What several screens say.
SHARED: Texts = {
    "unreachable": N_("The service cannot be reached. Nothing was changed, as far as we know."),
    "page-of": N_("{number} of {pages}"),
    "item": N_("Item {number}"),
    "sign-out-loses": N_(
        "At the entrance of event {event} this device has check-ins that are not sent, or conflicts that no one has "
        "seen. Signing out loses them."
    ),
    # A guest's name, with what the ticket is for.
    "seats": NN_("{count} seat", "{count} seats"),
    "with-code": N_("code {code}"),
    # Times that a person enters.
    "check-times": N_("Please check the times."),
    "time-skipped": N_("This time does not exist: clocks are put forward then. Did you mean {time}?"),
    "time-half": N_("Please complete this time, or clear it."),
    "time-year": N_("The year must lie between 1970 and 9998."),
    "time-twice": N_("Clocks show this time twice, since they are put back then. Please choose one of the two."),
    "which-of-two": N_("Which of the two"),
    "which": N_("Which of the two?"),
    "the-first": N_("The first: {zone}"),
    "the-second": N_("The second: {zone}"),
}
_SCREENS: Mapping[str, Texts] = {
    "events": EVENTS,
    "event_form": EVENT_FORM,
    "live": LIVE,
    "attendees": ATTENDEES,
    "waitlist": WAITLIST,
    "codes": CODES,
    "mails": MAILS,
    "mail_files": MAIL_FILES,
    "check_in": CHECK_IN,
    "webhooks": WEBHOOKS,
    "webhook": WEBHOOK,
    "tokens": TOKENS,
    "audit": AUDIT,
}
# What stands for codes, on the screens that show them.
_LISTS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "live": {"rejections": messages.REJECTIONS},
    "webhooks": {"message-types": messages.MESSAGE_TYPES},
    "mails": {"mail-kinds": MAIL_KINDS, "mail-errors": MAIL_ERRORS},
    "audit": {"actions": ACTIONS, "actors": ACTORS, "objects": OBJECTS},
}


@cache
def labels(screen: str, language: Language) -> dict[str, Mapping[str, str]]:
    """Returns what the scripts of a screen say, by list and code."""
    lists = {"states": messages.CHIPS, "visibilities": messages.VISIBILITIES, **_LISTS.get(screen, {})}
    said = {name: language.all(texts) for name, texts in lists.items()}
    return {**said, **known_refusals(language), "texts": _in(language, {**SHARED, **_SCREENS.get(screen, {})})}


def _in(language: Language, texts: Texts) -> dict[str, str]:
    found: dict[str, str] = {}
    for code, text in texts.items():
        if isinstance(text, str):
            found[code] = language.gettext(text)
        else:
            found |= messages.in_forms(code, language.forms(*text))
    return found
