"""The environment of programs that a test starts."""

from __future__ import annotations

import os

# What `make run` or a developer may have set, and a service under test must not inherit.
OWN_VARIABLES = (
    *("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "OMNIFY_HOME", "PORT", "DJANGO_TESTING"),
    *("METRICS_DIR", "PROMETHEUS_MULTIPROC_DIR", "OMNIFY_FAULT_DIR", "OMNIFY_TEST_DATABASE", "OMNIFY_BIND"),
    *("SECRET_KEY_FALLBACKS", "REFUSAL_RATE_LIMIT", "OMNIFY_HASTE", "QUEUE_REPLICAS"),
    *(
        "REGISTER_RATE_LIMIT",
        "TRUSTED_PROXIES",
        "EVENT_QUEUE_LIMIT",
        "QUEUE_REPLICAS",
        "WEB_CONNECTIONS",
        "WEB_WORKERS",
    ),
)


def bare_environment() -> dict[str, str]:
    """The environment without anything that would point a service under test to other servers."""
    return {name: value for name, value in os.environ.items() if name not in OWN_VARIABLES}
