"""Witnesses cosign a decision log that continues what they have seen, and nothing else is kept as theirs."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from events.domain.decision_log.notes import public_key
from events.domain.decision_log.witness import read_witness
from events.models import Event
from omnify.environment import read_environment
from omnify.environment_values import BadEnvironment
from tests.support.in_process.decision_log import check, commit, rebuild, registration, rewrite
from tests.support.witness import Witness, serving

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]


@pytest.fixture
def witness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Witness]:
    """One that knows the key of the logs, in LOG_WITNESSES."""
    found = Witness(public_key(settings.ENV.log_signing_key))
    with serving(found) as url:
        known = (read_witness(f"{found.verifier_key} {url}"),)
        monkeypatch.setattr(settings, "ENV", replace(settings.ENV, home=tmp_path, log_witnesses=known))
        yield found


def ask() -> None:
    call_command("witness_logs", stderr=io.StringIO())


def test_a_cosignature_is_served_until_the_log_grows_and_given_again(make_event: Make, witness: Witness) -> None:
    event = make_event(max_capacity=900)
    for first in (1, 300, 400):
        commit(event, [registration(number) for number in range(first, first + 70)])
        assert "has not cosigned" in check(event, witnesses=[witness.verifier_key]).problem
        ask()
        assert check(event, witnesses=[witness.verifier_key]).problem == ""
    ask()
    assert check(event, witnesses=[witness.verifier_key]).problem == ""
    assert witness.told == [0, 0, 72, 0, 142, 0, 212]


def test_a_history_that_does_not_go_on_is_not_cosigned(make_event: Make, witness: Witness, tmp_path: Path) -> None:
    event = make_event(max_capacity=9)
    commit(event, [registration(1), registration(2)])
    ask()
    rewrite(event, lambda data: data[:-1] + bytes([data[-1] ^ 1]))
    rebuild(event)
    (tmp_path / "signed-logs" / f"{event.pk}.checkpoint").unlink()
    commit(event, [registration(3)])
    with pytest.raises(CommandError, match="1 cosignatures are missing"):
        ask()
    assert "has not cosigned" in check(event, witnesses=[witness.verifier_key]).problem


def test_a_signature_that_is_not_the_witnesss_is_not_kept(make_event: Make, witness: Witness) -> None:
    witness.lies = True
    commit(make_event(max_capacity=9), [registration(1)])
    with pytest.raises(CommandError, match="1 cosignatures are missing"):
        ask()


def test_a_witness_that_is_away_stops_nothing(make_event: Make, witness: Witness) -> None:
    event = make_event(max_capacity=9)
    commit(event, [registration(1)])
    away = replace(settings.ENV.log_witnesses[0], url="http://127.0.0.1:1")
    settings.ENV = replace(settings.ENV, log_witnesses=(away, *settings.ENV.log_witnesses))
    with pytest.raises(CommandError, match="1 cosignatures are missing"):
        ask()
    assert check(event, witnesses=[witness.verifier_key]).problem == ""


def test_what_is_no_witness_is_refused_at_the_start(witness: Witness) -> None:
    for text in (
        "name",
        f"{witness.verifier_key} ftp://x",
        f"{witness.verifier_key[:-3]}AA= http://x",
        "a+b+c http://x",
    ):
        with pytest.raises(BadEnvironment, match="LOG_WITNESSES"):
            read_environment({"DJANGO_TESTING": "true", "LOG_WITNESSES": text})
