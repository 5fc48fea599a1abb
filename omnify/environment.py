"""The environment, read in one place.

Every setting an operator can change is a field of `Environment`. A bad value stops the start with one sentence
that names the variable. Values come from the process environment first and then from `$OMNIFY_HOME/service.env`,
a file of `NAME=value` lines that the supervisor writes, so that `manage.py` reaches the embedded servers too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from events.domain.decision_log.notes import BadNote
from events.domain.decision_log.witness import Witness, read_witness
from events.domain.keyring import mark_of
from events.domain.rate_limit import RateLimit, parse_rate_limit
from events.domain.webhooks.url import Network, read_networks
from omnify.common.broker_url import read_broker_url
from omnify.common.redis_urls import read_store_url
from omnify.common.service_file import read_service_file

LEAST_SECRET = 32
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


class BadEnvironment(Exception):
    """A variable of the environment is missing or has a value that cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The operator's settings. Times are in seconds and sizes in entries, unless the name says otherwise."""

    home: Path
    secret_key: str
    secret_key_fallbacks: tuple[str, ...]
    debug: bool
    testing: bool
    allowed_hosts: list[str]
    trusted_origins: list[str]
    public_url: str
    operations_port: int | None
    metrics_token: str
    security_contact: str
    database_url: str
    database_pooled: bool
    redis_url: str
    broker_url: str
    partitions: int
    queue_limit: int
    queue_replicas: int
    retention_days: int | None
    audit_days: int
    register_rate_limit: RateLimit | None
    refusal_rate_limit: RateLimit | None
    trusted_proxies: int
    hsts_seconds: int
    webhook_allow_private: bool
    webhook_deny: tuple[Network, ...]
    web_threads: int
    fast_path: bool
    admin: bool
    decision_log: bool
    log_signing_key: bytes
    log_signing_key_fallbacks: tuple[bytes, ...]
    drand_url: str
    log_witnesses: tuple[Witness, ...]
    webhook_log_days: int
    log_level: str
    fault_dir: str
    haste: int

    @property
    def public_host(self) -> str:
        """Where the service is, without the scheme: the beginning of what it signs in the name of."""
        return self.public_url.partition("://")[2] or "localhost"


