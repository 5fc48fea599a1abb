"""Fixtures over `tests.integration.world`, which needs Django and so is imported late."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
import redis

from tests.services import Services


@pytest.fixture
def make_event(db: None, redis_client: redis.Redis) -> Callable[..., Any]:
    """Makes an open event: `make_event(max_capacity=3)`."""
    from tests.integration.world import open_event

    return partial(open_event, redis_client)


@pytest.fixture
def admit(servers: Services) -> Callable[..., Any]:
    """Admits applications to an event in one batch, and returns the gate's reply."""
    from tests.integration.world import with_gate

    def call(event_id: int, applications: Sequence[Any], *, queue_limit: int = 1000) -> Any:
        return with_gate(servers, lambda gate: gate.admit(event_id, applications), queue_limit=queue_limit)

    return call


@pytest.fixture
def queue(redis_client: redis.Redis) -> Any:
    """The drain's view of the run's Valkey."""
    from tests.integration.world import make_queue

    return make_queue(redis_client)


@pytest.fixture
def drain(queue: Any) -> Any:
    """A drain in this process."""
    from tests.integration.world import make_drain

    return make_drain(queue)
