"""Deliveries per second to a fast receiver, against the same HTTP client in a bare loop; beside an endpoint that
hangs; and what two subscriptions cost the drain.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.request import urlopen

from bench import ledger
from bench.lines import Line, ratio, value
from bench.machine import processor_seconds
from bench.measures import Options, interleaved
from bench.measures.terminal import terminal_rate
from bench.programs import ROOT, wait_for_port
from bench.receivers import EVERY
from bench.stack import Stack
from omnify.embedded.ports import free_port

MESSAGES = 30_000
WARM = 3_000
PATIENCE_SECONDS = 120
LOOK_SECONDS = 0.5
CROWD = 512
BARE, ALONE, BESIDE = "bare loop/s", "deliveries/s", "deliveries/s beside one that hangs"
WITHOUT, WRITTEN, SENT = "terminal/s", "terminal/s, two subscriptions", "terminal/s, two subscriptions, sent meanwhile"
TYPES = ["registration.confirmed", "registration.rejected"]


def measure(stack: Stack, options: Options) -> list[Line]:
    """Three limits; terminal/s while the messages are also sent from the same two cores, and processor time, are
    reported."""
    costs: dict[str, list[float]] = {"the dispatcher's": [], "PostgreSQL's": []}
    with _receiver(stack, "fast") as fast, _receiver(stack, "hang") as hanging:
        runs = {
            BARE: lambda: _bare_rate(options, fast),
            ALONE: lambda: _delivery_rate(stack, options, costs, fast),
            BESIDE: lambda: _delivery_rate(stack, options, None, fast, hanging),
        }
        samples = interleaved(options.fewer, runs)
        samples |= _terminal(stack, options, fast)
    return [
        ratio("deliveries/s ÷ bare loop of the same client", ALONE, BARE, samples, at_least=0.5),
        ratio("deliveries/s beside an endpoint that hangs ÷ none", BESIDE, ALONE, samples, at_least=0.9),
        ratio("terminal/s, two subscriptions ÷ none", WRITTEN, WITHOUT, samples, at_least=0.6),
        ratio("terminal/s, two subscriptions sent from the same cores ÷ none", SENT, WITHOUT, samples),
        *(value(f"{whose} processor time of a delivery", found, unit="µs") for whose, found in costs.items()),
    ]


@contextlib.contextmanager
def _receiver(stack: Stack, kind: str) -> Iterator[str]:
    port = free_port()
    arguments = ["bench.receivers", str(port), *(["hang"] if kind == "hang" else [])]
    with stack.program(f"receiver-{kind}", arguments) as child:
        wait_for_port(child, port)
        yield f"http://127.0.0.1:{port}/"


def _bare_rate(options: Options, url: str) -> float:
    from worker.webhooks.endpoint_queue import MOST_AT_ONCE

    command = [sys.executable, "-m", "bench.post_loop", url, str(options.number(MESSAGES)), str(MOST_AT_ONCE)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return float(json.loads(done.stdout))


def _delivery_rate(stack: Stack, options: Options, costs: dict[str, list[float]] | None, *urls: str) -> float:
    """To the first of `urls`, from a full outbox, once it runs. Adds what one took of the processors to `costs`."""
    event_id = _subscribed_event(*urls)
    messages, warm_up = options.number(MESSAGES, least=3 * EVERY), options.number(WARM, least=EVERY)
    ledger.fill(event_id, messages)  # each decision leaves a message for each subscription
    before = len(_moments(urls[0]))
    warm, all_of_them = before + warm_up // EVERY, before + messages // EVERY
    with stack.dispatcher() as dispatcher:
        deadline, first = time.monotonic() + PATIENCE_SECONDS, (before, _used(dispatcher.pid))
        # Seldom, since looking takes time from those who are looked at.
        while len(moments := _moments(urls[0])) < all_of_them and time.monotonic() < deadline:
            if first[0] == before < len(moments):
                first = (len(moments), _used(dispatcher.pid))  # its start is over
            time.sleep(LOOK_SECONDS)
        if costs is not None and len(moments) > first[0]:
            number = (len(moments) - first[0]) * EVERY
            for found, after, earlier in zip(costs.values(), _used(dispatcher.pid), first[1], strict=True):
                found.append((after - earlier) / number * 1e6)
    _unsubscribe()
    if len(moments) < all_of_them:
        raise TimeoutError(f"waited {PATIENCE_SECONDS} s for {messages} deliveries")
    return (messages - warm_up) / (moments[all_of_them - 1] - moments[warm - 1])


def _used(dispatcher: int) -> tuple[float, float]:
    """Processor seconds of the dispatcher, and of the database's sessions of its role."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE usename = 'omnify_deliver'")
        sessions = [int(row[0]) for row in cursor.fetchall()]
    return processor_seconds(dispatcher), sum(_of_session(pid) for pid in sessions)


def _of_session(pid: int) -> float:
    try:
        return processor_seconds(pid)
    except OSError:
        return 0.0  # it has just ended


def _terminal(stack: Stack, options: Options, url: str) -> dict[str, list[float]]:
    with stack.door() as door, stack.drain():

        def rate(*urls: str) -> float:
            event_id = _subscribed_event(*urls)
            found = terminal_rate(stack, door, event_id, CROWD, options.seconds)
            _unsubscribe()
            return found

        def sent() -> float:
            with stack.dispatcher():
                return rate(url, url)

        return interleaved(options.fewer, {WITHOUT: rate, WRITTEN: lambda: rate(url, url), SENT: sent})


def _subscribed_event(*urls: str) -> int:
    from events.ledger.webhooks.subscriptions import create_webhook
    from events.models import Event

    ledger.tidy()
    event = Event.objects.select_related("organizer").get(pk=ledger.new_event())
    for url in urls:
        create_webhook(organizer=event.organizer, url=url, event_types=TYPES, event=event)
    return event.pk


def _unsubscribe() -> None:
    from events.models import Webhook, WebhookDelivery

    WebhookDelivery.objects.all().delete()
    Webhook.objects.all().delete()


def _moments(url: str) -> list[float]:
    with urlopen(url) as answer:  # noqa: S310 - a constant scheme
        found: list[float] = json.loads(answer.read())
        return found
