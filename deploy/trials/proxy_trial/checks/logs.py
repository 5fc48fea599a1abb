"""No log of a proxy has a ticket's id, a token, a cookie or a guest in it."""

from __future__ import annotations

import contextlib

from deploy.trials.proxy_trial.findings import demand
from deploy.trials.proxy_trial.front import Front


def have_no_secrets(front: Front) -> str:
    """Looks for every secret of the trial in everything that the proxy wrote, after asking for the worst."""
    ticket = next(secret for secret in front.secrets if "@" not in secret and len(secret) > 20)
    _provoke(front, ticket)
    written = [path for path in front.folder.rglob("*") if path.is_file() and path.name != "rehearsal.log"]
    lines = [line for path in written for line in path.read_text("utf-8", errors="replace").splitlines()]
    demand(len(lines) > 100, f"the logs have {len(lines)} lines only")
    demand(any("register" in line or '"/events"' in line for line in lines), "the logs do not tell kinds of addresses")
    # Every id begins with its event's number and has no white space: what a line is split into is compared as a whole.
    text = "\n".join(lines)
    found = [secret for secret in (*front.secrets, front.service.token) if secret in text]
    demand(not found, f"{len(found)} of {len(front.secrets)} secrets are in its logs")
    return f"{len(lines)} lines, none with one of {len(front.secrets)} ids, addresses and cookies"


def _provoke(front: Front, ticket: str) -> None:
    """Asks for what proxies write down: bad requests with an id in them, referers, queries, absent pages."""
    bad = (
        f"GET /registrations/{ticket} HTTP/9.9\r\n\r\n",
        f"GET /registrations/{ticket}\r\n\r\n",
        f"GET /registrations/{ticket} HTTP/1.1\r\n\r\n",
        f"GET /registrations/{ticket} HTTP/1.1\r\nHost: a b\r\n\r\n",
        f"GET /registrations/{ticket} HTTP/1.1\r\nHost: localhost\r\nbad header: {ticket}\r\n\r\n",
        f"GET /registrations/{ticket}%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        f"GET /registrations/{ticket} HTTP/1.1\r\nHost: localhost\r\nX: {'x' * 40_000}\r\n\r\n",
        f"{ticket} / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    )
    for text in bad:
        try:
            with front.client() as client:
                client.socket.sendall(text.encode())
                client.rest()
        except OSError:
            continue
    referer = {"Referer": f"https://localhost/t/{ticket}", "Cookie": f"a={ticket}", "User-Agent": ticket}
    for target in (f"/{ticket}", f"/events?ticket={ticket}", f"/t/{ticket}", f"/metrics/{ticket}", f"/x/../t/{ticket}"):
        with contextlib.suppress(OSError):
            front.request("GET", target, referer)
    body = {"Content-Type": "application/json"}
    with contextlib.suppress(OSError):
        front.request("POST", f"/registrations/{ticket}/confirm", body, b"x" * 300_000)
