"""Checks that an event's decision log is what its operator signed, and that every decision follows the published rules.

    python omnify_verify.py URL EVENT [--key VERIFIER_KEY] [--since CHECKPOINT_FILE]
        [--witness VERIFIER_KEY ...] [--mirror DIR [--every SECONDS]] [--ticket TICKET_ID ...]
        [--receipts FILE ... [--evidence DIR]]

URL is the service's, such as https://tickets.example.org, or a folder with the same files as under /events/EVENT/log.
Written against docs/the-rules.md, and with nothing of the service: Python 3.11 and `cryptography` are enough. Ends with
0 if all is as it must be, with 1 if anything is not, with 2 if the log cannot be read, and with 3 if a log that is
followed with --mirror has forked.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import time
import urllib.error
import urllib.request
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from struct import Struct, error
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

BEGIN, TERMS, REGISTRATION, CANCELLATION, CONFIRMATION, EXPIRY, PROMOTION, RESIZE, CORRECTION, KEY, BREAK = range(11)
DRAW, SEAL, REVEAL, DRAWN, PROOF = range(11, 16)
CONFIRMED, HELD, WAITLISTED, SOLD_OUT, DUPLICATE, CLOSED, EVENT_CANCELLED, INVALID = range(1, 9)
BY_HOLDER, BY_ORGANIZER, WITH_EVENT, EXPIRED = range(9, 13)
ENTERED, NOT_DRAWN = 13, 14
ADDED, BEYOND, EXEMPT, IN_TIME, CODED, ADDRESS = 1, 2, 4, 8, 16, 32
PLACES = frozenset({CONFIRMED, HELD, WAITLISTED, ENTERED})
NAMES = (
    "begin",
    "terms",
    "registration",
    "cancellation",
    "confirmation",
    "expiry",
    "promotion",
    "resize",
    "correction",
    "key",
    "break",
    "draw",
    "seal",
    "reveal",
    "drawn",
    "proof",
)
# What the service calls an outcome.
STATUSES = (
    "",
    "confirmed",
    "held",
    "waitlisted",
    *["rejected"] * 5,
    *["cancelled"] * 3,
    "expired",
    "entered",
    "rejected",
)
LARGEST, CLOCK_MS, WIDTH, TRIES = 10_000_000, 5000, 256, 4
ERASED = bytes(16)
# The first byte of what a receipt states; an hour after an event's end all is decided.
STATEMENT, OVER_MS = 128, 3_600_000
NO_KEY = bytes(32)
# Ed25519: under a point of small order anyone can sign. The y of all eight, and the prime that a y is below.
PRIME = 2**255 - 19
Y_OF_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
SMALL = frozenset({0, 1, PRIME - 1, Y_OF_ORDER_8, PRIME - Y_OF_ORDER_8})
# drand's chain "quicknet": its name, and when (s) its first round was, and how often there is one.
QUICKNET = bytes.fromhex("52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971")
GENESIS, PERIOD, SEAL_SECONDS = 1_692_803_367, 3, 60
QUICKNET_KEY = bytes.fromhex(
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
    "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
)


class Broken(Exception):
    """The log is not what it must be; the message says where and by which rule."""


class Unreadable(Exception):
    """The log cannot be read."""


# --- the log: notes, tiles, tree


def leaf(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962, 2.1: an odd node at the end of a level is paired on the first level where another stands beside it."""
    if not leaves:
        return sha256(b"").digest()
    level = list(leaves)
    while len(level) > 1:
        odd = [level.pop()] if len(level) % 2 else []
        level = [node(level[at], level[at + 1]) for at in range(0, len(level), 2)] + odd
    return level[0]


@dataclass(frozen=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def read_checkpoint(note: str) -> Checkpoint:
    """Reads a checkpoint, and leaves its signatures unread. Raises Broken."""
    try:
        origin, size, root = note.partition("\n\n")[0].split("\n")[:3]
        return Checkpoint(origin, int(size), b64decode(root, validate=True))
    except ValueError:
        raise Broken("this is no checkpoint") from None


def open_checkpoint(note: str, public: bytes) -> Checkpoint:
    """Reads a checkpoint that is signed with this public key, in the name of its log. Raises Broken."""
    checkpoint = read_checkpoint(note)
    open_note(note, checkpoint.origin, public, what="checkpoint")
    return checkpoint


def open_note(note: str, name: str, public: bytes, *, what: str) -> str:
    """Returns the text of a note that was signed in this name. Raises Broken."""
    text, blank, signatures = note.rpartition("\n\n")
    text += "\n"
    for line in signatures.splitlines() if blank else ():
        dash, _, rest = line.partition(" ")
        signer, _, encoded = rest.rpartition(" ")
        try:
            found = b64decode(encoded, validate=True)
        except ValueError:
            raise Broken(f"a signature of the {what} cannot be read") from None
        if dash == "\u2014" and signer == name and found[:4] == key_id(name, public):
            if is_signed(found[4:], text, public):
                return text
            raise Broken(f"the {what}'s signature is wrong")
    raise Broken(f"the {what} is not signed by this key")


def witness_problem(note: str, witness: str) -> str:
    """Whether a witness has cosigned (https://c2sp.org/tlog-cosignature). Raises Unreadable: this is no key of one."""
    try:
        name, found, encoded = witness.strip().split("+", 2)
        key = b64decode(encoded, validate=True)
    except ValueError:
        raise Unreadable("this is no witness's key") from None
    if len(key) != 33 or key[:1] != b"\x04" or sha256(name.encode() + b"\n" + key).digest()[:4].hex() != found:
        raise Unreadable("this is no witness's key")
    text, _, signatures = note.rpartition("\n\n")
    for line in signatures.splitlines():
        _, _, rest = line.partition(" ")
        signer, _, encoded = rest.rpartition(" ")
        data = b64decode(encoded)
        told = f"cosignature/v1\ntime {int.from_bytes(data[4:12])}\n{text}\n"
        if signer == name and data[:4].hex() == found and is_signed(data[12:], told, key[1:]):
            return ""
    return f"the witness {name} has not cosigned the checkpoint"


def is_signed(signature: bytes, text: str, public: bytes) -> bool:
    y = int.from_bytes(public, "little") % 2**255
    if y >= PRIME or y in SMALL:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text.encode())
    except InvalidSignature:
        return False
    return True


def key_id(name: str, public: bytes) -> bytes:
    return sha256(f"{name}\n\x01".encode() + public).digest()[:4]


def read_key(verifier_key: str) -> bytes:
    """Reads the public key out of a verifier key. Raises Unreadable."""
    try:
        name, found, encoded = verifier_key.strip().split("+", 2)
        key = b64decode(encoded, validate=True)
    except ValueError:
        raise Unreadable("this is no verifier key") from None
    if len(key) != 33 or key[:1] != b"\x01" or key_id(name, key[1:]).hex() != found:
        raise Unreadable("this is no verifier key of Ed25519")
    return key[1:]


