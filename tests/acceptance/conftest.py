"""One service for all acceptance tests, healed before each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.service import Service
from tests.conftest import find_leaks


@pytest.fixture(scope="session")
def one_service() -> Iterator[Service]:
    """Servers of its own, so that killing them disturbs no other test."""
    service = Service()
    try:
        service.start()
        yield service
    finally:
        service.close()


@pytest.fixture
def service(one_service: Service) -> Iterator[Service]:
    """A service that is ready, whatever the test before did to it. A key left without an owner fails the test."""
    one_service.heal()
    yield one_service
    if one_service.running("valkey"):
        leaked = find_leaks(one_service.redis)
        assert not leaked, f"Redis keys without TTL or owner: {leaked}"
