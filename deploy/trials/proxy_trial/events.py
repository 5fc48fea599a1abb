"""Events for the checks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from deploy.trials.proxy_trial.service import Service


def create(service: Service, *, seats: int, waitlist: int = 0, mail: bool = False) -> int:
    """Creates an event that is open now. Returns its number."""
    start = datetime.now(UTC) + timedelta(days=2)
    body = {
        "name": "Proxy trial",
        "location": "Trial",
        "start_time": start.isoformat(),
        "end_time": (start + timedelta(hours=1)).isoformat(),
        "max_capacity": seats,
        "waitlist_capacity": waitlist,
        "mail": mail,
    }
    return int(service.call("POST", "/events", body)["id"])


def counted(service: Service, event: int) -> int:
    """Returns how many registrations the event has got, whatever came of them."""
    stats = service.call("GET", f"/events/{event}/stats")
    rejected = stats["rejected"]
    total = sum(stats[name] for name in ("queued", "confirmed", "waitlisted", "cancelled"))
    return int(total + (sum(rejected.values()) if isinstance(rejected, dict) else rejected))