class Source:
    """Where a log is read from: a service, or a folder."""

    def __init__(self, place: str, event_id: int) -> None:
        is_web = place.startswith(("http://", "https://"))
        self._base = f"{place.rstrip('/')}/events/{event_id}/log" if is_web else place
        self._is_web = is_web
        # What was read, as it was at first: a checkpoint may be read again when the log has grown.
        self.seen: dict[str, bytes] = {}

    def read(self, path: str) -> bytes:
        """Reads a file of the log. Raises Unreadable."""
        found = self._find(path)
        self.seen.setdefault(path, found)
        return found

    def _find(self, path: str) -> bytes:
        try:
            if not self._is_web:
                return (Path(self._base) / path).read_bytes()
            with urllib.request.urlopen(f"{self._base}/{path}", timeout=60) as answer:  # noqa: S310 - http or https
                return bytes(answer.read())
        except (OSError, urllib.error.URLError) as problem:
            raise Unreadable(f"{self._base}/{path}: {problem}") from problem

    def served(self, path: str) -> dict[str, Any]:
        """What the service tells its visitors; nothing where a folder is read. Raises Unreadable."""
        if not self._is_web:
            return {}
        url = f"{self._base.rsplit('/', 3)[0]}/{path}"
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - http or https
                found: dict[str, Any] = json.load(answer)["data"]
                return found
        except (OSError, ValueError, KeyError) as problem:
            raise Unreadable(f"{url}: {problem}") from problem

    def entries(self, checkpoint: Checkpoint) -> Iterator[bytes]:
        """Reads the entries of a log from its own addresses: what a cache keeps of another log's is at others."""
        base = base_of(checkpoint.origin)
        for first in range(0, checkpoint.size, WIDTH):
            width = min(WIDTH, checkpoint.size - first)
            yield from _unbundle(self.read(base + bundle_path(first, width)), width)


class Mirror(Source):
    """A log that is followed. What was right before is read from a folder, and what is new is kept there once it is."""

    def __init__(self, place: str, event_id: int, folder: Path) -> None:
        super().__init__(place, event_id)
        self._folder, self._fresh, self._believes = folder, dict[str, bytes](), True

    @property
    def older(self) -> str | None:
        """The checkpoint of the time before."""
        file = self._folder / "checkpoint"
        return file.read_text("utf-8") if file.exists() else None

    def _find(self, path: str) -> bytes:
        kept = self._folder / path
        if self._believes and "tile/" in path and kept.exists():
            return kept.read_bytes()
        self._fresh[path] = super()._find(path)
        return self._fresh[path]

    def doubt(self) -> Mirror:
        """Has all be read from the service again: what is there may be another history."""
        self._believes = False
        self.seen.clear()
        return self

    def keep(self, note: str) -> None:
        """Keeps what was read, the checkpoint last: what stands there then is right up to it."""
        base = base_of(read_checkpoint(note).origin)
        for old in self._folder.glob(f"{base}tile/entries/**/*.p"):
            shutil.rmtree(old)
        for path, data in self._fresh.items():
            if path != "checkpoint":
                self._write(path, data)
        self._fresh.clear()
        self._write("checkpoint", note.encode())

    def keep_fork(self, note: str) -> Path:
        """Keeps the checkpoint that contradicts the one that is there: both together prove it."""
        name = f"fork-{sha256(note.encode()).hexdigest()[:16]}.checkpoint"
        self._write(name, note.encode())
        return self._folder / name

    def _write(self, path: str, data: bytes) -> None:
        write_file(self._folder / path, data)


def write_file(file: Path, data: bytes) -> None:
    """Writes a file as a whole, or leaves it as it is."""
    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_name(file.name + ".new")
    half.write_bytes(data)
    half.replace(file)


def base_of(origin: str) -> str:
    """Where a log's tiles are, below the event's log: `2/` if its name ends with `/log/2`, as behind a break."""
    number = re.search(r"/log/([1-9][0-9]*)\Z", origin)
    return f"{number[1]}/" if number else ""


def bundle_path(first: int, width: int) -> str:
    """Where the bundle of so many entries from `first` on is."""
    digits = f"{first // WIDTH:03}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return f"tile/entries/{path}" + ("" if width == WIDTH else f".p/{width}")


def _unbundle(data: bytes, width: int) -> Iterator[bytes]:
    at = 0
    for _ in range(width):
        length = int.from_bytes(data[at : at + 2])
        entry = data[at + 2 : at + 2 + length]
        if len(entry) != length or not length:
            raise Broken("a bundle of entries is cut short")
        yield entry
        at += 2 + length
    if at != len(data):
        raise Broken("a bundle holds more than its entries")


# --- entries

_HEAD = Struct(">B")
_BEGIN = Struct(">BBQQ32s")
_TERMS = Struct(">BQQQBIBB")
_REGISTRATION = Struct(">BBBBHQQQ32s16s")
_CHANGE = Struct(">BBBQQQ32s")
_RESIZE = Struct(">BQQQ")
_CORRECTION = Struct(">BQQQ32s16s")
_LINE = Struct(">HII")
_STATEMENT = Struct(">BQ32sQQ")
_KEY = Struct(">BQ32s32s64s")
_DRAW = Struct(">BQQ32s32sQ")
_SEAL = Struct(">BQQQ32s")
_REVEAL = Struct(">BQQQ32sB")
_DRAWN = Struct(">BBQ32s")
_PROOF = Struct(">BQI")


def _lines(data: bytes) -> dict[int, tuple[int, int]]:
    count, rest = int.from_bytes(data[:2]), data[2:]
    if len(rest) != count * _LINE.size or not count:
        raise Broken("a list of lines of another length")
    found = {kind: (capacity, waitlist) for kind, capacity, waitlist in _LINE.iter_unpack(rest)}
    if list(found) != sorted(found) or len(found) != count:
        raise Broken("a list of lines that is not in order")
    return found


@dataclass
class Line:
    capacity: int
    waitlist_capacity: int
    taken: int = 0  # confirmed and held
    waiting: int = 0
    entered: int = 0
    queue: deque[bytes] = field(default_factory=deque)
    used: bool = False

    @property
    def free(self) -> int:
        return self.capacity - self.taken


@dataclass(slots=True)
class Ticket:
    kind: int
    quantity: int
    mailbox: bytes
    status: int
    expires: int = 0
    unproved: bool = False


@dataclass(frozen=True)
class Terms:
    ends: int
    cancel_until: int
    cancelled: int
    seconds: int
    by: int
    applies_to: int

    @property
    def seat(self) -> int:
        """What a seat is at first."""
        return HELD if self.seconds and self.applies_to == 1 else CONFIRMED


