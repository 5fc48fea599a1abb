"""One service for all acceptance tests, healed before each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import find_leaks
from tests.support.service.event import Event, open_event
from tests.support.service.processes import Service


@pytest.fixture
def service(one_service: Service) -> Iterator[Service]:
    """A service that is ready, whatever the test before did to it. A key left without an owner fails the test."""
    one_service.heal()
    yield one_service
    if one_service.running("valkey"):
        leaked = find_leaks(one_service.redis)
        assert not leaked, f"Redis keys without TTL or owner: {leaked}"


@pytest.fixture(scope="module")
def event(one_service: Service) -> Event:
    """An open event of a module that kills nothing."""
    one_service.heal()
    return open_event(one_service)


@pytest.fixture
def nothing_is_queued(event: Event) -> Iterator[None]:
    """Whatever the test sent, no place was given out for it."""
    before = event.places_given()
    yield
    assert event.places_given() == before
    assert (event.queued(), event.noted(), event.rows()) == (0, 0, [])
