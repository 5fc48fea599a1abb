"""One run: hosts, a crowd, faults by a schedule, and everything healed at the end."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from chaos.crowd import RECEIVER_PORT, Plan
from chaos.evidence import Evidence
from chaos.faults import Fault
from chaos.guest import Happening
from chaos.history import Call, Counts, Ended, Message, Struck, Writer, read
from chaos.hosts import Hosts
from chaos.layout import CROWD, DESK, Layout
from chaos.nemesis import Nemesis
from chaos.network import Network
from chaos.outcome import read_ledger
from chaos.settling import running_crowd, settle
from rehearsal.organizer import Organizer

# Seats of each event as a part of the guests that come to it, its waitlist, and whether tickets are given back.
EVENTS = ((0.5, 0.2, False), (2.0, 0.0, False), (0.4, 0.3, True), (0.7, 0.0, True))


@dataclass(frozen=True, slots=True)
class Options:
    """What a run does. `rate` is in guests a second."""

    layout: Layout
    seed: int
    seconds: float
    rate: float
    haste: int
    faults: Sequence[Fault]
    say: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Report:
    """What was observed in a run."""

    evidence: Evidence
    faults: list[Struck]
    ended: list[Ended]


def run(options: Options, keep: Path | None = None) -> Report:
    """Runs it, and copies logs and history to `keep` if given.

    Raises:
        NotAllowed: this machine cannot make hosts.
        TimeoutError: what was healed did not become whole again, or not everything was decided: a violation too.
    """
    network = Network(options.layout.hosts, desk=DESK)
    with tempfile.TemporaryDirectory(prefix="omnify-chaos-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        home.chmod(0o711)
        hosts = Hosts(options.layout, network, home, haste=options.haste)
        try:
            return _direct(options, hosts, home)
        finally:
            hosts.close()
            if keep is not None:
                _keep(home, keep)


def _direct(options: Options, hosts: Hosts, home: Path) -> Report:
    began = time.monotonic()
    faults = [fault for fault in options.faults if hosts.clocks.can_jump or fault.kind != "skew"]
    if len(faults) < len(options.faults):
        options.say("there is no C compiler: clocks are left alone")
    hosts.start()
    options.say(
        f"{len(options.layout.nodes)} nodes on {len(options.layout.hosts)} hosts in {time.monotonic() - began:.1f} s"
    )
    plan = _open_events(options, hosts)
    with running_crowd(hosts, plan, home) as crowd, Writer(home / "faults.jsonl") as writer:
        nemesis = Nemesis(hosts, home, writer, options.say)
        nemesis.run(faults, seconds=options.seconds)
        options.say("everything heals")
        nemesis.heal_all()
        settle(crowd, hosts, plan, nemesis.keep)
    return _report(options, hosts, home, plan)


def _open_events(options: Options, hosts: Hosts) -> Plan:
    """Creates the events, and subscribes the crowd's receiver to all of them."""
    doors = [hosts.url(node) for node in options.layout.of("door")]
    address = hosts.network.addresses[CROWD]
    share = options.rate * options.seconds / len(EVENTS)
    happenings = []
    with Organizer(url=doors[0], token=hosts.token, patience=30) as organizer:
        for number, (seats, waitlist, cancels) in enumerate(EVENTS):
            event = organizer.create_event(
                name=f"Event {number}",
                seats=max(1, int(seats * share)),
                waitlist=int(waitlist * share),
                lasts=timedelta(days=1),
            )
            happenings.append(Happening(event.id, cancels))
        _, secret = organizer.subscribe(url=f"http://{address}:{RECEIVER_PORT}/", event_id=None)
    return Plan(address, doors, happenings, secret, options.seed, options.rate, options.seconds)


def _report(options: Options, hosts: Hosts, home: Path, plan: Plan) -> Report:
    records = list(read([home / "history.jsonl", home / "faults.jsonl"]))
    evidence = Evidence(
        calls=[record for record in records if isinstance(record, Call)],
        messages=[record for record in records if isinstance(record, Message)],
        counts=[record for record in records if isinstance(record, Counts)],
        outcome=read_ledger(hosts.database_url()),
        exact=frozenset(event.id for event in plan.events if not event.cancels),
        loss_allowed=options.layout.fails_over and not options.layout.replicas,
    )
    faults = [record for record in records if isinstance(record, Struck)]
    return Report(evidence, faults, [record for record in records if isinstance(record, Ended)])


def _keep(home: Path, keep: Path) -> None:
    keep.mkdir(parents=True, exist_ok=True)
    for path in [*home.glob("*.jsonl"), *home.glob("*/log/*.log")]:
        shutil.copyfile(path, keep / path.name)