@dataclass
class DrawTerms:
    """How the seats are drawn. `order` has those who are still to have their turn, once it is known."""

    at: int
    commitment: bytes
    chain: bytes
    round: int
    # The entry that sealed it: its index, the root that it names, and when it was decided.
    sealed: tuple[int, bytes, int] | None = None
    signature: bytes = b""
    # Whether the signature is the chain's; None where that cannot be verified here.
    signed: bool | None = None
    late: bool = False
    order: deque[bytes] | None = None

    @property
    def is_over(self) -> bool:
        return self.order is not None and not self.order

    @property
    def round_ms(self) -> int:
        """When the round was published; 0 if it waits for none."""
        return (GENESIS + (self.round - 1) * PERIOD) * 1000 if self.round else 0


def is_round(number: int, signature: bytes) -> bool | None:
    """Whether this is quicknet's signature of a round, by bls-unchained-g1-rfc9380. None without `py_ecc`: neither
    Python nor `cryptography` has that kind of signature."""
    limit = sys.getrecursionlimit()
    try:
        from py_ecc.bls import hash_to_curve, point_compression
        from py_ecc.optimized_bls12_381 import FQ12, G2, curve_order, final_exponentiate, is_inf, multiply, neg, pairing
    except ImportError:
        return None
    finally:
        # It lifts this as it is imported, and a deeply nested text then ends the interpreter.
        sys.setrecursionlimit(limit)
    try:
        point = point_compression.decompress_G1(int.from_bytes(signature))
    except ValueError:
        return False
    if len(signature) != 48 or is_inf(point) or not is_inf(multiply(point, curve_order)):
        return False
    key = point_compression.decompress_G2((int.from_bytes(QUICKNET_KEY[:48]), int.from_bytes(QUICKNET_KEY[48:])))
    domain = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
    hashed = hash_to_curve.hash_to_G1(sha256(number.to_bytes(8)).digest(), domain, sha256)
    both = pairing(G2, point, final_exponentiate=False) * pairing(key, neg(hashed), final_exponentiate=False)
    return bool(final_exponentiate(both) == FQ12.one())


# --- the rules


