"""What a worker says at its start about replicas that cannot keep a registration."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from events.admission.replica_checks import replica_problems
from tests.support.replicated_valkey import ReplicatedValkey


@pytest.fixture
def settings_of_pair(pair: ReplicatedValkey) -> Iterator[None]:
    """Puts back what the test changes."""
    yield
    pair.primary.client.config_set("min-replicas-to-write", 0)
    pair.replicas[0].client.config_set("appendfsync", "always")
    pair.replicas[0].client.config_set("requirepass", pair.replicas[0].valkey.password)


@pytest.mark.usefixtures("settings_of_pair")
def test_each_thing_that_stands_against_the_promise_is_named(pair: ReplicatedValkey) -> None:
    primary, replica = pair.primary.client, pair.replicas[0].client
    where = f"replica 127.0.0.1:{pair.replicas[0].valkey.port}"
    cut_off = "min-replicas-to-write is 0, not 1: a primary that is cut off goes on taking commands"
    assert replica_problems(primary, 0) == []
    assert replica_problems(primary, 1) == [cut_off]
    primary.config_set("min-replicas-to-write", 1)
    assert replica_problems(primary, 1) == []
    replica.config_set("appendfsync", "everysec")
    assert replica_problems(primary, 1) == [f"{where}: appendfsync is 'everysec', not 'always'"]
    replica.config_set("requirepass", "another")
    assert replica_problems(primary, 1) == [f"{where} was not checked: AuthenticationError"]
    primary.config_set("min-replicas-to-write", 2)
    assert replica_problems(primary, 2)[0] == "QUEUE_REPLICAS is 2, and 1 replicas are connected: all get 503"
