"""The address of Celery's broker, and what kombu has to be told besides.

    redis://…, rediss://…, unix://…                        one Redis
    sentinel://[user:password@]host:port,host:port/db?master_name=service
                                                           the master that Sentinels name; kombu's own form, with
                                                           semicolons between whole URLs, is read too
    redis+sentinel://[user:password@]host:port,host:port/service[/db]
                                                           the same, written like REDIS_URL
    amqp://…, amqps://…                                    RabbitMQ; the options of TLS are those of Redis

kombu has no transport for a Redis Cluster.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from omnify.common.redis_urls import Layout, StoreUrl, host_and_port, read_store_url

TIMEOUT_SECONDS = 3.0
SCHEMES = (
    *("redis", "rediss", "unix", "sentinel", "redis+sentinel", "rediss+sentinel"),
    *("amqp", "amqps"),
)


@dataclass(frozen=True, slots=True)
class Broker:
    """What Celery is given: `broker_url`, `broker_transport_options` and `broker_use_ssl`."""

    url: str
    options: dict[str, Any] = field(default_factory=dict)
    tls: dict[str, Any] | None = None


def read_broker_url(url: str) -> Broker:
    """Reads the address of the broker. Raises ValueError with one clause for people, without the password."""
    scheme = url.split("://", 1)[0]
    if scheme in ("redis+cluster", "rediss+cluster"):
        raise ValueError("Celery cannot use a Cluster: name an ordinary Redis, Sentinels or a RabbitMQ")
    if scheme not in SCHEMES or "://" not in url:
        raise ValueError(f"the address must start with one of {', '.join(s + '://' for s in SCHEMES)}")
    if scheme in ("amqp", "amqps"):
        return _amqp(url)
    if scheme == "sentinel":
        return _sentinel(read_store_url(_as_store_url(url)))
    if scheme.endswith("+sentinel"):
        return _sentinel(read_store_url(url))
    if scheme == "unix":
        url = _as_socket_url(url)
    return Broker(url, _redis_options())


def _redis_options() -> dict[str, Any]:
    # kombu has no timeouts by default: a broker that hangs would block the process that publishes.
    return {
        "socket_timeout": TIMEOUT_SECONDS,
        "socket_connect_timeout": TIMEOUT_SECONDS,
        "socket_keepalive": True,
        "retry_on_timeout": False,
        "max_retries": 0,
    }


def _amqp(url: str) -> Broker:
    """Reads the options of TLS, which py-amqp knows by other names. It checks the server's name only if it is told."""
    parts = urlsplit(url)
    if parts.scheme == "amqp":
        return Broker(url)
    given = dict(parse_qsl(parts.query))
    names = {"ssl_ca_certs": "ca_certs", "ssl_certfile": "certfile", "ssl_keyfile": "keyfile"}
    tls: dict[str, Any] = {name: given.pop(option) for option, name in names.items() if option in given}
    verified = given.pop("ssl_cert_reqs", "required") != "none"
    tls["cert_reqs"] = ssl.CERT_REQUIRED if verified else ssl.CERT_NONE
    if given.pop("ssl_check_hostname", "true").lower() != "false" and verified:
        tls["server_hostname"] = parts.hostname
    return Broker(urlunsplit(parts._replace(query=urlencode(given))), tls=tls)


def _sentinel(store: StoreUrl) -> Broker:
    """Builds what kombu wants: the master's credentials in the first URL, and the Sentinels' in its options."""
    if store.layout is not Layout.SENTINEL:
        raise ValueError("the address must name Sentinels")
    names = {"sentinel_username": "username", "sentinel_password": "password"}
    own = {names[name]: value for name, value in store.sentinel_options}
    urls = [f"sentinel://{store.credentials}{host_and_port(address)}/{store.database}" for address in store.addresses]
    timeouts = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
    tls = {"ssl_cert_reqs": "required", **dict(store.options)}
    options = {
        **_redis_options(),
        "master_name": store.service,
        "sentinel_kwargs": {**timeouts, **own, **({"ssl": True, **tls} if store.tls else {})},
    }
    return Broker(";".join(urls), options, tls if store.tls else None)


def _as_socket_url(url: str) -> str:
    """Writes redis-py's `unix:///path?db=1` as kombu's `redis+socket:///path?virtual_host=1`."""
    parts = urlsplit(url)
    given = dict(parse_qsl(parts.query))
    credentials = f":{quote(given['password'], safe='')}@" if "password" in given else parts.netloc
    return f"redis+socket://{credentials}{parts.path}?virtual_host={given.get('db', '0')}"


def _as_store_url(url: str) -> str:
    """Writes `sentinel://` as `redis+sentinel://`. The service is `master_name` in the query."""
    first, *others = [part.strip() for part in url.split(";") if part.strip()]
    parts = urlsplit(first)
    for other in others:
        found = urlsplit(other)
        if found.scheme != "sentinel":
            raise ValueError("every address behind a semicolon must start with sentinel:// too")
    last = urlsplit(others[-1]) if others else parts
    given = dict(parse_qsl(last.query or parts.query))
    service = given.pop("master_name", "")
    if not service:
        raise ValueError("the name of the master's service must stand at the end: ?master_name=broker")
    hosts = ",".join([parts.netloc, *(urlsplit(other).netloc.rpartition("@")[2] for other in others)])
    database = parts.path.strip("/") or last.path.strip("/") or "0"
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in given.items())
    return f"redis+sentinel://{hosts}/{quote(service, safe='')}/{database}" + (f"?{query}" if query else "")
