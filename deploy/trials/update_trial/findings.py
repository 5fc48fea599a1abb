"""What is looked at after the crowd: its proofs, the log as either version reads it, mail, webhooks, and endings."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2

from deploy.trials.report import Trial, wait_until
from deploy.trials.update_trial.crowd import Rehearsed
from deploy.trials.update_trial.mailed import MailedGuests
from deploy.trials.update_trial.parts import Parts
from deploy.trials.update_trial.versions import Version

SENT_SECONDS = 45.0
_PENDING = """
SELECT 1 FROM events_webhookdelivery WHERE state = 'pending' UNION SELECT 1 FROM events_mail WHERE state = 'pending'
"""
_MAILS = "SELECT state, count(*) FROM events_mail GROUP BY state"
_DELIVERIES = "SELECT state, count(*) FROM events_webhookdelivery GROUP BY state"


def of_crowds(trial: Trial, crowds: list[Rehearsed]) -> tuple[int, Path]:
    """Says what each rehearsal proved, and that none of its requests had to be sent twice.

    Returns the event that was there while most changed, the first one's, and its receipts.
    """
    for number, crowd in enumerate(crowds, start=1):
        proofs = crowd.found.get("proofs", [])
        broken = [f"{proof['name']}: {proof['detail']}" for proof in proofs if not proof["ok"]]
        name = f"crowd {number}: every proof holds"
        if not trial.check(
            name, proofs and not broken, "; ".join(broken) or f"{len(proofs)}" if proofs else crowd.last_line
        ):
            continue
        figures = crowd.found["figures"]
        answers = ", ".join(f"{count} {answer}" for answer, count in figures["answers"].items())
        retries = ", ".join(f"{count} x {cause}" for cause, count in figures["retries"].items()) or "none"
        trial.check(
            f"crowd {number}: no request had to be sent twice", not figures["retries"], f"{answers}; again: {retries}"
        )
    first = next((crowd for crowd in crowds if crowd.found), None)
    return (int(first.found["event_id"]), first.receipts) if first else (0, Path())


def of_guests(trial: Trial, guests: MailedGuests) -> None:
    """Says whether each guest of the event with mail was answered with a ticket, which was confirmed."""
    seen = ", ".join(f"{count} x {problem}" for problem, count in Counter(guests.problems).items())
    trial.check("each guest got a ticket at once", guests.tickets and not seen, seen or f"{len(guests.tickets)} guests")
    missing = guests.undecided()
    trial.check("each of them was confirmed", not missing, f"{len(missing)} were not")


def of_balancer(trial: Trial, parts: Parts) -> None:
    """Says how many requests the balancer sent to another door, and which it could not have answered even so."""
    troubles = parts.balancer.troubles()
    again = sum(count for what, count in troubles.items() if ", ended --" in what)
    trial.say(f"  the balancer sent {again} requests to another door, and had them answered")
    for what, count in troubles.items():
        if ", ended --" not in what:
            trial.say(f"  the balancer's log: {count} x {what}")


def of_outbox(trial: Trial, parts: Parts, *, mails: int) -> None:
    """Says whether so many mails have gone out, and all webhooks."""
    with closing(psycopg2.connect(parts.postgres.url())) as connection:
        connection.autocommit = True
        wait_until(lambda: not _rows(connection, _PENDING), seconds=SENT_SECONDS)
        sent, deliveries = dict(_rows(connection, _MAILS)), dict(_rows(connection, _DELIVERIES))
    files = len(list(parts.mails.glob("**/*.eml")))
    all_sent = sent == {"sent": mails} and files == mails
    trial.check("one mail for each of them was sent", all_sent, f"{sent}, {files} files")
    trial.check("all webhooks were delivered", set(deliveries) == {"delivered"}, str(deliveries))


def of_log(trial: Trial, version: Version, url: str, event_id: int, receipts: Path) -> None:
    """Says whether this version's verifier finds the event's decision log in order."""
    done = subprocess.run(
        [str(version.python), "verify/omnify_verify.py", url, str(event_id), "--receipts", str(receipts)],
        cwd=version.root,
        env={"PATH": os.environ.get("PATH", "")},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = (done.stdout + done.stderr).strip().splitlines() or ["it said nothing"]
    trial.check(f"the decision log, to the verifier of {version.name}", done.returncode == 0, lines[-1])


def of_parts(trial: Trial, parts: Parts) -> None:
    """Says whether the parts that were replaced ended by themselves, the others are there, and none logged an error."""
    ended = parts.unclean + parts.ended()
    trial.check("each part ended when it was told to, and not before", not ended, "; ".join(ended))
    errors = Counter(_errors(parts))
    trial.check("no part logged an error", not errors, "; ".join(f"{n} x {line}" for line, n in errors.most_common(5)))


def _errors(parts: Parts) -> Iterator[str]:
    for log in sorted(parts.logs.glob("*.log")):
        for line in log.read_text("utf-8", errors="replace").splitlines():
            try:
                entry: Any = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict) and entry.get("level") in ("ERROR", "CRITICAL"):
                why = entry.get("problem") or str(entry.get("exception", ""))[-200:]
                yield f"{log.stem}: {entry.get('message')} {why}".strip()


def _rows(connection: Any, query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())
