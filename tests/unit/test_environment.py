"""The environment: what is not set has a default, and what cannot be used stops the start in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from events.domain.rate_limit import RateLimit
from omnify.environment import read_environment
from omnify.environment_values import BadEnvironment

KEY = "k" * 40


@pytest.fixture
def enough(tmp_path: Path) -> dict[str, str]:
    """The least that a process needs."""
    return {"OMNIFY_HOME": str(tmp_path), "SECRET_KEY": KEY, "DATABASE_URL": "postgres://u:p@localhost/omnify"}


def test_little_has_to_be_set(enough: dict[str, str]) -> None:
    env = read_environment(enough)
    assert (env.partitions, env.debug, env.testing) == (4, False, False)
    assert env.redis_url == env.broker_url == "redis://127.0.0.1:6379/0"


def test_the_limit_on_addresses_is_generous_unless_told(enough: dict[str, str]) -> None:
    env = read_environment(enough)
    assert (env.register_rate_limit, env.trusted_proxies) == (RateLimit(6000, 60), 0)
    told = read_environment({**enough, "REGISTER_RATE_LIMIT": "5/second", "TRUSTED_PROXIES": "2"})
    assert (told.register_rate_limit, told.trusted_proxies) == (RateLimit(5, 1), 2)
    assert read_environment({**enough, "REGISTER_RATE_LIMIT": "off"}).register_rate_limit is None


def test_webhooks_go_to_no_private_address_unless_told(enough: dict[str, str]) -> None:
    env = read_environment(enough)
    assert (env.webhook_allow_private, env.webhook_log_days) == (False, 30)
    told = read_environment({**enough, "WEBHOOK_ALLOW_PRIVATE": "true", "WEBHOOK_LOG_DAYS": "7"})
    assert (told.webhook_allow_private, told.webhook_log_days) == (True, 7)
    with pytest.raises(BadEnvironment, match="WEBHOOK_LOG_DAYS"):
        read_environment({**enough, "WEBHOOK_LOG_DAYS": "6"})


def test_origins_of_pages_elsewhere_are_none_some_or_any(enough: dict[str, str]) -> None:
    assert read_environment(enough).cors_allowed_origins == ()
    some = ("https://a.example", "http://localhost:3000", "capacitor://localhost", "http://[::1]:3000")
    told = read_environment({**enough, "CORS_ALLOWED_ORIGINS": f"{some[0]}, {', '.join(some)},"})
    assert told.cors_allowed_origins == some
    assert read_environment({**enough, "CORS_ALLOWED_ORIGINS": " * "}).cors_allowed_origins == ("*",)


def test_older_secrets_stand_with_commas_between_them(enough: dict[str, str]) -> None:
    assert read_environment(enough).secret_key_fallbacks == ()
    older = ("n" * 32, "o" * 40)
    assert (
        read_environment({**enough, "SECRET_KEY_FALLBACKS": f" {older[0]}, {older[1]},"}).secret_key_fallbacks == older
    )


def test_people_and_the_audit_trail_are_kept_for_a_year_unless_told(enough: dict[str, str]) -> None:
    env = read_environment(enough)
    assert (env.retention_days, env.audit_days) == (365, 365)
    told = read_environment({**enough, "RETENTION_DAYS": "off", "AUDIT_DAYS": "30"})
    assert (told.retention_days, told.audit_days) == (None, 30)
    assert read_environment({**enough, "RETENTION_DAYS": "30"}).retention_days == 30
    for bad in ({"RETENTION_DAYS": "0"}, {"AUDIT_DAYS": "29"}, {"AUDIT_DAYS": "off"}):
        with pytest.raises(BadEnvironment, match=next(iter(bad))):
            read_environment({**enough, **bad})


def test_the_broker_is_the_redis_unless_it_has_an_address_of_its_own(enough: dict[str, str]) -> None:
    assert read_environment({**enough, "REDIS_URL": "redis://here/1"}).broker_url == "redis://here/1"
    both = {**enough, "REDIS_URL": "redis://here/1", "CELERY_BROKER_URL": "redis://there/1"}
    assert read_environment(both).broker_url == "redis://there/1"


def test_a_cluster_needs_a_broker_beside_it(enough: dict[str, str]) -> None:
    queue = {"REDIS_URL": "redis+cluster://one,two"}
    with pytest.raises(BadEnvironment, match=r"^CELERY_BROKER_URL: Celery cannot use a Cluster"):
        read_environment({**enough, **queue})
    both = read_environment({**enough, **queue, "CELERY_BROKER_URL": "amqp://rabbit"})
    assert (both.redis_url, both.broker_url) == ("redis+cluster://one,two", "amqp://rabbit")


def test_a_running_service_leaves_its_addresses_and_the_process_environment_wins(enough: dict[str, str]) -> None:
    lines = f"# a remark\nSECRET_KEY={'s' * 40}\nREDIS_URL=redis://:a=b@127.0.0.1:1/0\n"
    Path(enough["OMNIFY_HOME"], "service.env").write_text(lines, "utf-8")
    env = read_environment(enough)
    assert env.secret_key == KEY
    assert env.redis_url == "redis://:a=b@127.0.0.1:1/0"


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("SECRET_KEY", "short", "at least 32 characters"),
        ("SECRET_KEY_FALLBACKS", "o" * 40 + ",short", "at least 32 characters"),
        ("SECRET_KEY_FALLBACKS", KEY, "and not SECRET_KEY itself"),
        ("SECRET_KEY_FALLBACKS", ",".join(["o" * 40] * 2), "each older secret once"),
        ("DATABASE_URL", "", "not set"),
        ("PUBLIC_URL", "tickets.example.org", "not like https://"),
        ("PUBLIC_URL", "https://tickets.example.org/shop", "not like https://"),
        ("PUBLIC_URL", "https://user@tickets.example.org", "not like https://"),
        ("CORS_ALLOWED_ORIGINS", "https://a.example,*", "'*' is not an origin"),
        ("CORS_ALLOWED_ORIGINS", "null", "not an origin"),
        ("CORS_ALLOWED_ORIGINS", "a.example", "not an origin"),
        ("CORS_ALLOWED_ORIGINS", "https://a.example/", "nothing behind"),
        ("CORS_ALLOWED_ORIGINS", "https://a.example/shop", "nothing behind"),
        ("CORS_ALLOWED_ORIGINS", "https://A.example", "in lower case"),
        ("CORS_ALLOWED_ORIGINS", "https://a.example:443", "only if it is not the scheme's own"),
        ("OPERATIONS_BIND", "9000", "an address and a port"),
        ("METRICS_BIND", "9000", "an address and a port"),
        ("OPERATIONS_BIND", "127.0.0.1:70000", "an address and a port"),
        ("METRICS_TOKEN", "short", "at least 16 characters"),
        ("SECURITY_CONTACT", "security@example.com", "not like mailto:"),
        ("WEBHOOK_DENY", "10.0.0.1/8", "not a range of addresses"),
        ("DEBUG", "maybe", "neither true nor false"),
        ("REGISTRATION_PARTITIONS", "0", "from 1 to 256"),
        ("REGISTRATION_PARTITIONS", "many", "not a whole number"),
        ("EVENT_QUEUE_LIMIT", "-1", "not a whole number"),
        ("QUEUE_REPLICAS", "17", "not a whole number from 0 to 16"),
        ("RETENTION_DAYS", "a month", "not a whole number"),
        ("REGISTER_RATE_LIMIT", "600", "neither off nor like 6000/minute"),
        ("REGISTER_RATE_LIMIT", "0/minute", "neither off nor like 6000/minute"),
        ("REFUSAL_RATE_LIMIT", "many", "neither off nor like 6000/minute"),
        ("TRUSTED_PROXIES", "all", "not a whole number"),
        ("OMNIFY_HASTE", "0", "from 1 to 10"),
        ("LOG_LEVEL", "LOUD", "not one of"),
        ("REDIS_URL", "http://localhost", "must start with"),
        ("REDIS_URL", "redis+sentinel://localhost", "name of the master's service"),
        ("CELERY_BROKER_URL", "kafka://localhost", "must start with"),
    ],
)
def test_a_bad_value_is_one_line_that_names_the_variable(
    enough: dict[str, str], name: str, value: str, complaint: str
) -> None:
    with pytest.raises(BadEnvironment) as caught:
        read_environment({**enough, name: value})
    message = str(caught.value)
    assert message.startswith(f"{name}: ")
    assert complaint in message
    assert "\n" not in message


def test_tests_need_no_secret_and_no_server(tmp_path: Path) -> None:
    env = read_environment({"OMNIFY_HOME": str(tmp_path), "DJANGO_TESTING": "true"})
    assert env.database_url == f"sqlite:///{tmp_path}/test.sqlite3"
    assert len(env.secret_key) >= 32