class Replay:
    """What the entries so far have made."""

    def __init__(self, event_id: int) -> None:
        self.event_id, self.index = event_id, -1
        self.leaves: list[bytes] = []
        self.lines: dict[int, Line] = {}
        self.tickets: dict[bytes, Ticket] = {}
        self.mailboxes: dict[bytes, bytes] = {}
        self.terms: Terms | None = None
        self.highest = self.decided = 0
        self.clocks: tuple[int, int | None] = (-1, None)
        # Lines that may move, and the sequence and the requested time of the command by which.
        self.moving: set[int] = set()
        self.cause = (0, 0)
        self.draw: DrawTerms | None = None
        # For how long (s) a registration waits for the proof of its address; 0: none is wanted.
        self.proof = 0
        self.unread = self.used_up = self.earlier = 0
        self.counts = [0] * len(NAMES)
        # The public keys that sign the log, each with the index from which on; what each handed on, and breaks.
        self.keys: list[tuple[int, bytes]] = []
        self.handed_on: list[tuple[int, bytes]] = []
        self.breaks: list[tuple[int, Checkpoint]] = []
        self._do = (
            *(self._begin, self._terms, self._register, self._cancel, self._confirm, self._expire),
            *(self._promote, self._resize, self._correct, self._key, self._break),
            *(self._set_draw, self._seal, self._reveal, self._draw_next, self._set_proof),
        )

    def apply(self, entry: bytes) -> None:
        """Applies the next entry. Raises Broken."""
        self.index += 1
        self.leaves.append(leaf(entry))
        try:
            kind = entry[0]
            if kind >= len(self._do):
                raise Broken("an unknown kind")
            if (kind == BEGIN) != (self.index == 0) or (self.index == 1) > (kind == TERMS):
                raise Broken("rule 1: the log does not begin as it must")
            if kind != PROMOTION and self.moving:
                self.settle()
            if kind not in (DRAWN, TERMS, KEY, BREAK) and self.draw and self.draw.order:
                raise Broken("rule 18: the draw is under way, and others still wait for their turn")
            self.counts[kind] += 1
            self._do[kind](entry)
        except (Broken, error, IndexError, UnicodeDecodeError) as problem:
            told = str(problem) if isinstance(problem, Broken) else "it cannot be read"
            name = NAMES[entry[0]] if entry and entry[0] < len(NAMES) else "entry"
            raise Broken(f"entry {self.index} ({name}): {told}") from None

    def settle(self) -> None:
        """Checks that no promotion is due any more, and the sizes of the lines that moved."""
        for kind in self.moving:
            line = self.lines[kind]
            if self._due(line) is not None:
                raise Broken("rule 4: before it the head of the waitlist was passed over")
            self._fits(line)
        self.moving.clear()

    def _fits(self, line: Line) -> None:
        if line.free < 0:
            raise Broken("rule 12: more seats are given out than there are")
        if line.waiting > line.waitlist_capacity:
            raise Broken("rule 12: the waitlist is longer than it may be")

    def _head(self, line: Line) -> bytes | None:
        while line.queue and self.tickets[line.queue[0]].status != WAITLISTED:
            line.queue.popleft()
        return line.queue[0] if line.queue else None

    def _due(self, line: Line) -> bytes | None:
        if self._now.cancelled or not line.waiting or line.free <= 0:
            return None
        head = self._head(line)
        return head if head is not None and self.tickets[head].quantity <= line.free else None

    @property
    def _now(self) -> Terms:
        assert self.terms is not None
        return self.terms

    def _begin(self, entry: bytes) -> None:
        _, version, event_id, self.decided, key = _BEGIN.unpack(entry)
        self.keys.append((0, key))
        if (version, event_id) != (1, self.event_id):
            raise Broken("rule 1: of another event or format")

    def _terms(self, entry: bytes) -> None:
        _, decided, ends, until, cancelled, seconds, by, applies_to = _TERMS.unpack_from(entry)
        lines = _lines(entry[_TERMS.size :])
        self._moment(decided)
        if cancelled > 1 or bool(seconds) != (by in (1, 2)) or bool(seconds) != (applies_to in (1, 2)):
            raise Broken("terms that there are not")
        if self.terms is not None and self.terms.cancelled > cancelled:
            raise Broken("rule 2: a cancelled event came back")
        self.terms = Terms(ends, until, cancelled, seconds, by, applies_to)
        if cancelled:
            # A cancelled event draws no one any more.
            self.draw = None
        if not self.tickets:
            self.lines = {kind: Line(*sizes) for kind, sizes in lines.items()}
        elif lines != {kind: (line.capacity, line.waitlist_capacity) for kind, line in self.lines.items()}:
            raise Broken("rule 2: sizes that no entry has made")

    def _register(self, entry: bytes) -> None:
        *rest, key, mailbox = _REGISTRATION.unpack_from(entry)
        _, outcome, flags, quantity, kind, sequence, requested, decided = rest
        self._moment(decided)
        if sequence <= self.highest:
            raise Broken("rule 3: its sequence is not greater than all before it")
        self.highest = sequence
        if key in self.tickets or not 1 <= quantity <= 20:
            raise Broken("rule 5: the ticket was decided before, or has no seats")
        line, expected = self.lines.get(kind), self._expected(flags, quantity, kind, requested, mailbox)
        self._judge(outcome, flags, expected)
        ticket = self.tickets[key] = Ticket(kind, quantity, mailbox, outcome)
        if line is not None:
            line.used = line.used or outcome != INVALID
        if outcome not in PLACES or line is None:
            self._end(entry, _REGISTRATION.size)
            return
        self._take(mailbox, key)
        ticket.unproved = bool(self.proof) and not flags & ADDED and outcome in (HELD, WAITLISTED)
        if ticket.unproved != bool(flags & ADDRESS):
            raise Broken("rule 19: its address is to be proved, or is not")
        self._seat(line, key, ticket, beyond=bool(flags & BEYOND))
        self._hold(entry, _REGISTRATION.size, ticket, requested)
        self._fits(line)

    def _judge(self, outcome: int, flags: int, expected: int) -> None:
        if outcome == INVALID:
            self.unread += 1
        elif outcome == CLOSED and flags & CODED and expected in (CONFIRMED, HELD, WAITLISTED, SOLD_OUT, ENTERED):
            self.used_up += 1
        elif outcome != expected:
            raise Broken(f"rule 5: outcome {outcome}, and {expected} is the only one allowed")

    def _seat(self, line: Line, key: bytes, ticket: Ticket, *, beyond: bool) -> None:
        if ticket.status == ENTERED:
            line.entered += ticket.quantity
            return
        if ticket.status == WAITLISTED:
            line.waiting += ticket.quantity
            line.queue.append(key)
            return
        if beyond and self._awaits_draw:
            line.capacity += ticket.quantity
        elif beyond and (line.waiting or ticket.quantity > line.free):
            line.capacity += ticket.quantity - (0 if line.waiting else line.free)
        line.taken += ticket.quantity

    def _expected(self, flags: int, quantity: int, kind: int, requested: int, mailbox: bytes) -> int:
        terms, line = self._now, self.lines.get(kind)
        if terms.cancelled:
            return EVENT_CANCELLED
        if requested >= terms.ends or line is None:
            return CLOSED
        if mailbox in self.mailboxes:
            return DUPLICATE
        seat = HELD if self.proof and not flags & ADDED else terms.seat
        if self._awaits_draw:
            return self._entry(flags, quantity, requested, seat)
        if not line.waiting and quantity <= line.free:
            return seat
        missing = quantity - (0 if line.waiting else line.free)
        if flags & BEYOND and sum(one.capacity for one in self.lines.values()) + missing <= LARGEST:
            return seat
        if quantity <= line.capacity and line.waiting + quantity <= line.waitlist_capacity:
            return WAITLISTED
        return SOLD_OUT

    @property
    def _awaits_draw(self) -> bool:
        return self.draw is not None and not self.draw.is_over

    def _entry(self, flags: int, quantity: int, requested: int, seat: int) -> int:
        assert self.draw is not None
        if flags & BEYOND and sum(one.capacity for one in self.lines.values()) + quantity <= LARGEST:
            return seat
        return CLOSED if self.draw.sealed or requested >= self.draw.at else ENTERED

    def _set_draw(self, entry: bytes) -> None:
        _, decided, at, commitment, chain, number = _DRAW.unpack(entry)
        self._moment(decided)
        if self.tickets:
            raise Broken("rule 15: the draw was changed after the first registration")
        draw = DrawTerms(at, commitment, chain, number)
        if (
            at
            and number
            and (chain != QUICKNET or not 0 <= draw.round_ms - at - SEAL_SECONDS * 1000 < PERIOD * 1000 + 1000)
        ):
            raise Broken("rule 15: it names another round than that of its time")
        self.draw = draw if at else None

    def _seal(self, entry: bytes) -> None:
        _, sequence, requested, decided, root = _SEAL.unpack(entry)
        self._moment(decided)
        self._command(sequence, requested)
        draw = self.draw
        if draw is None or draw.sealed or requested < draw.at:
            raise Broken("rule 16: there is no draw, it was sealed before, or its time has not come")
        if root_of(self.leaves[: self.index]) != root:
            raise Broken("rule 16: the entries before it are not those that were sealed")
        draw.sealed = (self.index, root, decided)

    def _reveal(self, entry: bytes) -> None:
        _, sequence, requested, decided, secret, length = _REVEAL.unpack_from(entry)
        signature = entry[_REVEAL.size :]
        self._moment(decided)
        self._command(sequence, requested)
        draw = self.draw
        if draw is None or not draw.sealed or draw.order is not None or len(signature) != length:
            raise Broken("rule 17: there is no draw, it is not sealed, or it was held before")
        if sha256(secret).digest() != draw.commitment:
            raise Broken("rule 17: this secret was not committed to")
        draw.late, draw.signature = requested >= self._now.ends, signature
        if bool(signature) != bool(draw.round) and not (draw.late and not signature):
            raise Broken("rule 17: the round that was named beforehand is missing, or none was named")
        if signature:
            draw.signed = is_round(draw.round, signature)
            if draw.signed is False:
                raise Broken("rule 17: this is not the signature of the round")
        seed = sha256(secret + (sha256(signature).digest() if signature else draw.sealed[1])).digest()
        entered = (key for key, ticket in self.tickets.items() if ticket.status == ENTERED)
        draw.order = deque(sorted(entered, key=lambda key: sha256(seed + key).digest()))

    def _draw_next(self, entry: bytes) -> None:
        _, outcome, decided, key = _DRAWN.unpack_from(entry)
        self._moment(decided)
        draw = self.draw
        if draw is None or not draw.order or draw.order.popleft() != key:
            raise Broken("rule 18: it is not this ticket's turn in the order of the seed")
        ticket = self.tickets[key]
        line = self.lines[ticket.kind]
        expected = self._gets(line, ticket.quantity, late=draw.late)
        if outcome != expected:
            raise Broken(f"rule 18: outcome {outcome}, and {expected} is the only one allowed")
        line.entered -= ticket.quantity
        ticket.status = outcome
        if outcome == NOT_DRAWN:
            self._release(ticket)
            self._end(entry, _DRAWN.size)
            return
        self._seat(line, key, ticket, beyond=False)
        self._hold(entry, _DRAWN.size, ticket, 0)
        self._fits(line)

    def _gets(self, line: Line, quantity: int, *, late: bool) -> int:
        """What is left for one who has a turn in the draw."""
        if late:
            return NOT_DRAWN
        if not line.waiting and quantity <= line.free:
            return self._now.seat
        waits = quantity <= line.capacity and line.waiting + quantity <= line.waitlist_capacity
        return WAITLISTED if waits else NOT_DRAWN

    def _cancel(self, entry: bytes) -> None:
        outcome, flags, requested, ticket, line = self._change(entry)
        terms = self._now
        if ticket.status not in PLACES:
            raise Broken("rule 7: the ticket has no place")
        if outcome == WITH_EVENT:
            if not terms.cancelled:
                raise Broken("rule 7: the event is not cancelled")
        elif outcome not in (BY_HOLDER, BY_ORGANIZER) or requested >= terms.ends:
            raise Broken("rule 7: another outcome, or after the event's end")
        elif ticket.status == CONFIRMED and requested >= terms.cancel_until and not flags & EXEMPT:
            raise Broken("rule 7: after the time until which a ticket can be given back")
        self._leave(ticket, line, outcome)
        self.moving = {ticket.kind}

    def _confirm(self, entry: bytes) -> None:
        outcome, flags, requested, ticket, _ = self._change(entry[: _CHANGE.size])
        if requested >= min(ticket.expires, self._now.ends) and not flags & IN_TIME:
            raise Broken("rule 9: after the end of the hold")
        if flags & ADDRESS:
            self._prove(outcome, ticket)
        elif ticket.status != HELD or outcome != CONFIRMED or (ticket.unproved and not flags & IN_TIME):
            raise Broken("rule 9: the ticket is not held, or its address is not proved")
        ticket.status, ticket.unproved = outcome, False
        self._hold(entry, _CHANGE.size, ticket, requested)

    def _prove(self, outcome: int, ticket: Ticket) -> None:
        paid = self._now.seat == HELD and self._now.by == 1
        expected = WAITLISTED if ticket.status == WAITLISTED else HELD if paid else CONFIRMED
        if not ticket.unproved or ticket.status not in (HELD, WAITLISTED):
            raise Broken("rule 20: there is no address to prove")
        if outcome != expected:
            raise Broken(f"rule 20: outcome {outcome}, and {expected} is the only one allowed")

    def _set_proof(self, entry: bytes) -> None:
        _, decided, self.proof = _PROOF.unpack(entry)
        self._moment(decided)

    def _expire(self, entry: bytes) -> None:
        outcome, _, requested, ticket, line = self._change(entry)
        held = ticket.status == HELD or (ticket.unproved and ticket.status == WAITLISTED)
        if not held or outcome != EXPIRED or self._now.cancelled:
            raise Broken("rule 8: the ticket is not held, or the event is cancelled")
        if requested < ticket.expires:
            raise Broken("rule 8: before the end of the hold")
        self._leave(ticket, line, outcome)
        self.moving = {ticket.kind} if requested < self._now.ends else set()

    def _promote(self, entry: bytes) -> None:
        cause, moving = self.cause, self.moving
        _, outcome, flags, sequence, requested, decided, key = _CHANGE.unpack_from(entry)
        self._moment(decided)
        ticket = self.tickets.get(key)
        line = self.lines.get(ticket.kind) if ticket else None
        if ticket is None or line is None or ticket.kind not in moving or (sequence, requested) != cause or flags:
            raise Broken("rule 4: nothing has freed a seat for it")
        if self._due(line) != key:
            raise Broken("rule 4: it is not the head of its waitlist, or its seats do not suffice")
        if outcome != (HELD if self._now.seconds or ticket.unproved else CONFIRMED):
            raise Broken("rule 4: another outcome than the terms say")
        line.waiting -= ticket.quantity
        line.taken += ticket.quantity
        ticket.status = outcome
        if ticket.unproved:
            # What is left of its time.
            if entry[_CHANGE.size :] != ticket.expires.to_bytes(8):
                raise Broken("rule 21: another time to prove its address")
            return
        self._hold(entry, _CHANGE.size, ticket, requested)

    def _resize(self, entry: bytes) -> None:
        _, sequence, requested, decided = _RESIZE.unpack_from(entry)
        lines = _lines(entry[_RESIZE.size :])
        self._moment(decided)
        self._command(sequence, requested)
        if requested >= self._now.ends:
            raise Broken("rule 10: after the event's end")
        if any(line.used for kind, line in self.lines.items() if kind not in lines):
            raise Broken("rule 10: a type that is used has gone")
        for kind, sizes in lines.items():
            line = self.lines.setdefault(kind, Line(*sizes))
            line.capacity, line.waitlist_capacity = sizes
            if line.waiting and any(self._waits_for_more(key, line) for key in line.queue):
                raise Broken("rule 10: a group waits that can never have its seats")
        self.lines = {kind: self.lines[kind] for kind in lines}
        self.moving = set(lines)

    def _waits_for_more(self, key: bytes, line: Line) -> bool:
        ticket = self.tickets[key]
        return ticket.status == WAITLISTED and ticket.quantity > line.capacity

    def _correct(self, entry: bytes) -> None:
        _, sequence, requested, decided, key, mailbox = _CORRECTION.unpack(entry)
        self._moment(decided)
        self._command(sequence, requested)
        ticket = self.tickets.get(key)
        if ticket is None or ticket.status not in PLACES or requested >= self._now.ends:
            raise Broken("rule 11: the ticket has no place, or the event is over")
        if self.mailboxes.get(mailbox, key) != key:
            raise Broken("rule 11: another ticket has this mailbox")
        self._release(ticket)
        ticket.mailbox = mailbox
        self._take(mailbox, key)

    def _key(self, entry: bytes) -> None:
        _, _, old, new, signature = _KEY.unpack(entry)
        if not self.keys or old != self.keys[-1][1] or new == old:
            raise Broken("rule 13: it does not hand on the key that signs the log")
        self.keys.append((self.index, new))
        self.handed_on.append((self.index, signature))

    def _break(self, entry: bytes) -> None:
        self.breaks.append((self.index, read_checkpoint(entry[9:].decode())))

    def _change(self, entry: bytes) -> tuple[int, int, int, Ticket, Line]:
        _, outcome, flags, sequence, requested, decided, key = _CHANGE.unpack(entry)
        self._moment(decided)
        self._command(sequence, requested)
        ticket = self.tickets.get(key)
        if ticket is None:
            raise Broken("its ticket was never registered")
        return outcome, flags, requested, ticket, self.lines[ticket.kind]

    def _command(self, sequence: int, requested: int) -> None:
        self.earlier += sequence < self.highest
        self.highest, self.cause = max(self.highest, sequence), (sequence, requested)

    def _leave(self, ticket: Ticket, line: Line, outcome: int) -> None:
        if ticket.status == WAITLISTED:
            line.waiting -= ticket.quantity
        elif ticket.status == ENTERED:
            line.entered -= ticket.quantity
        else:
            line.taken -= ticket.quantity
        ticket.status = outcome
        self._release(ticket)

    def _take(self, mailbox: bytes, key: bytes) -> None:
        if mailbox != ERASED:
            self.mailboxes[mailbox] = key

    def _release(self, ticket: Ticket) -> None:
        self.mailboxes.pop(ticket.mailbox, None)

    def _moment(self, decided: int) -> None:
        if decided < self.decided:
            raise Broken("it was decided before the entry in front of it")
        self.decided = decided

    def _hold(self, entry: bytes, size: int, ticket: Ticket, requested: int) -> None:
        if ticket.status != HELD and not ticket.unproved:
            self._end(entry, size)
            return
        self._end(entry, size + 8)
        ticket.expires = int.from_bytes(entry[size:])
        terms = self._now
        if ticket.expires >= terms.ends:
            if ticket.expires > terms.ends:
                raise Broken("rule 6: a hold beyond the event's end")
            return
        clock = ticket.expires - (self.proof if ticket.unproved else terms.seconds) * 1000
        known = self.clocks[1] if self.clocks[0] == self.decided else None
        if clock < requested - CLOCK_MS or (known is not None and known != clock):
            raise Broken("rule 6: a hold of another length")
        self.clocks = (self.decided, clock)

    def _end(self, entry: bytes, size: int) -> None:
        if len(entry) != size:
            raise Broken("it is longer or shorter than its kind")


