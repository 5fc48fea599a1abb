"""A client is counted under its own address, whatever it says, behind one proxy and behind two."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from deploy.trials.proxy_trial import events
from deploy.trials.proxy_trial.client import Answer, Client
from deploy.trials.proxy_trial.findings import Broken, demand
from deploy.trials.proxy_trial.front import Front
from deploy.trials.proxy_trial.service import ADDRESS_LIMIT


def cannot_be_forged(front: Front) -> str:
    """A client that claims another address with each request is limited under its own; its neighbour is not."""
    event = events.create(front.service, seats=5000)
    claims = _claims()
    with front.client("127.0.0.21") as client:
        answers = (front.register_on(client, event, **next(claims)) for _ in range(2 * ADDRESS_LIMIT))
        let_in, refusal = _until_refused(answers)
    demand(refusal.is_refusal and refusal.header("retry-after"), "the refusal has not its shape")
    neighbour = front.register(event, source="127.0.0.22", X_Forwarded_For="127.0.0.21").status
    demand(neighbour == 202, f"a neighbour who claims the address of the other is answered {neighbour}")
    return f"{let_in} with as many claimed addresses, then 429; a neighbour is let in"


def counts_behind_two(chained: Front) -> str:
    """With another proxy in front, the address that it saw counts, and not what the client told it."""
    event = events.create(chained.service, seats=5000)
    with chained.client() as client:
        claims = (f"198.51.{number % 250}.7" for number in range(2 * ADDRESS_LIMIT))
        answers = (_through_another(chained, client, event, claimed, "203.0.113.9") for claimed in claims)
        let_in, _ = _until_refused(answers)
        other = _through_another(chained, client, event, "203.0.113.9", "203.0.113.10").status
        demand(other == 202, f"another client of the same proxy is answered {other}")
    return f"the address that the outer proxy saw: 429 after {let_in}, 202 for another"


def _until_refused(answers: Iterator[Answer]) -> tuple[int, Answer]:
    """Returns how many registrations were let in, and the refusal.

    On a slow machine more than the limit are: some of them count for the minute before.
    """
    for let_in, answer in enumerate(answers):
        if answer.status == 429:
            return let_in, answer
        demand(answer.status == 202, f"registration {let_in + 1} is answered {answer.status}")
    raise Broken(f"all of {2 * ADDRESS_LIMIT} registrations were let in: the client chose its address")


def _through_another(front: Front, client: Client, event: int, claimed: str, seen: str) -> Answer:
    return front.register_on(client, event, X_Forwarded_For=f"{claimed}, {seen}")


def _claims() -> Iterator[dict[str, str]]:
    for number in count():
        address = f"203.0.{number % 250}.{number // 250 + 1}"
        yield (
            {"X_Forwarded_For": address},
            {"X_Forwarded_For": f"{address}, {address}", "X_Real_IP": address},
            {"Forwarded": f"for={address}", "X_Client_IP": address, "True_Client_IP": address},
            {"X_Forwarded_For": f" {address} ,", "x_forwarded_for": address},
        )[number % 4]
