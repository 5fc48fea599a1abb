"""Names that are short in Redis, where they are stored once for each ticket; `lua/shared.lua` has the same ones."""

from __future__ import annotations

# Fields of an entry of the queue.
ENTRY_TICKET = b"t"
ENTRY_KIND = b"c"
ENTRY_REQUESTED = b"r"
ENTRY_PAYLOAD = b"p"
ENTRY_SEATS = b"s"
ENTRY_ADDED = b"a"

# Payloads of cancellations that the event's `cancel_until` does not bind: the holder's, and the organizer's.
EXEMPT = b"x"
BY_ORGANIZER = b"o"
# Who added a guest, if not the guest: the organizer (as above), or the organizer beyond the capacity.
BEYOND_CAPACITY = b"b"

# Prefixes of the fields of `pending` and `decided`, before a ticket's key, an e-mail digest, and the key of the ticket
# that is cancelled, confirmed, or whose hold is to end.
TICKET = "t"
EMAIL = "e"
CANCELLATION = "c"
CONFIRMATION = "h"
EXPIRY = "x"

# Prefixes of the fields of `rates`.
ADMITTED_IN = b"a"
DECIDED_IN = b"d"

# The field of a limiter's hash that holds the number of its window.
WINDOW = "w"

# The prefix of the last part of an outcome once the ticket's holder has been let in; the time (ms) follows.
CHECKED_IN = "i"
# Prefixes of the parts before it, and of what an entry and `pending` say of a ticket's seats.
QUANTITY = "q"
TYPE = "t"
PARTLY_IN = "n"
# The prefix of the last part of an outcome that is held, or was until its time was over, or that waits and has an
# address to prove: that time (ms) follows, and after it a letter if only the organizer may confirm it, or only the
# proof of its address.
HELD_UNTIL = "h"
RESTRICTED = "o"
UNPROVED = "a"

# The prefix of the last of them, the id of the ticket's access code; and of the fields of `pending` that count what is
# queued with a code.
CODE = "k"
CODE_USES = "k"
# The field of the codes' hash that tells that all codes of the event are there.
ALL_CODES = "all"