# --- receipts


class Receipt(NamedTuple):
    """What the operator has signed: that a ticket was admitted to an event, at a place in its order and a time."""

    where: str  # its file and its number there
    event_id: int
    ticket: bytes
    sequence: int
    requested: int


@dataclass
class Kept:
    """How the receipts stand to a log. Each of `broken` is a contradiction, and the files that prove it."""

    kept: int = 0
    waiting: int = 0
    foreign: int = 0
    unjudged: int = 0
    broken: list[tuple[str, str]] = field(default_factory=list)
    unsigned: list[str] = field(default_factory=list)


class Registered:
    """Which registrations a log has, whether the rules allow them or not: ticket to sequence, time and index."""

    def __init__(self) -> None:
        self.tickets: dict[bytes, tuple[int, int, int]] = {}
        self.highest = self.ends = 0

    def note(self, index: int, entry: bytes) -> None:
        """Notes an entry; one that cannot be read is the replay's to name."""
        try:
            if entry[0] == REGISTRATION:
                *_, sequence, requested, _, ticket, _ = _REGISTRATION.unpack_from(entry)
                self.tickets.setdefault(ticket, (sequence, requested, index))
                self.highest = max(self.highest, sequence)
            elif entry[0] == TERMS:
                self.ends = _TERMS.unpack_from(entry)[2]
        except error:
            return


