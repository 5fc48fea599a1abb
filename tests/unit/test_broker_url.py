"""The broker's address: what kombu is given for it."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from kombu import Connection

from omnify.celery import app
from omnify.common.broker_url import read_broker_url


def kombu_reads(url: str) -> tuple[str, list[str], str]:
    """The transport, the addresses and the password that kombu makes of what it is given."""
    broker = read_broker_url(url)
    with Connection(broker.url, transport_options=broker.options) as connection:
        transport: Any = connection.transport_cls
        return transport, connection.alt or [connection.as_uri()], connection.password


@pytest.mark.parametrize(
    "url",
    [
        "sentinel://:secret@one:26379,two:5000/1?master_name=broker",
        "sentinel://:secret@one:26379/1?master_name=broker;sentinel://two:5000",
        "sentinel://:secret@one:26379;sentinel://two:5000/1?master_name=broker",
        "redis+sentinel://:secret@one:26379,two:5000/broker/1",
    ],
)
def test_sentinels_are_named_in_one_of_several_ways(url: str) -> None:
    addresses = ["sentinel://:secret@one:26379/1", "sentinel://:secret@two:5000/1"]
    assert kombu_reads(url) == ("sentinel", addresses, "secret")
    assert read_broker_url(url).options["master_name"] == "broker"


def test_sentinels_have_credentials_and_time_limits_of_their_own() -> None:
    options = read_broker_url("sentinel://:a@one/0?master_name=broker&sentinel_password=p%26b").options
    limits = {"socket_timeout": 3.0, "socket_connect_timeout": 3.0}
    assert options["sentinel_kwargs"] == {**limits, "password": "p&b"}


def test_tls_reaches_the_master_and_the_sentinels() -> None:
    broker = read_broker_url("rediss+sentinel://one/broker?ssl_ca_certs=/etc/ca.pem")
    assert broker.tls == {"ssl_cert_reqs": "required", "ssl_ca_certs": "/etc/ca.pem"}
    assert broker.options["sentinel_kwargs"]["ssl"] is True


def test_a_unix_socket_is_written_as_kombu_wants_it() -> None:
    broker = read_broker_url("unix:///run/valkey.sock?db=2&password=a%2Fb")
    assert broker.url == "redis+socket://:a%2Fb@/run/valkey.sock?virtual_host=2"
    with Connection(broker.url) as connection:
        assert connection.transport_cls == "redis"


def test_another_transport_gets_no_options_of_redis() -> None:
    assert read_broker_url("amqp://guest:guest@rabbit.example.org//").options == {}


def test_celery_connects_to_what_was_read_and_not_to_what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", "sentinel://one:26379,two:26379/0?master_name=broker")
    expected = read_broker_url(settings.ENV.broker_url).url
    assert [app.conf.broker_read_url, app.conf.broker_write_url] == [expected, expected]


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("redis+cluster://one:7000", "cannot use a Cluster"),
        ("kafka://one", "must start with one of redis://"),
        ("sentinel://one:26379/0", "?master_name=broker"),
        ("sentinel://one:26379/0?master_name=broker;redis://two", "sentinel:// too"),
        ("sentinel://one:port/0?master_name=broker", "hosts must be like"),
    ],
)
def test_a_bad_address_is_one_clause(url: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=r"^[a-zC]") as caught:
        read_broker_url(url)
    assert complaint in str(caught.value)


def test_celery_takes_our_reading_of_the_variable_and_not_its_own(tmp_path: Path) -> None:
    """Celery reads CELERY_BROKER_URL too, and prefers it to a configured `broker_url`."""
    show = (
        "import django; django.setup(); from omnify.celery import app;"
        "print(app.connection_for_read().alt, app.connection_for_write().alt)"
    )
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "omnify.settings", "OMNIFY_HOME": str(tmp_path)}
    env |= {"CELERY_BROKER_URL": "sentinel://one:26379,two:26379/1?master_name=broker"}
    done = subprocess.run([sys.executable, "-c", show], env=env, capture_output=True, text=True, check=False)
    both = "['sentinel://one:26379/1', 'sentinel://two:26379/1']"
    assert done.stdout.strip() == f"{both} {both}", done.stderr


@pytest.mark.parametrize(
    ("query", "tls"),
    [
        ("", {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": "rabbit.example.org"}),
        (
            "?ssl_ca_certs=/etc/ca.pem&ssl_certfile=/etc/own.pem&ssl_keyfile=/etc/own.key&ssl_check_hostname=false",
            {
                "cert_reqs": ssl.CERT_REQUIRED,
                "ca_certs": "/etc/ca.pem",
                "certfile": "/etc/own.pem",
                "keyfile": "/etc/own.key",
            },
        ),
        ("?ssl_cert_reqs=none", {"cert_reqs": ssl.CERT_NONE}),
    ],
)
def test_a_rabbitmq_with_tls_is_verified_with_the_options_that_redis_has(query: str, tls: dict[str, object]) -> None:
    found = read_broker_url(f"amqps://guest:guest@rabbit.example.org:5671//{query}")
    assert (found.url, found.tls) == ("amqps://guest:guest@rabbit.example.org:5671//", tls)
