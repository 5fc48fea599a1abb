"""Every Redis key of Omnify: its type, what it holds, and what removes it.

All keys of one event share the hash tag `{event:<id>}`, so they live in one slot of a Redis Cluster.

    {event:7}:state    hash    a copy of the event's row; `seq`, the last sequence given out; `shown`, the moment (ms)
                               of the last decisions that were published; `packed`, how many the entries of the queue
                               have beyond one each; `counted`, the last second in which any were admitted and how
                               many, until `rates` has it; `resized`, the sequence of the newest change of its sizes
                               that was queued. Of a deleted event only its version
                               removed by TTL, 7 days after its last use
    {event:7}:queue    stream  admitted, undecided entries: id `<sequence>-0`, of several expiries `<sequence of the
                               first>-<how many more>` (see `entry`)
                               removed by its owner, trim, with the last entry
    {event:7}:pending  hash    t<ticket key> -> `sequence|requested ms|`, then what it says of seats (`seats_text`);
                               e<e-mail digest> -> sequence; c<ticket key> -> sequence of its cancellation;
                               h<ticket key> -> sequence of its confirmation `|` digest of the payment reference;
                               x<ticket key> -> sequence of the entry with the expiry of its hold;
                               k<code id> -> seats of tickets here that came with this access code
                               removed by its owner, trim, with each entry
    {event:7}:keys:0, :1, :2
                       hash    note of an Idempotency-Key -> the first characters of the key of its ticket
                               one for each day (day number modulo 3); removed by TTL, 2 days
    {event:7}:decided:0, :1, :2
                       hash    t<ticket key> -> an encoded outcome; e<e-mail digest> -> key of the seat's holder
                               one for each day (day number modulo 3); removed by TTL, 2 days
    {event:7}:waitlist zset    ticket key, scored by its sequence, the tickets of each ticket type together
                               (`seats_text`): the waitlist. Complete only while it has as many members as `waiting`
                               in the state says; else only the ledger knows the positions
                               removed by TTL, 7 days after the last decision of the event
    {event:7}:codes    hash    digest of an access code -> what it opens, and its uses that are decided (`codes`);
                               `all` once all codes of the event are there
                               removed by TTL, 7 days after its last use, or with the state
    {event:7}:page     string  version of the event's description `|` the description: apart from `state`, which every
                               admission reads
                               removed by TTL, 30 days, or with the event
    {event:7}:wake     string  a wake-up is under way, or a drain is at work
                               removed by TTL, 4 s, or by idle.lua, once the queue is empty
    {event:7}:draw     string  the event's draw was put into the queue just now
                               removed by TTL, 5 s
    {event:7}:lease    string  token of the drain at work
                               removed by TTL, 12 s, or by its holder
    {event:7}:rates    hash    a<slot>, d<slot> -> `second|count`: admissions and decisions of the last seconds
                               removed by TTL, 1 minute
    {event:7}:history  hash    level and place of a step of time -> JSON of what was decided in it (`history`)
                               at most 865 fields; removed by TTL, 25 hours after the last decision
    {event:7}:lost     hash    ticket key -> sequence, of tickets the queue is known to have lost
                               removed by TTL, 30 days
    {event:7}:missing  hash    ticket key -> sequence, of tickets that a door has admitted and this server does not know
                               removed by TTL, 30 days, or by a full sweep, once the ledger has told what they are
    {event:7}:unknown  string  the ledger does not have this event: its door is closed
                               removed by TTL, 1 day, or by a full sweep, once its tickets are lost
    {event:7}:addresses:0, :1
                       hash    w -> number of a window of the limit on addresses; address digest -> registrations in it
                               one for each window (number modulo 2); removed by TTL, two windows
    {event:7}:refusals:0, :1
                       hash    the same of refusals of an address that reveal something about other people
                               removed by TTL, two windows
    {event:7}:replicated
                       string  written before a wait for replicas, so that there is a write to wait for
                               removed by TTL, 1 minute
    {event:7}:news     no key but a channel: the keys of tickets whose status has just changed, separated by spaces
                       On a Cluster the next ten are kept three times, as `{omnify:a}:workers` and so on (`copies`):
    omnify:workers     zset    names of live drain workers, scored by the time they expire
                               removed by TTL, 1 minute
    omnify:duties      zset    `<duty> <name of the worker>` of what workers have just done, scored by the time at which
                               that is too long ago
                               removed by TTL, 1 minute
    omnify:door        string  written to see whether registrations can be taken (`/health/door`)
                               removed by TTL, 1 minute
    omnify:listed      hash    event id -> version of its row `|` JSON of a public event that has not ended; without
                               JSON: it is not public (`listing`). A full sweep compares it with the ledger
                               removed by TTL, 7 days after the last full sweep
    omnify:sweep       string  a worker sweeps in this interval
                               removed by TTL
    omnify:expiries    string  name of the worker that ends holds
                               removed by TTL, 2 s after the last hold that ended
    omnify:draws       string  a worker looks for draws in this interval
                               removed by TTL
    omnify:ledger      string  the database, and the one of its timelines, that what is published has been compared with
                               removed by TTL, 30 days after the last full pass of a sweep
    omnify:servers     string  replication ids, separated by spaces, of the servers that have been compared with the
                               ledger
                               removed by TTL, 30 days after the last full pass of a sweep
    omnify:deliver     string  a wake-up of the dispatcher is under way
                               removed by TTL, 4 s, or by the worker that receives the wake-up
    omnify:sign-ins:<digest>
                       string  attempts to sign in from one address, or to one account, in a window
                               removed by TTL, 15 minutes
    omnify:signed-in:<digest>
                       string  this address has signed in to this account before
                               removed by TTL, 30 days
    omnify:resends:<digest>
                       string  wishes for a lost ticket from one address, in a window
                               removed by TTL, 15 minutes
    omnify:mails:<digest>, omnify:mails-asked:<digest>
                       string  mails to one mailbox in a window; those of them that people asked for
                               removed by TTL, the window of MAIL_CAP
    omnify:mails-reserved:<digest>
                       set     ids of events that have used the quarter of the limit that is kept
                               removed by TTL, the window of MAIL_CAP
    registrations.<n>, webhooks, mail, _kombu.*, unacked*
                               Celery's, and removed by Celery
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

STATE_TTL_SECONDS = 7 * 86_400
LISTED_TTL_SECONDS = 7 * 86_400
PAGE_TTL_SECONDS = 30 * 86_400
OUTCOME_TTL_SECONDS = 2 * 86_400
KEYS_TTL_SECONDS = 2 * 86_400
WAITLIST_TTL_SECONDS = 7 * 86_400
WAKE_TTL_MS = 4_000  # a wake-up that was lost, or found a dead drain's lease, is repeated after this time
DRAW_TTL_MS = 5_000  # a draw that was lost on the way is put into the queue again after this time
LEASE_TTL_MS = 12_000  # later than the statement timeout; a killed drain holds its event up this long
RATES_TTL_SECONDS = 60
HISTORY_TTL_SECONDS = 25 * 3600
LOST_TTL_SECONDS = 30 * 86_400
UNKNOWN_TTL_SECONDS = 86_400
# Addresses counted in one window of one event; further ones are not limited. About 50 MB.
ADDRESSES_MAX = 1_000_000
WORKERS_TTL_SECONDS = DUTIES_TTL_SECONDS = 60
DOOR_TTL_MS = 60_000
LEDGER_TTL_SECONDS = SERVERS_TTL_SECONDS = 30 * 86_400
SIGN_IN_WINDOW_SECONDS = 15 * 60
RESEND_WINDOW_SECONDS = 15 * 60
SIGNED_IN_BEFORE_SECONDS = 30 * 86_400

WORKERS = "omnify:workers"
DUTIES = "omnify:duties"
DOOR = "omnify:door"
SWEEP = "omnify:sweep"
LISTED = "omnify:listed"
EXPIRIES = "omnify:expiries"
DRAWS = "omnify:draws"
DELIVER = "omnify:deliver"
LEDGER = "omnify:ledger"
SERVERS = "omnify:servers"


# Tags whose slots lie in the first, the middle and the last third of all, so on three nodes of a Cluster.
_TAGS = ("{omnify:a}", "{omnify:d}", "{omnify:b}")


def newest_first(slots: Sequence[str], seconds: float) -> tuple[str, ...]:
    """Orders hashes of which there is one for each day by their days; `seconds` since 1970. Only a hint: the days are
    those of the server's clock."""
    today = int(seconds // 86_400)
    return tuple(slots[(today - ago) % len(slots)] for ago in range(len(slots)))


def copies(name: str) -> tuple[str, ...]:
    """Returns the names under which a Cluster keeps `WORKERS`, `SWEEP` or `DELIVER`: one node's death takes one."""
    return tuple(name.replace("omnify", tag, 1) for tag in _TAGS)


def resends(digest: str) -> str:
    """Counts wishes for a ticket from one address."""
    return f"omnify:resends:{digest}"


def sign_ins(digest: str) -> str:
    """Counts attempts to sign in from one address, or to one account."""
    return f"omnify:sign-ins:{digest}"


def mails_to(digest: str) -> str:
    """Counts mails to one mailbox."""
    return f"omnify:mails:{digest}"


def mails_asked(digest: str) -> str:
    """Counts those of them that people asked for."""
    return f"omnify:mails-asked:{digest}"


def mails_reserved(digest: str) -> str:
    """Holds the events that have used the part of a mailbox's limit that is kept for proofs of the address."""
    return f"omnify:mails-reserved:{digest}"


def signed_in_before(digest: str) -> str:
    """Records that an address has signed in to an account before."""
    return f"omnify:signed-in:{digest}"


# Keys without a TTL, which are removed by the owners named above.
OWNED_PATTERNS: tuple[re.Pattern[str], ...] = (
    re.compile(r"\{event:\d+\}:(queue|pending)"),
    re.compile(r"(registrations\.\d+|webhooks)(\x06\x16\d+)?"),
    re.compile(r"_kombu\..*"),
    re.compile(r"unacked.*"),
)


class EventKeys:
    """The keys of one event."""

    __slots__ = (
        *("addresses", "codes", "decided", "draw", "keys", "lease", "lost", "missing", "news", "pending"),
        *("history", "page", "queue", "rates", "refusals", "state", "unknown", "waitlist", "wake", "of_admission"),
    )

    def __init__(self, event_id: int) -> None:
        tag = f"{{event:{event_id}}}"
        self.state = f"{tag}:state"
        self.queue = f"{tag}:queue"
        self.pending = f"{tag}:pending"
        self.page = f"{tag}:page"
        self.decided = (f"{tag}:decided:0", f"{tag}:decided:1", f"{tag}:decided:2")
        self.wake = f"{tag}:wake"
        self.draw = f"{tag}:draw"
        self.lease = f"{tag}:lease"
        self.rates = f"{tag}:rates"
        self.history = f"{tag}:history"
        self.lost = f"{tag}:lost"
        self.missing = f"{tag}:missing"
        self.unknown = f"{tag}:unknown"
        self.addresses = (f"{tag}:addresses:0", f"{tag}:addresses:1")
        self.refusals = (f"{tag}:refusals:0", f"{tag}:refusals:1")
        self.keys = (f"{tag}:keys:0", f"{tag}:keys:1", f"{tag}:keys:2")
        self.waitlist = f"{tag}:waitlist"
        self.news = f"{tag}:news"
        self.codes = f"{tag}:codes"
        # Those of `lua/admit.lua`, in its order.
        self.of_admission = (
            *(self.state, self.queue, self.pending, *self.decided, self.wake, self.rates),
            *(*self.addresses, *self.refusals, *self.keys, self.codes),
        )

    def all(self) -> list[str]:
        """Lists every key the event can have."""
        several = ("addresses", "decided", "keys", "refusals")
        single = (getattr(self, name) for name in self.__slots__ if name not in (*several, "news", "of_admission"))
        return [*single, *self.addresses, *self.decided, *self.keys, *self.refusals]


_CHANNEL = re.compile(r"\{event:(\d+)\}:news")


def event_of_channel(name: str) -> int:
    """Reads the id of the event whose news are published on this channel. Raises ValueError for any other name."""
    match = _CHANNEL.fullmatch(name)
    if match is None:
        raise ValueError(f"not a channel of news: {name!r}")
    return int(match[1])


@lru_cache(maxsize=4096)
def event_keys(event_id: int) -> EventKeys:
    """Returns the keys of an event, cached."""
    return EventKeys(event_id)