def read_receipts(file: Path) -> list[tuple[str, dict[str, Any]]]:
    """Reads receipts as they were given: one, a list, or one a line. Raises Unreadable."""
    text = file.read_text("utf-8").strip()
    try:
        found = json.loads(text)
    except ValueError:
        try:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError:
            raise Unreadable(f"{file}: neither a list of receipts nor one a line") from None
    listed = found if isinstance(found, list) else [found]
    if not listed or not all(isinstance(one, dict) for one in listed):
        raise Unreadable(f"{file}: not a list of receipts")
    return [(f"{file} ({number})", one) for number, one in enumerate(listed, 1)]


def open_receipt(where: str, told: dict[str, Any], keys: AbstractSet[bytes]) -> Receipt:
    """Checks that a receipt is under one of the operator's keys. Raises Broken."""
    try:
        moment = datetime.fromisoformat(told["requested_at"])
        requested = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
        found = Receipt(where, told["event_id"], bytes.fromhex(told["commitment"]), told["sequence"], requested)
        leaf = _STATEMENT.pack(STATEMENT, found.event_id, found.ticket, found.sequence, found.requested)
        path, note = [bytes.fromhex(one) for one in told["inclusion"]], str(told["note"])
        name, count, root = _signed_by_any(note, keys).split("\n")[:3]
        kind, size = count.split(" ")
        index, leaves, signed = int(told["index"]), int(size), b64decode(root)
    except (KeyError, TypeError, ValueError, AttributeError, error):
        raise Broken("it is no receipt") from None
    if kind != "receipts" or not name.endswith("/receipts"):
        raise Broken("its note was signed for something else")
    if len(found.ticket) != 32 or root_by(sha256(b"\x00" + leaf).digest(), index, leaves, path) != signed:
        raise Broken("it is not among those that its note was signed for")
    return found


def _signed_by_any(note: str, keys: AbstractSet[bytes]) -> str:
    problem = Broken("there is no key")
    for public in keys:
        try:
            return open_note(note, note.split("\n")[0], public, what="receipt")
        except Broken as found:
            problem = found
    raise problem


