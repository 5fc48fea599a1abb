"""The output of a rehearsal: the live progress, the table of figures, a line for each proof."""

from __future__ import annotations

import time
from collections.abc import Iterable
from types import TracebackType

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from rehearsal.figures import Figures, Spread
from rehearsal.options import Options
from rehearsal.proofs import Proof
from rehearsal.records import Tally
from rehearsal.runner import Outcome

PLAIN_SECONDS = 2.0


class Live:
    """Three bars on a terminal; elsewhere a line every two seconds. Tickets are read after all registrations."""

    def __init__(
        self, *, console: Console, registrations: int, seats: int, plain_seconds: float = PLAIN_SECONDS
    ) -> None:
        self._console = console
        self._registrations, self._seats = registrations, seats
        self._bars = Progress(
            TextColumn("{task.description:<9}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._answered: TaskID = self._bars.add_task("answered", total=registrations, note="")
        self._decided: TaskID = self._bars.add_task("decided", total=None, note="")
        self._seated: TaskID = self._bars.add_task("seated", total=seats, note="")
        self._plain_seconds = plain_seconds
        self._next_line_at = time.monotonic() + plain_seconds

    def __enter__(self) -> Live:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        self._bars.stop()

    def show(self, tally: Tally, confirmed: int) -> None:
        note = ", ".join(f"{count} x {cause}" for cause, count in sorted(tally.retries.items()))
        note = f"tried again: {note}" if note else ""
        if tally.given_back:
            note = f"given back {tally.given_back}  {note}"
        if tally.paid:
            note = f"paid {tally.paid}  {note}"
        if self._console.is_terminal:
            self._bars.update(self._answered, completed=tally.answered, note=note)
            self._bars.update(self._decided, completed=tally.decided, total=tally.accepted or None)
            self._bars.update(self._seated, completed=confirmed)
        elif time.monotonic() >= self._next_line_at:
            self._next_line_at = time.monotonic() + self._plain_seconds
            line = (
                f"answered {tally.answered}/{self._registrations}  decided {tally.decided}/{tally.accepted}  "
                f"seated {confirmed}/{self._seats}  {note}"
            )
            self._console.print(line.rstrip(), highlight=False, soft_wrap=True)


def announce(*, console: Console, options: Options) -> None:
    """Returns one line that says what is about to happen."""
    speed = f"at {options.rate} a second" if options.rate else "as fast as possible"
    leaving = f", {options.cancel} tickets given back" if options.cancel else ""
    waitlist = f" and {options.waitlist} positions on the waitlist" if options.waitlist else ""
    hold = f", held {options.hold} s each until {options.pay} of the people pay," if options.hold else ""
    console.print(
        f"{options.people} people, {options.duplicates} of them twice{leaving}, for {options.seats} seats{hold}"
        f"{waitlist} at {options.url}, {speed}",
        highlight=False,
        soft_wrap=True,
    )


def report(*, console: Console, outcome: Outcome) -> None:
    """Renders the table, and a line for each proof."""
    table = Table(title=f"Rehearsal, event {outcome.event_id}", title_justify="left", show_header=False)
    for name, value in _rows(outcome.figures):
        table.add_row(name, escape(value))
    console.print(table)
    show_proofs(console, outcome.proofs)
    if "429" in outcome.figures.retries:
        console.print("Something in front of the service limits each address: an organizer's token is exempt here.")


def show_proofs(console: Console, proofs: Iterable[Proof]) -> None:
    """Renders a line for each proof."""
    for proof in proofs:
        mark = "[green]✓[/green]" if proof.ok else "[red]✗[/red]"
        console.print(f"{mark} {proof.name}: {escape(proof.detail)}", highlight=False, soft_wrap=True)


def as_json(*, options: Options, outcome: Outcome) -> bytes:
    """Renders the figures and proofs for programs: no token, no ticket id and no e-mail."""
    asked = {
        name: getattr(options, name)
        for name in (
            "url",
            "people",
            "seats",
            "duplicates",
            "cancel",
            "waitlist",
            "rate",
            "processes",
            "connections",
            "hold",
            "pay",
        )
    }
    body = {
        "asked": asked,
        "event_id": outcome.event_id,
        "figures": outcome.figures,
        "proofs": outcome.proofs,
    }
    return msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"


def _rows(figures: Figures) -> list[tuple[str, str]]:
    return [
        ("registrations answered", f"{figures.registrations}  ({figures.answered_per_second:,.0f}/s)"),
        ("accepted (202)", f"{figures.accepted}  ({figures.accepted_per_second:,.0f}/s)"),
        ("decided", f"{figures.decided_per_second:,.0f}/s"),
        ("time to the 202", _spread(figures.accept_ms)),
        ("time from 202 to decision", _spread(figures.decision_ms)),
        ("answers", _counts(figures.answers)),
        ("tickets", _counts(figures.statuses)),
        ("given back", _counts(figures.given_back)),
        *([("paid", _counts(figures.paid))] if figures.paid else []),
        ("tried again", _counts(figures.retries)),
        *([] if figures.messages is None else [("webhook messages", str(figures.messages))]),
    ]


def _spread(spread: Spread | None) -> str:
    if spread is None:
        return "none"
    return f"p50 {_time(spread.p50)}, p99 {_time(spread.p99)}, longest {_time(spread.longest)}"


def _time(milliseconds: float) -> str:
    return f"{milliseconds:,.1f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:,.1f} s"


def _counts(counts: dict[str, int]) -> str:
    return "\n".join(f"{count} {name}" for name, count in counts.items()) or "none"
