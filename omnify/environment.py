"""The environment, read in one place.

Every setting an operator can change is a field of `Environment`. A bad value stops the start with one sentence
that names the variable. Values come from the process environment first and then from `$OMNIFY_HOME/service.env`,
a file of `NAME=value` lines that the supervisor writes, so that `manage.py` reaches the embedded servers too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from events.domain.decision_log.notes import BadNote
from events.domain.decision_log.witness import Witness, read_witness
from events.domain.keyring import mark_of
from events.domain.rate_limit import RateLimit
from events.domain.webhooks.url import Network
from omnify import environment_values as read
from omnify import mail_values
from omnify.common.broker_url import read_broker_url
from omnify.common.email_url import EmailUrl, Way
from omnify.common.redis_urls import read_store_url
from omnify.common.service_file import read_service_file
from omnify.common.tracing_settings import TracingSettings
from omnify.environment_values import BadEnvironment
from omnify.tracing_values import read_tracing

LEAST_SECRET = 32


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
    cors_allowed_origins: tuple[str, ...]
    public_url: str
    service_url: str
    operations_port: int | None
    metrics_bind: tuple[str, int] | None
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
    email_url: EmailUrl
    mail_from: str
    mail_reply_to: str
    mail_connections: int
    mail_cap: RateLimit | None
    mail_log_days: int
    mail_reminder_hours: int
    log_level: str
    tracing: TracingSettings | None
    fault_dir: str
    haste: int

    @property
    def public_host(self) -> str:
        """Where the service is, without the scheme: the beginning of what it signs in the name of."""
        return self.public_url.partition("://")[2] or "localhost"

    @property
    def mail_site(self) -> str:
        """Where links in mails lead: scheme and host."""
        return self.public_url or self.service_url or "http://localhost:8000"

    @property
    def mail_folder(self) -> Path:
        """Where mails are kept as files, if they are."""
        return self.email_url.folder or self.home / "mail"

    @property
    def sends_mail(self) -> bool:
        """Whether guests get mail at all."""
        return self.email_url.way is not Way.OFF


def read_environment(environ: Mapping[str, str] | None = None) -> Environment:
    """Reads the environment as typed values.

    Raises:
        BadEnvironment: a variable is missing or unusable; the message is one line for people.
    """
    process = os.environ if environ is None else environ
    home = Path(process.get("OMNIFY_HOME") or ".omnify").absolute()
    values = {**read_service_file(home), **process}
    testing = read.flag(values, "DJANGO_TESTING")
    redis_url = read.address(values, "REDIS_URL", "redis://127.0.0.1:6379/0", read_store_url)
    secret_key = _secret(values, testing=testing)
    return Environment(
        home=home,
        secret_key=secret_key,
        secret_key_fallbacks=_older_secrets(values, secret_key),
        debug=read.flag(values, "DEBUG"),
        testing=testing,
        allowed_hosts=read.split(values.get("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")),
        trusted_origins=_origins(values),
        cors_allowed_origins=read.origins(values, "CORS_ALLOWED_ORIGINS"),
        public_url=_public_url(values),
        service_url=values.get("SERVICE_URL", ""),
        operations_port=read.port_of(values, "OPERATIONS_BIND"),
        metrics_bind=read.bind(values, "METRICS_BIND"),
        metrics_token=read.token(values, "METRICS_TOKEN"),
        security_contact=_contact(values),
        database_url=values.get("DATABASE_URL") or _default_database(home, testing=testing),
        database_pooled=read.flag(values, "DATABASE_POOLED"),
        redis_url=redis_url,
        broker_url=read.address(values, "CELERY_BROKER_URL", redis_url, read_broker_url),
        partitions=read.number(values, "REGISTRATION_PARTITIONS", 4, low=1, high=256),
        queue_limit=read.number(values, "EVENT_QUEUE_LIMIT", 1_000_000, low=1, high=100_000_000),
        queue_replicas=read.number(values, "QUEUE_REPLICAS", 0, low=0, high=16),
        retention_days=read.days_or_off(values, "RETENTION_DAYS", 365),
        # The database refuses to delete entries younger than 30 days.
        audit_days=read.number(values, "AUDIT_DAYS", 365, low=30, high=3650),
        register_rate_limit=read.rate_limit(values, "REGISTER_RATE_LIMIT", "6000/minute", name="register"),
        refusal_rate_limit=read.rate_limit(values, "REFUSAL_RATE_LIMIT", "30/minute", name="refusals"),
        trusted_proxies=read.number(values, "TRUSTED_PROXIES", 0, low=0, high=16),
        hsts_seconds=read.number(values, "HSTS_SECONDS", 31_536_000, low=0, high=63_072_000),
        web_threads=read.number(values, "WEB_THREADS", 6, low=1, high=500),
        fast_path=read.flag({"FAST_PATH": "on", **values}, "FAST_PATH"),
        decision_log=read.flag({"DECISION_LOG": "on", **values}, "DECISION_LOG"),
        log_signing_key=_signing_key(values, testing=testing),
        log_signing_key_fallbacks=_older_keys(values),
        drand_url=read.web_address(values, "DRAND_URL"),
        log_witnesses=_witnesses(values),
        admin=read.flag({"ADMIN": "on", **values}, "ADMIN"),
        webhook_allow_private=read.flag(values, "WEBHOOK_ALLOW_PRIVATE"),
        webhook_deny=read.networks(values, "WEBHOOK_DENY"),
        # Longer than all retries take, so that no delivery is deleted while it is still being tried.
        webhook_log_days=read.number(values, "WEBHOOK_LOG_DAYS", 30, low=7, high=3650),
        **mail_values.read_mail_values(values, public_url=_public_url(values)),
        log_level=read.choice(values, "LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
        # The exporter reads the process's variables, so a file of ours cannot turn it on.
        tracing=read_tracing(process),
        fault_dir=values.get("OMNIFY_FAULT_DIR", ""),
        haste=read.number(values, "OMNIFY_HASTE", 1, low=1, high=10),
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
    return read.key_bytes("LOG_SIGNING_KEY", text)


def _older_keys(values: Mapping[str, str]) -> tuple[bytes, ...]:
    name = "LOG_SIGNING_KEY_FALLBACKS"
    return tuple(read.key_bytes(name, text) for text in read.split(values.get(name, "")))


def _witnesses(values: Mapping[str, str]) -> tuple[Witness, ...]:
    name = "LOG_WITNESSES"
    try:
        return tuple(map(read_witness, read.split(values.get(name, ""))))
    except BadNote as problem:
        raise BadEnvironment(f"{name}: verifier key, a space and a URL are needed, and commas between") from problem


def _older_secrets(values: Mapping[str, str], current: str) -> tuple[str, ...]:
    older = read.split(values.get("SECRET_KEY_FALLBACKS", ""))
    if any(len(secret) < LEAST_SECRET for secret in older):
        raise BadEnvironment("SECRET_KEY_FALLBACKS: each needs at least 32 characters, separated by commas")
    if len({mark_of(secret) for secret in (current, *older)}) <= len(older):
        raise BadEnvironment("SECRET_KEY_FALLBACKS: must contain each older secret once, and not SECRET_KEY itself")
    return tuple(older)


def _default_database(home: Path, *, testing: bool) -> str:
    if testing:
        return f"sqlite:///{home / 'test.sqlite3'}"
    raise BadEnvironment("DATABASE_URL: not set, and no `make run` has written one to OMNIFY_HOME")


def _origins(values: Mapping[str, str]) -> list[str]:
    origins = read.split(values.get("CSRF_TRUSTED_ORIGINS", ""))
    for origin in origins:
        if not re.fullmatch(r"https?://[^/\s]+", origin):
            raise BadEnvironment(f"CSRF_TRUSTED_ORIGINS: {origin!r} is not like https://tickets.example.com")
    return origins


def _public_url(values: Mapping[str, str]) -> str:
    url = values.get("PUBLIC_URL", "").strip().rstrip("/")
    if url and not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+", url):
        raise BadEnvironment(f"PUBLIC_URL: {url!r} is not like https://tickets.example.com")
    return url


def _contact(values: Mapping[str, str]) -> str:
    contact = values.get("SECURITY_CONTACT", "").strip()
    if contact and not re.fullmatch(r"(https://|mailto:|tel:)[!-~]+", contact):
        raise BadEnvironment(f"SECURITY_CONTACT: {contact!r} is not like mailto:security@example.com or https://...")
    return contact