def root_by(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """RFC 9162, 2.1.3.2: the root that an audit path leads to; None if it is longer or shorter than it must be."""
    last = size - 1
    if not 0 <= index <= last:
        return None
    for sibling in path:
        if not last:
            return None
        if index & 1 or index == last:
            leaf = node(sibling, leaf)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            leaf = node(leaf, sibling)
        index, last = index >> 1, last >> 1
    return None if last else leaf


def judge(
    told: Sequence[tuple[str, dict[str, Any]]],
    registered: Registered | None,
    checkpoint: Checkpoint,
    *,
    keys: AbstractSet[bytes],
    event_id: int,
    lost: AbstractSet[bytes] = frozenset(),
) -> Kept:
    """Compares receipts with a log, and with each other. `lost` are tickets that the service says it has lost.

    `registered` is None if the entries are not proved to be what was signed: then the log says nothing of a receipt,
    nor of whose it is if it is under none of the keys.
    """
    found, signed = Kept(), list[Receipt]()
    for where, one in told:
        try:
            signed.append(open_receipt(where, one, keys))
        except Broken as problem:
            if registered is None:
                found.unjudged += 1
            else:
                found.unsigned.append(f"{where}: {problem}")
    _against_each_other(signed, found)
    for receipt in signed:
        if receipt.event_id != event_id:
            found.foreign += 1
        elif registered is None:
            found.unjudged += 1
        else:
            _against_log(receipt, registered, checkpoint, found, is_lost=receipt.ticket in lost)
    return found


def _against_each_other(receipts: Sequence[Receipt], found: Kept) -> None:
    places: dict[tuple[int, int], Receipt] = {}
    tickets: dict[tuple[int, bytes], Receipt] = {}
    for one in receipts:
        other = places.setdefault((one.event_id, one.sequence), one)
        if other.ticket != one.ticket:
            text = f"two tickets were promised sequence {one.sequence} of event {one.event_id}"
            found.broken.append((text, f"{other.where} and {one.where}, alone"))
        other = tickets.setdefault((one.event_id, one.ticket), one)
        if (other.sequence, other.requested) != (one.sequence, one.requested):
            text = f"the ticket {one.ticket.hex()} was promised sequence {other.sequence} and {one.sequence}"
            found.broken.append((text, f"{other.where} and {one.where}, alone"))


def _against_log(
    receipt: Receipt, registered: Registered, checkpoint: Checkpoint, found: Kept, *, is_lost: bool
) -> None:
    said = f"{receipt.where}: the ticket {receipt.ticket.hex()} was promised sequence {receipt.sequence}"
    stands = registered.tickets.get(receipt.ticket)
    if stands is None:
        why = "the service has lost it" if is_lost else _why_missing(receipt, registered)
        if why:
            tiles = f"{base_of(checkpoint.origin)}tile/entries"
            found.broken.append((f"{said}, and {why}", f"{receipt.where}, checkpoint, all of {tiles}"))
        else:
            found.waiting += 1
        return
    sequence, requested, index = stands
    if (sequence, requested) == (receipt.sequence, receipt.requested):
        found.kept += 1
        return
    first = index // WIDTH * WIDTH
    base = base_of(checkpoint.origin)
    bundle = base + bundle_path(first, min(WIDTH, checkpoint.size - first))
    what = f"with sequence {sequence}" if sequence != receipt.sequence else "with another time"
    found.broken.append(
        (f"{said}, and the log has it {what}", f"{receipt.where}, checkpoint, {bundle}, {base}tile/0 and up")
    )


def _why_missing(receipt: Receipt, registered: Registered) -> str:
    """Why a ticket had to be in the log by now; empty if it may still come."""
    if receipt.sequence < registered.highest:
        return f"the log goes on to sequence {registered.highest} without it"
    if registered.ends and time.time() * 1000 > registered.ends + OVER_MS:
        return "the event is over without it"
    return ""


# --- the whole


@dataclass(frozen=True)
class Verdict:
    """What was found. `problem` is empty if the log is as it must be; `rewritten`: it does not continue an earlier one.
    `note` is the signed checkpoint."""

    problem: str
    checkpoint: Checkpoint
    replay: Replay
    missing: tuple[str, ...] = ()
    receipts: Kept = field(default_factory=Kept)
    note: str = ""
    rewritten: bool = False


def verify(
    source: Source,
    event_id: int,
    *,
    key: str | None,
    since: str | None = None,
    tickets: Sequence[str] = (),
    receipts: Sequence[tuple[str, dict[str, Any]]] = (),
    witnesses: Sequence[str] = (),
) -> Verdict:
    """Reads and checks a whole log. Raises Broken where there is nothing to go on with, and Unreadable."""
    public, note = read_key(source.read("key").decode()), source.read("checkpoint").decode()
    trusted = read_key(key) if key else public
    checkpoint = open_checkpoint(note, public)
    replay, problem = Replay(event_id), ""
    leaves, registered = replay.leaves, Registered()
    for entry in source.entries(checkpoint):
        if receipts:
            registered.note(len(leaves), entry)
        if problem:
            leaves.append(leaf(entry))
        else:
            try:
                replay.apply(entry)
            except Broken as found:
                problem = str(found)
    if not problem and replay.moving:
        try:
            replay.settle()
        except Broken as found:
            problem = f"at the end: {found}"
    rewritten = _since_problem(replay, leaves, checkpoint.origin, since) if since else ""
    wrong_tree = _tree_problem(leaves, checkpoint)
    # Behind an entry that breaks a rule it is not known which keys the log names.
    wrong_key = "" if wrong_tree or problem else _key_problem(replay, leaves, checkpoint.origin, public, trusted)
    proves = not (wrong_tree or wrong_key)
    problem = (
        wrong_tree
        or rewritten
        or problem
        or wrong_key
        or next(filter(None, (witness_problem(note, one) for one in witnesses)), "")
        or _service_problem(source, replay, note, tickets)
    )
    missing = tuple(ticket for ticket in tickets if sha256(ticket.encode()).digest() not in replay.tickets)
    lost = {sha256(one.encode()).digest() for one in missing if receipts and _is_lost(source, one)}
    keys = {public, trusted, *(one for _, one in replay.keys if proves)}
    kept = judge(receipts, registered if proves else None, checkpoint, keys=keys, event_id=event_id, lost=lost)
    return Verdict(problem, checkpoint, replay, missing, kept, note=note, rewritten=bool(rewritten))


def _is_lost(source: Source, ticket: str) -> bool:
    return bool(source.served(f"registrations/{ticket}").get("status") == "lost")


def _service_problem(source: Source, replay: Replay, note: str, tickets: Sequence[str]) -> str:
    """Compares what the service tells with the log, if the log has not grown meanwhile. Both may be a moment apart."""
    problem = ""
    for _ in range(TRIES):
        problem = _contradiction(source, replay, tickets)
        if not problem or source.read("checkpoint").decode() != note:
            return ""
        time.sleep(1)
    return problem


def _contradiction(source: Source, replay: Replay, tickets: Sequence[str]) -> str:
    told = source.served(f"events/{replay.event_id}")
    lines = replay.lines.values()
    counts = tuple(sum(getattr(line, name) for line in lines) for name in ("taken", "waiting", "entered"))
    taken = told and told["confirmed_count"] + told["held_count"]
    if told and counts != (taken, told["waitlisted_count"], told.get("entered_count", 0)):
        return f"the log has {counts[0]} seats given out and {counts[1]} waiting, and the service says otherwise"
    for ticket in tickets:
        found = replay.tickets.get(sha256(ticket.encode()).digest())
        status = source.served(f"registrations/{ticket}").get("status") if found else None
        if found and status and status != STATUSES[found.status]:
            return f"the log has the ticket {ticket[:-20]} as {STATUSES[found.status]}, and the service as {status}"
    return ""


def _tree_problem(leaves: Sequence[bytes], checkpoint: Checkpoint) -> str:
    if root_of(leaves) != checkpoint.root:
        return "the entries are not those that the checkpoint was signed for"
    return ""


def _key_problem(replay: Replay, leaves: Sequence[bytes], origin: str, public: bytes, trusted: bytes) -> str:
    """Rule 13: from the key that is trusted, signatures lead to the one that signed the checkpoint."""
    names = _names(replay, origin)
    for (index, new), (_, old), (_, signature) in zip(replay.keys[1:], replay.keys, replay.handed_on, strict=False):
        name = next(name for behind, name in names if index < behind)
        told = Checkpoint(name, index, root_of(leaves[:index])).text + _key_line(new)
        if old != NO_KEY and not is_signed(signature, told, old):
            return f"entry {index} (key): rule 13: the key before did not sign it"
    found = [key for _, key in replay.keys]
    if found and found[-1] != public:
        return "rule 13: the checkpoint is signed by another key than the log names"
    return "" if trusted in found else "the log was begun under another key than the one that you trust"


def _key_line(new: bytes) -> str:
    return f"key {b64encode(bytes([1]) + new).decode()}\n"


def _names(replay: Replay, origin: str) -> list[tuple[float, str]]:
    """The names of a log, each with the index behind its last entry."""
    return [*((index, old.origin) for index, old in replay.breaks), (float("inf"), origin)]


def _since_problem(replay: Replay, leaves: Sequence[bytes], origin: str, since: str) -> str:
    older = read_checkpoint(since)
    key = [key for index, key in replay.keys if index < max(1, older.size)]
    try:
        open_checkpoint(since, key[-1] if key else NO_KEY)
    except Broken as problem:
        return f"the earlier checkpoint: {problem}"
    if older.origin not in [name for _, name in _names(replay, origin)]:
        return "the earlier checkpoint is of another log"
    if older.size > len(leaves):
        return "the earlier checkpoint is of a longer log: entries were taken away"
    if root_of(leaves[: older.size]) != older.root:
        return f"the first {older.size} entries are not those of the earlier checkpoint: the log was rewritten"
    return ""


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("url", help="the service, or a folder with the log")
    parser.add_argument("event", type=int, help="the event's id")
    parser.add_argument("--key", help="the verifier key, unless the one that the service shows is believed")
    parser.add_argument("--since", type=Path, help="a file with an earlier checkpoint, which this log must continue")
    parser.add_argument(
        "--mirror", type=Path, metavar="DIR", help="a folder that follows the log, and tells if it forks"
    )
    parser.add_argument("--every", type=float, metavar="SECONDS", help="look again and again, as long as all is right")
    parser.add_argument("--witness", action="append", default=[], help="the verifier key of one who must have cosigned")
    parser.add_argument("--ticket", action="append", default=[], help="a ticket id that must be in the log")
    parser.add_argument("--receipts", action="append", type=Path, default=[], help="a file with receipts to be kept")
    parser.add_argument(
        "--evidence",
        type=Path,
        metavar="DIR",
        help="where to save what anyone needs to see for themselves what is wrong",
    )
    asked = parser.parse_args(words)
    code = look(asked)
    while asked.every and code in (0, 2):
        sys.stdout.flush()
        time.sleep(asked.every)
        code = look(asked)
    return code


def look(asked: argparse.Namespace) -> int:
    """Looks at the log once, says what was found, and saves what proves it if that is asked for."""
    source = Mirror(asked.url, asked.event, asked.mirror) if asked.mirror else Source(asked.url, asked.event)
    try:
        receipts = [one for file in asked.receipts for one in read_receipts(file)]
        code = _look(source, asked, receipts)
        if code == 1 and asked.evidence:
            save_evidence(asked.evidence, source.seen, receipts, event_id=asked.event)
        return code
    except (Unreadable, OSError, ValueError) as problem:
        print(f"cannot be read: {problem}", file=sys.stderr)
        return 2


def _look(source: Source, asked: argparse.Namespace, receipts: Sequence[tuple[str, dict[str, Any]]]) -> int:
    since = asked.since.read_text("utf-8") if asked.since else None
    more: dict[str, Any] = {"key": asked.key, "tickets": asked.ticket, "receipts": receipts, "witnesses": asked.witness}
    try:
        if not isinstance(source, Mirror):
            return report(verify(source, asked.event, since=since, **more))
        found = verify(source, asked.event, since=since or source.older, **more)
        if found.problem:
            found = verify(source.doubt(), asked.event, since=since or source.older, **more)
        return report(found) if found.problem and not found.rewritten else _follow(source, found)
    except Broken as problem:
        print(f"NOT AS IT MUST BE: {problem}")
        return 1


def save_evidence(
    folder: Path, seen: dict[str, bytes], receipts: Sequence[tuple[str, dict[str, Any]]], *, event_id: int
) -> None:
    """Saves the log as it was read, and the receipts: this program says the same of the folder, whatever the service
    shows by then."""
    for path, data in seen.items():
        write_file(folder / path, data)
    told = ""
    if receipts:
        write_file(folder / "receipts.json", json.dumps([one for _, one in receipts]).encode())
        told = f" --receipts {folder / 'receipts.json'}"
    print(f"evidence is in {folder}; see for yourself: omnify_verify.py {folder} {event_id}{told}")


def _follow(mirror: Mirror, found: Verdict) -> int:
    if not found.rewritten:
        mirror.keep(found.note)
        return report(found)
    file = mirror.keep_fork(found.note)
    report(found)
    print(f"FORKED: {file} contradicts {file.parent / 'checkpoint'}, and both are signed: show them to others")
    return 3


def print_draw(draw: DrawTerms | None) -> None:
    """What there is to say of a draw, and what is not proved about it."""
    if draw is None:
        return
    state = "held" if draw.is_over else "under way" if draw.order else "sealed" if draw.sealed else "to be held"
    if not draw.round:
        print(f"the draw is {state}; not proved: that the operator, who knew the secret, added no entries to turn it")
        return
    print(f"the draw is {state}, by round {draw.round} of drand's quicknet, {draw.signature.hex() or 'not known yet'}")
    if draw.sealed is not None and draw.sealed[2] >= draw.round_ms:
        print("not proved: that no entry was added once the round was known: the seal came after it")
    if draw.signature and draw.signed is None:
        print("not proved: the round's signature; compare it with drand, or install py_ecc")


def report(found: Verdict) -> int:
    replay, checkpoint = found.replay, found.checkpoint
    print(f"{checkpoint.origin}: {checkpoint.size} entries, signed")
    print(", ".join(f"{count} {name}" for name, count in zip(NAMES, replay.counts, strict=True) if count))
    print(
        f"not proved: {replay.unread} entries unreadable, {replay.used_up} codes used up, {replay.earlier} out of turn"
    )
    for index, old in replay.breaks:
        print(f"BROKEN OFF: entry {index} states that {old.origin} ends, which was published up to {old.size}")
    print_draw(replay.draw)
    for ticket in found.missing:
        print(f"NOT IN THE LOG: the ticket with the commitment {sha256(ticket.encode()).hexdigest()}")
    if found.problem:
        print(f"NOT AS IT MUST BE: {found.problem}")
    receipts = found.receipts
    if receipts.kept or receipts.waiting or receipts.foreign:
        print(f"receipts: {receipts.kept} kept, {receipts.waiting} not decided yet, {receipts.foreign} of other events")
    if receipts.unjudged:
        print(f"receipts: {receipts.unjudged} not judged: entries that are not proved to be signed prove nothing")
    for text in receipts.unsigned:
        print(f"NO RECEIPT OF THIS OPERATOR: {text}")
    for text, proof in receipts.broken:
        print(f"RECEIPT BROKEN: {text}\n  proved by {proof}, and the verifier key")
    if found.problem or found.missing or receipts.broken or receipts.unsigned:
        return 1
    print("every decision is the only one that the rules allow")
    return 0


if __name__ == "__main__":
    sys.exit(main())
