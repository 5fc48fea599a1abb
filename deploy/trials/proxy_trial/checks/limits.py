"""What is too large is refused in the standard shape, by the service below the proxy's limit and by the proxy above."""

from __future__ import annotations

from deploy.trials.proxy_trial import events
from deploy.trials.proxy_trial.client import Answer
from deploy.trials.proxy_trial.findings import demand
from deploy.trials.proxy_trial.front import Front

_JSON = {"Content-Type": "application/json"}


def refuses_what_is_too_large(front: Front) -> str:
    """Bodies of 20 kB and 300 kB; a header of 9 kB; an address of 9 kB: each with its status, in the standard shape."""
    event = events.create(front.service, seats=5)
    path = f"/events/{event}/register"
    cases = {
        "a body of 20 kB": (413, "POST", path, _JSON, b"x" * 20_000),
        "a body of 300 kB": (413, "POST", path, _JSON, b"x" * 300_000),
        "a header of 9 kB": (431, "GET", "/events/1", {"X-Long": "x" * 9_000}, b""),
        "an address of 9 kB": (414, "GET", f"/events/{'x' * 9_000}", {}, b""),
        "no JSON": (415, "POST", path, {"Content-Type": "text/plain"}, b"x"),
    }
    for name, (status, method, target, headers, body) in cases.items():
        answer = front.request(method, target, dict(headers), body)
        demand(answer.status == status, f"{name} is answered {answer.status}")
        demand(answer.is_refusal, f"{name} is answered {status} in another shape")
    others = [_huge(front, number) for number in range(2)]
    return f"5 in the standard shape; a head of 60 kB: {others[0]}, 200 headers: {others[1]}"


def _huge(front: Front, number: int) -> str:
    headers = [{f"X-Long-{n}": "x" * 6_000 for n in range(10)}, {f"X-Many-{n}": "x" for n in range(200)}][number]
    try:
        answer: Answer = front.request("GET", "/events/1", headers)
    except OSError:
        return "closed"
    demand(400 <= answer.status < 500, f"a huge head is answered {answer.status}")
    return f"{answer.status}" if answer.is_refusal else f"{answer.status} in words of its own"
