"""What the operator asked for: the command line's arguments, checked."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from events.domain.holds import LONGEST_SECONDS, SHORTEST_SECONDS
from events.domain.seats import MAX_QUANTITY
from rehearsal.home import NotStored, stored_address, stored_token
from rehearsal.http import parse_target
from rehearsal.organizer import Unusable

CODES = 10  # with `--codes`
MOST_PEOPLE = 1_000_000
MOST_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of a rehearsal. Times are in seconds.

    `people` are distinct; `duplicates` of them register twice, `cancel` registrations are cancelled. With a `hold` of
    so many seconds, `pay` people pay for the seat that is set aside for them. With `draws` it is so many small draws
    and nothing else.
    """

    url: str
    token: str
    people: int
    seats: int
    duplicates: int
    cancel: int
    waitlist: int
    rate: int | None
    processes: int
    connections: int
    patience: int
    time_limit: int
    json_file: Path | None
    webhooks: bool = False
    receipts_file: Path | None = None
    types: int = 0
    groups: tuple[int, int] = (1, 1)
    codes: bool = False
    hold: int = 0
    pay: int = 0
    draws: int = 0

    @property
    def registrations(self) -> int:
        return self.people + self.duplicates

    @property
    def uses_of_a_code(self) -> int:
        """How many seats each access code lets in."""
        return max(self.groups[1], self.seats * 4 // (5 * CODES))

    @property
    def tickets_may_change(self) -> bool:
        """Whether a ticket may change after its decision."""
        return bool(self.cancel or self.waitlist or self.hold)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments, to Django's parser or to that of `python -m rehearsal`."""
    add = parser.add_argument
    add("--url", help="the service's URL (default: the service started by `make run`, from $OMNIFY_HOME)")
    add("--token", help="an organizer's token (default: $OMNIFY_TOKEN, or the token stored by `make run`)")
    add("--people", default="20000", help="distinct people who register (default: 20000)")
    add("--seats", default="2000", help="seats of the event (default: 2000)")
    add("--duplicates", default="5%", help="how many of them register twice: 5%% or a number (default: 5%%)")
    add("--cancel", default="0", help="how many cancel their ticket, if they got one: 10%% or a number (default: 0)")
    add("--waitlist", default="0", help="the event's waitlist capacity (default: 0)")
    add("--types", default="0", help="ticket types, which share seats and waitlist evenly (default: 0, none)")
    add("--groups", default="1", help="seats that a registration asks for: 1-4, or a number (default: 1)")
    add("--codes", action="store_true", help="everyone needs one of ten access codes, for 4 of 5 seats together")
    add("--hold", default="0", help="set each seat aside for so long first: 60s, 10m (default: 0, not at all)")
    add("--pay", default="100%", help="how many pay for the seat that is set aside: 80%% or a number (default: 100%%)")
    add("--draw", default="0", help="hold so many small draws instead, and prove what their logs say (default: 0)")
    add(
        "--receipts", metavar="FILE", help="ask for receipts, keep them in this file, and prove that the log keeps them"
    )
    add("--rate", help="registrations per second in all (default: as fast as possible)")
    add("--processes", default="2", help="processes the crowd comes from (default: 2)")
    add("--connections", default="128", help="connections in all (default: 128)")
    add("--patience", default="60", help="give up after this many seconds without progress (default: 60)")
    add("--time-limit", default="3600", help="give up after this many seconds in any case (default: 3600)")
    add("--json", dest="json_file", help="also write the figures and proofs to this file")
    add(
        "--webhooks",
        action="store_true",
        help="also receive every webhook, on this machine; the service needs WEBHOOK_ALLOW_PRIVATE=true",
    )


def read_options(given: Mapping[str, Any], *, environ: Mapping[str, str]) -> Options:
    """Reads and checks the options of a rehearsal.

    Raises:
        Unusable: an option is invalid, or there is no token; the message is one line for the user.
    """
    people = _number(given, "people", most=MOST_PEOPLE)
    processes = _number(given, "processes", most=64)
    options = Options(
        url=_base_url(given.get("url") or _kept(stored_address, environ)),
        token=given.get("token") or _kept(stored_token, environ),
        people=people,
        seats=_number(given, "seats", most=10_000_000),
        duplicates=_share(given, "duplicates", people),
        cancel=_share(given, "cancel", people),
        waitlist=_number(given, "waitlist", least=0, most=10_000_000),
        rate=None if given.get("rate") is None else _number(given, "rate", most=1_000_000),
        processes=processes,
        connections=_number(given, "connections", least=processes, most=10_000),
        patience=_number(given, "patience", most=MOST_SECONDS),
        time_limit=_number(given, "time_limit", most=MOST_SECONDS),
        json_file=_writable("json", given.get("json_file")),
        webhooks=bool(given.get("webhooks")),
        receipts_file=_writable("receipts", given.get("receipts")),
        types=_number({"types": 0, **given}, "types", least=0, most=50),
        groups=_groups(str({"groups": 1, **given}["groups"])),
        codes=bool(given.get("codes")),
        hold=_hold(str({"hold": 0, **given}["hold"])),
        draws=_number({"draw": 0, **given}, "draw", least=0, most=1000),
        pay=_share({"pay": "100%", **given}, "pay", people),
    )
    if options.seats < options.types * options.groups[1]:
        raise Unusable("--types: each type needs seats for the largest group")
    if options.rate is not None and options.registrations > options.rate * options.time_limit:
        raise Unusable("--rate: at this rate the registrations would take longer than --time-limit")
    return options


def _number(given: Mapping[str, Any], name: str, *, least: int = 1, most: int) -> int:
    text = str(given[name]).strip()
    if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
        option = "--" + name.replace("_", "-")
        raise Unusable(f"{option}: {text!r} is not a whole number from {least} to {most}")
    return int(text)


def _share(given: Mapping[str, Any], name: str, people: int) -> int:
    text = str(given[name]).strip()
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)%|([0-9]{1,9})", text)
    number = -1 if match is None else int(match[2]) if match[2] else round(people * float(match[1]) / 100)
    if not 0 <= number <= people:
        raise Unusable(f"--{name}: {text!r} is neither a share like 5% nor a number up to {people}")
    return number


def _groups(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{1,2})(?:-([0-9]{1,2}))?", text.strip())
    low, high = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= low <= high <= MAX_QUANTITY:
        raise Unusable(f"--groups: {text!r} is neither a number up to {MAX_QUANTITY} nor a range like 1-4")
    return low, high


def _hold(text: str) -> int:
    match = re.fullmatch(r"([0-9]{1,6})(s|m|h)?", text.strip())
    seconds = int(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2] or "s"] if match else -1
    if seconds and not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
        raise Unusable(
            f"--hold: {text!r} is not a time like 60s or 10m, from {SHORTEST_SECONDS} to {LONGEST_SECONDS} s"
        )
    return seconds


def _base_url(url: str) -> str:
    try:
        parse_target(url)
    except ValueError as problem:
        raise Unusable(f"--url: {problem}") from problem
    return url.rstrip("/")


def _kept(find: Callable[[Mapping[str, str]], str], environ: Mapping[str, str]) -> str:
    try:
        return find(environ)
    except NotStored as problem:
        raise Unusable(str(problem)) from problem


def _writable(option: str, text: str | None) -> Path | None:
    path = Path(text) if text else None
    if path is not None and (path.is_dir() or not os.access(path.parent, os.W_OK)):
        raise Unusable(f"--{option}: {path} cannot be written")
    return path
