"""Addresses of the queue's store: what is read from them, and what is refused."""

from __future__ import annotations

import pytest

from omnify.common.redis_urls import Layout, read_store_url


@pytest.mark.parametrize(
    "url", ["redis://127.0.0.1:6379/0", "rediss://user:secret@redis.example.org", "unix:///run/valkey.sock?db=1"]
)
def test_an_address_of_one_server_is_left_to_redis_py(url: str) -> None:
    found = read_store_url(url)
    assert (found.layout, found.url, found.addresses) == (Layout.ONE, url, ())


def test_a_cluster_has_hosts_that_share_user_password_and_options() -> None:
    found = read_store_url("rediss+cluster://user:p%40ss@one:7000,two,[::1]:7002/0?ssl_cert_reqs=none")
    assert found.layout is Layout.CLUSTER
    assert found.addresses == (("one", 7000), ("two", 6379), ("::1", 7002))
    assert found.server_url(("two", 6379)) == "rediss://user:p%40ss@two:6379/0?ssl_cert_reqs=none"
    assert found.server_url(("::1", 7002)) == "rediss://user:p%40ss@[::1]:7002/0?ssl_cert_reqs=none"


def test_sentinels_have_a_service_and_credentials_of_their_own() -> None:
    found = read_store_url(
        "redis+sentinel://:secret@one,two:5000/queue/3?sentinel_password=other&health_check_interval=5"
    )
    assert (found.layout, found.service, found.database) == (Layout.SENTINEL, "queue", 3)
    assert found.addresses == (("one", 26379), ("two", 5000))
    assert found.server_url(("master", 6379)) == "redis://:secret@master:6379/3?health_check_interval=5"
    assert found.sentinel_url(("one", 26379)) == "redis://:other@one:26379?health_check_interval=5"
    assert read_store_url("redis+sentinel://one/queue").sentinel_url(("one", 26379)) == "redis://one:26379"


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("http://localhost", "must start with one of redis://"),
        ("redis+cluster:/one", "must start with one of"),
        ("redis+cluster://", "hosts must be like"),
        ("redis+cluster://one:7000,,two", "hosts must be like"),
        ("redis+cluster://one:port", "hosts must be like"),
        ("redis+cluster://one:70000", "hosts must be like"),
        ("redis+cluster://::1:7000", "in brackets"),
        ("redis+cluster://one/1", "no databases but 0"),
        ("redis+cluster://one?socket_timeout=soon", "cannot be read"),
        ("redis+sentinel://one", "name of the master's service"),
        ("redis+sentinel://one/queue/first", "must be a number"),
        ("redis+sentinel://one/queue/1/2", "name of the master's service"),
    ],
)
def test_a_bad_address_is_one_clause_that_does_not_show_the_password(url: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=r"^[a-z]") as caught:
        read_store_url(url.replace("://", "://:secret@", 1))
    assert complaint in str(caught.value)
    assert "secret" not in str(caught.value)
