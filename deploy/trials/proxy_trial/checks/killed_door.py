"""A door dies behind the proxy: no client waits in vain, and no registration is made twice.

With an Idempotency-Key a registration is sent again to another door, and its client sees nothing (Caddy leaves that to
the client). Without one it may have been admitted before the door died: then its client is told 502 or 503, for what
was in flight at most; behind Caddy also for what is sent to the dead door until it is asked again.
"""

from __future__ import annotations

import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from deploy.trials.proxy_trial import events
from deploy.trials.proxy_trial.client import Client
from deploy.trials.proxy_trial.findings import demand, wait_until
from deploy.trials.proxy_trial.front import Front

CLIENTS = 24  # of each kind
BEFORE, AFTER = 1.0, 4.0


@dataclass(slots=True)
class Seen:
    """What the clients of one kind saw: statuses, how long the longest answer took, and the tickets."""

    statuses: list[int] = field(default_factory=list)
    longest: float = 0.0
    tickets: list[str] = field(default_factory=list)


def loses_nothing(front: Front, *, sends_again: bool, failures_each: int) -> str:
    """Kills one of two doors with SIGKILL while guests register and poll. On average a client may fail `failures_each`
    times: once for what was in flight, and once more if a refused connection is not made up for by another door."""
    most = failures_each * CLIENTS
    event = events.create(front.service, seats=1_000_000)
    first = front.ticket(event)
    over, kinds = threading.Event(), (Seen(), Seen(), Seen())
    with ThreadPoolExecutor(3 * CLIENTS) as pool:
        work = [
            pool.submit(_go_on, front, event, over, kind, seen, first, f"127.0.2.{3 * number + place + 1}")
            for number in range(CLIENTS)
            for place, (kind, seen) in enumerate(zip(("keyed", "plain", "poll"), kinds, strict=True))
        ]
        time.sleep(BEFORE)
        front.service.kill_door2()
        time.sleep(AFTER)
        over.set()
        for done in work:
            done.result(60)
    keyed, plain, polls = kinds
    missed = [status for status in polls.statuses if status != 200]
    demand(not missed, f"polls: {len(missed)} of {len(polls.statuses)} were answered {sorted(set(missed))}")
    failed = _failed(plain, "without a key", most)
    again = _failed(keyed, "with a key", most)
    demand(not (sends_again and again), f"with a key: {len(again)} failed with {sorted(set(again))}")
    told = f"{len(again)} answered {sorted(set(again))}, and 202 when sent again" if again else "none failed"
    longest = max(seen.longest for seen in kinds)
    demand(longest < 15, f"one answer took {longest:.1f} s")
    given = {*keyed.tickets, *plain.tickets}
    demand(len(given) == len(keyed.tickets) + len(plain.tickets), "a ticket was given twice")
    wait_until(
        lambda: front.service.call("GET", f"/events/{event}/stats")["queued"] == 0,
        seconds=60,
        otherwise="not all were decided",
    )
    counted = events.counted(front.service, event)
    demand(
        len(given) + 1 <= counted <= len(given) + 1 + len(failed), f"{counted} were decided, {len(given) + 1} promised"
    )
    return (
        f"{len(keyed.statuses)} with a key: {told}; {len(plain.statuses)} without: {len(failed)} answered "
        f"{sorted(set(failed)) or 'other than 202'} ({most} may: {CLIENTS} clients), "
        f"{counted - len(given) - 1} of them admitted; "
        f"{len(polls.statuses)} polls: none failed; the longest answer took {longest:.1f} s"
    )


def _failed(seen: Seen, name: str, most: int) -> list[int]:
    failed = [status for status in seen.statuses if status != 202]
    demand(409 not in failed, f"{name}: a registration was made twice")
    # 0: the connection was closed instead, as HAProxy does where the door had answered on that connection before.
    demand(set(failed) <= {0, 502, 503, 504}, f"{name}: answered {sorted(set(failed))}")
    demand(len(failed) <= most, f"{name}: {len(failed)} of {CLIENTS} clients' failed, more than {most}")
    return failed


def _go_on(front: Front, event: int, over: threading.Event, kind: str, seen: Seen, ticket: str, source: str) -> None:
    client = front.client(source)
    key = {"Idempotency-Key": secrets.token_hex(8)} if kind == "keyed" else {}
    own, body = front.registration()
    while not over.is_set():
        begun = time.monotonic()
        if kind == "poll":
            request = ("GET", f"/registrations/{ticket}", {"Referer": f"https://localhost/t/{ticket}"}, b"")
        else:
            request = ("POST", f"/events/{event}/register", {**own, **key}, body)
        status, client = _ask(front, client, request, seen, source)
        seen.longest = max(seen.longest, time.monotonic() - begun)
        seen.statuses.append(status)
        if kind == "keyed" and status in (0, 502, 503, 504):
            continue  # the same guest again, with the same key
        own, body = front.registration()
        key = {"Idempotency-Key": secrets.token_hex(8)} if kind == "keyed" else {}
        time.sleep(0.03)
    client.close()


def _ask(
    front: Front, client: Client, request: tuple[str, str, dict[str, str], bytes], seen: Seen, source: str
) -> tuple[int, Client]:
    try:
        answer = client.request(*request)
    except OSError:
        return 0, front.client(source)
    if answer.status == 202:
        seen.tickets.append(answer.data["ticket_id"])
        front.secrets.add(answer.data["ticket_id"])
    if "close" in answer.header("connection"):
        client.close()
        client = front.client(source)
    return answer.status, client


def asks_doors(chained: Front, asked: list[str]) -> str:
    """It asks a door whether it is open at `/health/door`, and sends nothing to one that is not."""
    wait_until(lambda: asked.count("GET /health/door") >= 3, seconds=20, otherwise=f"it asks {sorted(set(asked))}")
    before = len(asked)
    for _ in range(40):
        demand(chained.request("GET", "/health/live").status == 200, "a request is not answered by the open door")
    others = [line for line in asked[before:] if line != "GET /health/door"]
    demand(not others, f"a door that is not open got {others[:3]}")
    return "GET /health/door; a door that says 503 gets nothing else"
