"""Clients that use up one resource do not keep others from theirs: PostgreSQL has twelve connections here."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

from events.admission.sign_ins import PER_ADDRESS
from omnify.common.database_roles import ROLES
from tests.support.service.event import open_event
from tests.support.service.parts import DRAINS
from tests.support.service.processes import Service
from tests.support.waiting import wait_until

pytestmark = pytest.mark.acceptance

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def few_connections(service: Service) -> Iterator[Service]:
    with service.few_connections(12):
        yield service
    # The later sign-ins come from the same address.
    for name in service.redis.scan_iter("omnify:sign-ins:*"):
        service.redis.delete(name)


def guess(service: Service, cookie: str, number: int) -> int:
    """A wrong password at the admin's sign-in; the status."""
    fields = {"username": f"boss {number}", "password": "wrong", "csrfmiddlewaretoken": cookie.partition("=")[2]}
    headers = {**FORM, "Cookie": cookie}
    return service.address.ask("POST", "/admin/login/", urlencode(fields).encode(), headers).status


@pytest.mark.soak(only=True)
def test_wrong_passwords_at_once_delay_nothing_else(few_connections: Service) -> None:
    service, over = few_connections, threading.Event()
    event = open_event(service, capacity=1000)
    seen: Counter[tuple[str, str]] = Counter()

    def answer(path: str) -> str:
        found = service.address.ask("GET", path)
        return "200" if found.status == 200 else f"{found.status} {found.body.decode()}"

    def look(path: str) -> None:
        # Pauses, since three clients that ask without any would take the processor that the passwords are to take.
        while not over.wait(0.05):
            first = answer(path)
            # Web processes have three connections here. On a machine that is busy with other things a request may wait
            # its two seconds for one in vain, which is a 503, but not the next request as well.
            seen[path, first if first == "200" else answer(path)] += 1

    guesses = PER_ADDRESS + 10
    cookie = service.address.ask("GET", "/admin/login/").headers["set-cookie"].split(";")[0]
    with ThreadPoolExecutor(guesses + 3) as pool:
        watching = [pool.submit(look, path) for path in ("/events", "/health/ready", "/metrics")]
        try:
            guessing = [pool.submit(guess, service, cookie, number) for number in range(guesses)]
            decided = [event.decided(ticket) for number in range(5) for ticket in event.admit(number)]
            statuses = Counter(future.result() for future in guessing)
        finally:
            over.set()
        for future in watching:
            future.result()
    assert {ticket["status"] for ticket in decided} == {"confirmed"}
    assert {found for _, found in seen} == {"200"}, seen
    assert {path for path, _ in seen} == {"/events", "/health/ready", "/metrics"}
    # One is checked at a time in each process; those that have waited too long are told to come again.
    assert set(statuses) <= {200, 429, 503}
    assert 0 < statuses[200] <= PER_ADDRESS


def test_every_process_has_a_role_that_is_no_superuser_and_leaves_the_drains_their_share(service: Service) -> None:
    roles = service.rows(
        "SELECT rolname, rolsuper, rolcreaterole, rolconnlimit FROM pg_roles WHERE rolname = ANY(%s)", list(ROLES)
    )
    assert {name for name, *_ in roles} == set(ROLES)
    assert not any(superuser or creates for _, superuser, creates, _ in roles)
    limits = {name: limit for name, _, _, limit in roles}
    [(usable,)] = service.rows(
        "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
    )
    assert sum(limits.values()) == usable
    assert limits["omnify_worker"] >= usable // 3
    own = "SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = 'omnify' AND pid <> pg_backend_pid()"
    event = open_event(service)
    event.decided(event.admit(1)[0])
    assert ("omnify_worker",) in service.rows(own)
    # Where their share is three, sweeps need the third.
    workers = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'omnify_worker'"
    wait_until(lambda: service.rows(workers)[0][0] <= len(DRAINS), "each worker keeps one connection")
    assert ("omnify",) not in service.rows(own)
    [(owner,)] = service.rows("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
    assert owner == "omnify_owner"
