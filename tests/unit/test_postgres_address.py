"""`DATABASE_URL` as libpq reads it: several hosts, options of the operator's own, and limits on a dead host."""

from __future__ import annotations

import pytest

from omnify.postgres.address import BadAddress, postgres_config


def test_several_hosts_are_asked_for_the_one_that_takes_writes() -> None:
    config = postgres_config("postgresql://u:p@first:5432,second:5433/omnify", pooled=False)
    assert (config["HOST"], config["PORT"], config["NAME"]) == ("first,second", "5432,5433", "omnify")
    assert config["OPTIONS"]["target_session_attrs"] == "read-write"


def test_a_single_host_is_taken_as_it_is() -> None:
    config = postgres_config("postgres://u:p%40ss@[::1]/omnify", pooled=False)
    assert (config["HOST"], config["PORT"], config["USER"], config["PASSWORD"]) == ("::1", "", "u", "p@ss")
    assert "target_session_attrs" not in config["OPTIONS"]


def test_a_dead_host_is_noticed_in_seconds_unless_the_operator_says_otherwise() -> None:
    options = postgres_config("postgres://h/omnify", pooled=False)["OPTIONS"]
    assert options["connect_timeout"] <= 5
    assert options["tcp_user_timeout"] <= 10_000
    assert options["keepalives_idle"] + options["keepalives_interval"] * options["keepalives_count"] <= 15
    own = postgres_config("postgres://a,b/omnify?connect_timeout=2&target_session_attrs=primary", pooled=False)
    assert (own["OPTIONS"]["connect_timeout"], own["OPTIONS"]["target_session_attrs"]) == ("2", "primary")


def test_behind_a_pooler_nothing_rests_on_the_session() -> None:
    direct, pooled = (postgres_config("postgres://h/omnify", pooled=pooled) for pooled in (False, True))
    assert "statement_timeout=8s" in direct["OPTIONS"]["options"]
    assert "options" not in pooled["OPTIONS"]
    assert (direct["DISABLE_SERVER_SIDE_CURSORS"], pooled["DISABLE_SERVER_SIDE_CURSORS"]) == (False, True)


@pytest.mark.parametrize(
    "url", ["postgres://u:secret@h/db?bogus=1", "postgres://u:secret@h/db?%zz", "postgresql://u:secret@[::1/db"]
)
def test_what_libpq_cannot_read_is_refused_without_the_password(url: str) -> None:
    with pytest.raises(BadAddress, match=r"postgresql://user:password@host") as refused:
        postgres_config(url, pooled=False)
    assert "secret" not in str(refused.value)