def read_environment(environ: Mapping[str, str] | None = None) -> Environment:
    """Reads the environment as typed values.

    Raises:
        BadEnvironment: a variable is missing or unusable; the message is one line for people.
    """
    process = os.environ if environ is None else environ
    home = Path(process.get("OMNIFY_HOME") or ".omnify").absolute()
    values = {**read_service_file(home), **process}
    testing = _flag(values, "DJANGO_TESTING")
    redis_url = _address(values, "REDIS_URL", "redis://127.0.0.1:6379/0", read_store_url)
    secret_key = _secret(values, testing=testing)
    return Environment(
        home=home,
        secret_key=secret_key,
        secret_key_fallbacks=_older_secrets(values, secret_key),
        debug=_flag(values, "DEBUG"),
        testing=testing,
        allowed_hosts=_split(values.get("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")),
        trusted_origins=_origins(values),
        public_url=_public_url(values),
        operations_port=_port_of(values, "OPERATIONS_BIND"),
        metrics_token=_token(values, "METRICS_TOKEN"),
        security_contact=_contact(values),
        database_url=values.get("DATABASE_URL") or _default_database(home, testing=testing),
        database_pooled=_flag(values, "DATABASE_POOLED"),
        redis_url=redis_url,
        broker_url=_address(values, "CELERY_BROKER_URL", redis_url, read_broker_url),
        partitions=_number(values, "REGISTRATION_PARTITIONS", 4, low=1, high=256),
        queue_limit=_number(values, "EVENT_QUEUE_LIMIT", 1_000_000, low=1, high=100_000_000),
        queue_replicas=_number(values, "QUEUE_REPLICAS", 0, low=0, high=16),
        retention_days=_days_or_off(values, "RETENTION_DAYS", 365),
        # The database refuses to delete entries younger than 30 days.
        audit_days=_number(values, "AUDIT_DAYS", 365, low=30, high=3650),
        register_rate_limit=_rate_limit(values, "REGISTER_RATE_LIMIT", "6000/minute", name="register"),
        refusal_rate_limit=_rate_limit(values, "REFUSAL_RATE_LIMIT", "30/minute", name="refusals"),
        trusted_proxies=_number(values, "TRUSTED_PROXIES", 0, low=0, high=16),
        hsts_seconds=_number(values, "HSTS_SECONDS", 31_536_000, low=0, high=63_072_000),
        web_threads=_number(values, "WEB_THREADS", 6, low=1, high=500),
        fast_path=_flag({"FAST_PATH": "on", **values}, "FAST_PATH"),
        decision_log=_flag({"DECISION_LOG": "on", **values}, "DECISION_LOG"),
        log_signing_key=_signing_key(values, testing=testing),
        log_signing_key_fallbacks=_older_keys(values),
        drand_url=_web_address(values, "DRAND_URL"),
        log_witnesses=_witnesses(values),
        admin=_flag({"ADMIN": "on", **values}, "ADMIN"),
        webhook_allow_private=_flag(values, "WEBHOOK_ALLOW_PRIVATE"),
        webhook_deny=_networks(values, "WEBHOOK_DENY"),
        # Longer than all retries take, so that no delivery is deleted while it is still being tried.
        webhook_log_days=_number(values, "WEBHOOK_LOG_DAYS", 30, low=7, high=3650),
        log_level=_choice(values, "LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
        fault_dir=values.get("OMNIFY_FAULT_DIR", ""),
        haste=_number(values, "OMNIFY_HASTE", 1, low=1, high=10),
    )


def _secret(values: Mapping[str, str], *, testing: bool) -> str:
    secret = values.get("SECRET_KEY", "")
    if not secret and testing:
        return "only-for-tests-" + "x" * 40
    if len(secret) < LEAST_SECRET:
        raise BadEnvironment("SECRET_KEY: at least 32 characters are needed (`make run` generates one)")
    return secret


def _signing_key(values: Mapping[str, str], *, testing: bool) -> bytes:
    """Reads the 32 secret bytes of an Ed25519 key; none where it is not set: no decision log is signed then."""
    text = values.get("LOG_SIGNING_KEY", "").strip()
    if not text:
        return bytes(range(32)) if testing else b""
    return _key_bytes("LOG_SIGNING_KEY", text)


def _older_keys(values: Mapping[str, str]) -> tuple[bytes, ...]:
    name = "LOG_SIGNING_KEY_FALLBACKS"
    return tuple(_key_bytes(name, text) for text in _split(values.get(name, "")))


def _witnesses(values: Mapping[str, str]) -> tuple[Witness, ...]:
    name = "LOG_WITNESSES"
    try:
        return tuple(map(read_witness, _split(values.get(name, ""))))
    except BadNote as problem:
        raise BadEnvironment(f"{name}: verifier key, a space and a URL are needed, and commas between") from problem


def _key_bytes(name: str, text: str) -> bytes:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise BadEnvironment(f"{name}: 64 hexadecimal digits are needed (`openssl rand -hex 32`)")
    return bytes.fromhex(text)


def _older_secrets(values: Mapping[str, str], current: str) -> tuple[str, ...]:
    older = _split(values.get("SECRET_KEY_FALLBACKS", ""))
    if any(len(secret) < LEAST_SECRET for secret in older):
        raise BadEnvironment("SECRET_KEY_FALLBACKS: each needs at least 32 characters, separated by commas")
    if len({mark_of(secret) for secret in (current, *older)}) <= len(older):
        raise BadEnvironment("SECRET_KEY_FALLBACKS: must contain each older secret once, and not SECRET_KEY itself")
    return tuple(older)


def _default_database(home: Path, *, testing: bool) -> str:
    if testing:
        return f"sqlite:///{home / 'test.sqlite3'}"
    raise BadEnvironment("DATABASE_URL: not set, and no `make run` has written one to OMNIFY_HOME")


def _flag(values: Mapping[str, str], name: str) -> bool:
    text = values.get(name, "").strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise BadEnvironment(f"{name}: {text!r} is neither true nor false")


def _number(values: Mapping[str, str], name: str, default: int, *, low: int, high: int) -> int:
    text = values.get(name, "").strip() or str(default)
    if not re.fullmatch(r"[0-9]{1,12}", text) or not low <= int(text) <= high:
        raise BadEnvironment(f"{name}: {text!r} is not a whole number from {low} to {high}")
    return int(text)


def _days_or_off(values: Mapping[str, str], name: str, default: int) -> int | None:
    """Parses whole days from 1; returns None for `off`."""
    if values.get(name, "").strip().lower() == "off":
        return None
    return _number(values, name, default, low=1, high=36_500)


def _rate_limit(values: Mapping[str, str], variable: str, default: str, *, name: str) -> RateLimit | None:
    try:
        return parse_rate_limit(values.get(variable, "").strip() or default, name=name)
    except ValueError as problem:
        raise BadEnvironment(f"{variable}: {problem}") from problem


def _networks(values: Mapping[str, str], name: str) -> tuple[Network, ...]:
    try:
        return read_networks(values.get(name, ""))
    except ValueError as problem:
        raise BadEnvironment(f"{name}: {problem}") from problem


def _choice(values: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    text = (values.get(name) or default).strip().upper()
    if text not in allowed:
        raise BadEnvironment(f"{name}: {text!r} is not one of {', '.join(allowed)}")
    return text


def _address(values: Mapping[str, str], name: str, default: str, read: Callable[[str], object]) -> str:
    url = values.get(name) or default
    try:
        read(url)
    except ValueError as problem:
        raise BadEnvironment(f"{name}: {problem}") from problem
    return url


def _origins(values: Mapping[str, str]) -> list[str]:
    origins = _split(values.get("CSRF_TRUSTED_ORIGINS", ""))
    for origin in origins:
        if not re.fullmatch(r"https?://[^/\s]+", origin):
            raise BadEnvironment(f"CSRF_TRUSTED_ORIGINS: {origin!r} is not like https://tickets.example.com")
    return origins


def _web_address(values: Mapping[str, str], name: str) -> str:
    """Reads the address of a web server, with or without a path; empty where it is not set."""
    url = values.get(name, "").strip().rstrip("/")
    if url and not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?", url):
        raise BadEnvironment(f"{name}: {url!r} is not like https://api.example.com")
    return url


def _public_url(values: Mapping[str, str]) -> str:
    url = values.get("PUBLIC_URL", "").strip().rstrip("/")
    if url and not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+", url):
        raise BadEnvironment(f"PUBLIC_URL: {url!r} is not like https://tickets.example.com")
    return url


def _port_of(values: Mapping[str, str], name: str) -> int | None:
    text = values.get(name, "").strip()
    if not text:
        return None
    port = text.rpartition(":")[2]
    if ":" not in text or not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65_536:
        raise BadEnvironment(f"{name}: {text!r} is not an address and a port like 127.0.0.1:9000")
    return int(port)


def _token(values: Mapping[str, str], name: str) -> str:
    token = values.get(name, "").strip()
    if token and not re.fullmatch(r"[!-~]{16,}", token):
        raise BadEnvironment(f"{name}: at least 16 characters are needed, without spaces")
    return token


def _contact(values: Mapping[str, str]) -> str:
    contact = values.get("SECURITY_CONTACT", "").strip()
    if contact and not re.fullmatch(r"(https://|mailto:|tel:)[!-~]+", contact):
        raise BadEnvironment(f"SECURITY_CONTACT: {contact!r} is not like mailto:security@example.com or https://...")
    return contact


def _split(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
