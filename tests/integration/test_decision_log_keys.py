"""A decision log that is handed to another key, and one that goes on under a new name after a restore."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from events.domain.decision_log.notes import NoteSigner, public_key
from events.models import AuditEntry, DecisionLog, DecisionLogChunk, Event, Registration
from events.services.decision_log import NotSigned, hand_over
from tests.support.in_process.api import ANYONE
from tests.support.in_process.decision_log import check, commit, rebuild, registration, rewrite
from verify.omnify_verify import BREAK, KEY

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_memory")]

Make = Callable[..., Event]
OTHER = bytes(range(32, 64))
THIRD = bytes(range(64, 96))


def use_keys(monkeypatch: pytest.MonkeyPatch, key: bytes, *older: bytes) -> None:
    monkeypatch.setattr(
        settings, "ENV", replace(settings.ENV, log_signing_key=key, log_signing_key_fallbacks=tuple(older))
    )


def key_of(event: Event, seed: bytes) -> str:
    return NoteSigner(f"localhost/events/{event.pk}/log", seed).verifier_key


def checkpoint(event: Event) -> str:
    answer = ANYONE.get(f"/events/{event.pk}/log/checkpoint")
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_verifier_that_trusts_the_first_key_follows_to_the_third(
    make_event: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    event, first = make_event(max_capacity=9), settings.ENV.log_signing_key
    commit(event, [registration(1)])
    earlier = checkpoint(event)
    use_keys(monkeypatch, OTHER, first)
    assert checkpoint(event) == earlier  # until it is handed over
    call_command("rotate_log_key", stderr=io.StringIO())
    use_keys(monkeypatch, THIRD, OTHER)
    commit(event, [registration(2)])
    middle = checkpoint(event)
    call_command("rotate_log_key", stderr=io.StringIO())
    use_keys(monkeypatch, THIRD)
    commit(event, [registration(3)])
    for trusted in (first, OTHER, THIRD):
        for since in (earlier, middle):
            found = check(event, key=key_of(event, trusted), since=since)
            assert (found.problem, found.replay.counts[KEY]) == ("", 2)
    stranger = check(event, key=key_of(event, bytes(32))).problem
    assert "another key than the one that you trust" in stranger
    assert AuditEntry.objects.filter(action="log_handed_over").count() == 2


def test_a_key_that_the_one_before_did_not_sign_for_is_found(make_event: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    event, first = make_event(max_capacity=9), settings.ENV.log_signing_key
    commit(event, [registration(1)])
    DecisionLog.objects.filter(pk=event.pk).update(key=b"")
    use_keys(monkeypatch, OTHER)
    assert hand_over(event.pk)
    assert "rule 13" in check(event, key=key_of(event, first)).problem


def test_a_signature_of_the_old_key_that_was_made_up_is_found(
    make_event: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    event, first = make_event(max_capacity=9), settings.ENV.log_signing_key
    commit(event, [registration(1)])
    use_keys(monkeypatch, OTHER, first)
    assert hand_over(event.pk)
    rewrite(event, lambda data: data[:-1] + bytes([data[-1] ^ 1]))
    rebuild(event)
    assert "the key before did not sign it" in check(event).problem


def test_a_key_without_the_older_one_takes_over_nothing_and_signs_nothing(
    make_event: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = make_event(max_capacity=9)
    commit(event, [registration(1)])
    use_keys(monkeypatch, OTHER)
    with pytest.raises(CommandError, match="1 were not"):
        call_command("rotate_log_key", stderr=io.StringIO())
    assert ANYONE.get(f"/events/{event.pk}/log/checkpoint").json()["code"] == "log_not_found"
    use_keys(monkeypatch, b"")
    with pytest.raises(NotSigned):
        hand_over(event.pk)


def test_a_log_that_no_key_has_signed_can_be_given_one(make_event: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    event = make_event(max_capacity=9)
    use_keys(monkeypatch, b"")
    commit(event, [registration(1)])
    use_keys(monkeypatch, OTHER)
    call_command("rotate_log_key", stderr=io.StringIO())
    assert not hand_over(event.pk)
    commit(event, [registration(2)])
    assert check(event).problem == ""
    assert public_key(OTHER) == bytes(DecisionLog.objects.get(pk=event.pk).key)


def restored(event: Event) -> str:
    """A log with one entry more published than there is now, as after a restore of an older backup."""
    commit(event, [registration(1)])
    older = DecisionLog.objects.get(pk=event.pk)
    commit(event, [registration(2)])
    published = checkpoint(event)
    DecisionLogChunk.objects.filter(log_id=event.pk, first_index=older.size).delete()
    older.save()
    Registration.objects.filter(event=event, sequence=2).delete()
    Event.objects.filter(pk=event.pk).update(confirmed_count=1)
    assert ANYONE.get(f"/events/{event.pk}/log/checkpoint").status_code == 503
    return published


def test_a_log_under_a_new_name_states_the_break_and_goes_on(make_event: Make) -> None:
    event = make_event(max_capacity=9)
    published = restored(event)
    out = io.StringIO()
    call_command("open_new_log", str(event.pk), stdout=out)
    assert out.getvalue().strip() == f"localhost/events/{event.pk}/log/2"
    commit(event, [registration(3)])
    found = check(event)
    assert (found.problem, found.replay.counts[BREAK], found.checkpoint.origin) == ("", 1, out.getvalue().strip())
    [(_, old)] = found.replay.breaks
    assert published.startswith(old.text)
    assert "the log was rewritten" in check(event, since=published).problem
    assert AuditEntry.objects.filter(action="log_broken_off").count() == 1


def test_a_log_that_continues_what_was_published_gets_no_new_name(make_event: Make, tmp_path: Path) -> None:
    event = make_event(max_capacity=9)
    with pytest.raises(CommandError, match="no decision log"):
        call_command("open_new_log", str(event.pk))
    commit(event, [registration(1)])
    kept = tmp_path / "kept"
    kept.write_text(checkpoint(event))
    commit(event, [registration(2)])
    with pytest.raises(CommandError, match="nothing is broken"):
        call_command("open_new_log", str(event.pk), published=kept)


def test_a_host_that_has_signed_nothing_opens_a_new_log_by_a_checkpoint_from_elsewhere(
    make_event: Make, tmp_path: Path
) -> None:
    event = make_event(max_capacity=9)
    kept = tmp_path / "kept"
    kept.write_text(restored(event))
    for file in (tmp_path / "home" / "signed-logs").glob("*.checkpoint"):
        file.unlink()
    assert check(event).problem == ""  # this host knows of nothing, and signs
    call_command("open_new_log", str(event.pk), published=kept, stdout=io.StringIO())
    found = check(event)
    assert (found.problem, found.checkpoint.origin[-6:]) == ("", "/log/2")
    with pytest.raises(CommandError, match="of another log"):
        call_command("open_new_log", str(event.pk), published=kept)


def test_a_new_log_can_be_handed_to_another_key_and_followed_from_before_the_break(
    make_event: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    event, first = make_event(max_capacity=9), settings.ENV.log_signing_key
    commit(event, [registration(1)])
    use_keys(monkeypatch, OTHER, first)
    hand_over(event.pk)
    published = checkpoint(event)
    older = DecisionLog.objects.get(pk=event.pk)
    commit(event, [registration(2)])
    assert checkpoint(event) != published
    DecisionLogChunk.objects.filter(log_id=event.pk, first_index=older.size).delete()
    older.save()
    Registration.objects.filter(event=event, sequence=2).delete()
    Event.objects.filter(pk=event.pk).update(confirmed_count=1)
    call_command("open_new_log", str(event.pk), stdout=io.StringIO())
    use_keys(monkeypatch, THIRD, OTHER)
    hand_over(event.pk)
    assert check(event, key=key_of(event, first), since=published).problem == ""
