"""What readers of a decision log get: checkpoints and proofs, and what is not signed."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from events.domain.commands import Cancellation
from events.domain.decision_log.merkle import Tree, leaf_hash
from events.domain.decision_log.notes import NoteSigner
from events.ledger.decision_log.read import log_head
from events.models import DecisionLog, DecisionLogChunk, Event, Registration
from events.services.decision_log import signer
from tests.support.decision_log import unframe
from tests.support.in_process.api import ANYONE
from tests.support.in_process.decision_log import Api, check, chunks, commit, id_of, registration
from verify.omnify_verify import main, open_checkpoint, read_key, save_evidence, verify

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_memory")]

Make = Callable[..., Event]


def signer_of(event: Event) -> NoteSigner:
    head = log_head(event.pk)
    assert head is not None
    return signer(head.origin, head.key)


def root_by(path: list[bytes], leaf: bytes, index: int, size: int) -> bytes:
    """RFC 9162, 2.1.3.2."""
    from events.domain.decision_log.merkle import node_hash

    last = size - 1
    for sibling in path:
        if index & 1 or index == last:
            leaf = node_hash(sibling, leaf)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            leaf = node_hash(leaf, sibling)
        index, last = index >> 1, last >> 1
    return leaf


def test_a_ticket_is_proved_to_stand_in_the_log_as_soon_as_it_is_decided(make_event: Make) -> None:
    event = make_event(max_capacity=600, waitlist_capacity=5)
    requests = [registration(number) for number in range(1, 602)]
    for first in range(0, 601, 150):
        commit(event, requests[first : first + 150])
    commit(event, [Cancellation(requests[300].key, 700, 700)])
    for request, kinds in ((requests[0], [2]), (requests[255], [2]), (requests[300], [2, 3]), (requests[600], [2, 6])):
        data = ANYONE.get(f"/registrations/{id_of(event, request)}/proof").json()["data"]
        note = open_checkpoint(data["checkpoint"], read_key(signer_of(event).verifier_key))
        assert [bytes.fromhex(one["entry"])[0] for one in data["entries"]] == kinds
        for one in data["entries"]:
            assert bytes.fromhex(data["commitment"]) in bytes.fromhex(one["entry"])
            path = [bytes.fromhex(node) for node in one["inclusion"]]
            assert root_by(path, leaf_hash(bytes.fromhex(one["entry"])), one["index"], note.size) == note.root
    assert check(event, tickets=[id_of(event, one) for one in requests]).missing == ()


def test_a_draft_shows_no_log_and_an_unknown_ticket_no_proof(make_event: Make) -> None:
    event = make_event(max_capacity=5)
    commit(event, [registration(1)])
    Event.objects.filter(pk=event.pk).update(visibility="draft")
    for path in (f"/events/{event.pk}/log/checkpoint", "/events/999999/log/key"):
        assert ANYONE.get(path).json()["code"] == "event_not_found"
    assert ANYONE.get(f"/registrations/{event.pk}-{'x' * 28}/proof").json()["code"] == "ticket_not_found"


def test_without_a_key_nothing_is_signed_and_all_is_logged(make_event: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    event = make_event(max_capacity=5)
    commit(event, [registration(1)])
    monkeypatch.setattr(settings, "ENV", replace(settings.ENV, log_signing_key=b""))
    answer = ANYONE.get(f"/events/{event.pk}/log/checkpoint")
    assert (answer.status_code, answer.json()["code"]) == (404, "log_not_found")
    assert ANYONE.get(f"/events/{event.pk}/log/tile/entries/000.p/3").status_code == 200


def test_an_older_state_than_was_published_is_not_signed(make_event: Make) -> None:
    """As after a restore of an older backup."""
    event = make_event(max_capacity=5)
    commit(event, [registration(1)])
    older = DecisionLog.objects.get(pk=event.pk)
    commit(event, [registration(2)])
    assert check(event).problem == ""
    chunks(event)[-1].delete()
    older.save()
    answer = ANYONE.get(f"/events/{event.pk}/log/checkpoint")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def test_a_second_history_that_is_longer_is_not_signed_either(make_event: Make) -> None:
    event = make_event(max_capacity=5)
    commit(event, [registration(1)])
    older = DecisionLog.objects.get(pk=event.pk)
    commit(event, [registration(2)])
    assert check(event).problem == ""
    chunks(event)[-1].delete()
    older.save()
    Registration.objects.filter(event=event, sequence=2).delete()
    Event.objects.filter(pk=event.pk).update(confirmed_count=1)
    commit(event, [registration(3), registration(4)])
    assert ANYONE.get(f"/events/{event.pk}/log/checkpoint").status_code == 503


def test_an_earlier_checkpoint_is_the_beginning_of_the_log_or_it_is_told(make_event: Make) -> None:
    event = make_event(max_capacity=50)
    commit(event, [registration(1)])
    since = ANYONE.get(f"/events/{event.pk}/log/checkpoint").content.decode()
    commit(event, [registration(number) for number in range(2, 20)])
    assert check(event, since=since).problem == ""
    by = signer_of(event)
    text = since.partition("\n\n")[0].split("\n")
    other = by.sign("\n".join([*text[:2], "A" * 43 + "="]) + "\n")
    assert "rewritten" in check(event, since=other).problem


FULL = ("0/000", "entries/000")


@pytest.fixture
def on_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Goes on as another host, which has files of its own."""
    return lambda name: monkeypatch.setattr(settings, "ENV", replace(settings.ENV, home=tmp_path / name))


def served(event: Event, base: str, paths: Sequence[str] = FULL) -> list[bytes | int]:
    """What is served at these tiles' addresses: the bytes, if caches may keep them, or the status."""
    answers = [ANYONE.get(f"/events/{event.pk}/log/{base}tile/{path}") for path in paths]
    assert all("immutable" in answer["Cache-Control"] for answer in answers if answer.status_code == 200)
    return [answer.content if answer.status_code == 200 else answer.status_code for answer in answers]


def restore_older(event: Event) -> None:
    """Has the database go back to when it had decided the first 100, as a restore of a backup does."""
    rows = DecisionLogChunk.objects.filter(log_id=event.pk)
    kept = DecisionLog.objects.get(pk=event.pk)
    rows.filter(first_index__gt=0).delete()
    tree, _ = Tree().append([leaf_hash(entry) for row in rows for entry in unframe(bytes(row.entries))])
    kept.size, kept.frontier = tree.size, tree.packed
    kept.save()
    Registration.objects.filter(event=event, sequence__gt=100).delete()
    Event.objects.filter(pk=event.pk).update(confirmed_count=100)


def decide(event: Event, numbers: Iterable[int]) -> None:
    commit(event, [registration(number) for number in numbers])


def break_off(event: Event) -> None:
    """Restores an older state, has the log go on under another name, and decides others than those that were lost."""
    restore_older(event)
    assert ANYONE.get(f"/events/{event.pk}/log/checkpoint").status_code == 503
    call_command("open_new_log", str(event.pk), stdout=io.StringIO())
    decide(event, range(500, 800))


def publish_and_break_off(event: Event, on_host: Callable[[str], None]) -> list[bytes | int]:
    """Two hosts have kept the first tile of the log that does not go on. Returns that."""
    decide(event, range(1, 101))
    decide(event, range(101, 400))
    for host in ("other", "signing"):
        on_host(host)
        assert check(event).problem == ""
        before = served(event, "")
    break_off(event)
    return before


def test_each_address_of_a_tile_has_one_logs_bytes_on_every_host_behind_a_break(
    make_event: Make, on_host: Callable[[str], None]
) -> None:
    event = make_event(max_capacity=900)
    before, after = publish_and_break_off(event, on_host), list[list[bytes | int]]()
    for host in ("signing", "other", "new"):
        on_host(host)
        found = check(event)
        assert (found.problem, found.checkpoint.origin) == ("", f"localhost/events/{event.pk}/log/2")
        assert served(event, "") == (before if host != "new" else [404, 404]), host
        after.append(served(event, "2/"))
        assert served(event, "2/") == after[0] != before, "kept or not"
        # What only a log of this length has, and what was never there.
        assert served(event, "", ["entries/001.p/1"]) == [404]
        assert served(event, "1/") == served(event, "3/") == [404, 404]
    assert after[0] == after[1] == after[2]


def test_the_newest_log_answers_without_a_number_and_with_its_own_alone(
    make_event: Make, on_host: Callable[[str], None]
) -> None:
    event = make_event(max_capacity=900)
    publish_and_break_off(event, on_host)
    base = f"/events/{event.pk}/log"
    for file in ("checkpoint", "key"):
        newest = ANYONE.get(f"{base}/{file}")
        assert newest.content.startswith(f"localhost{base}/2".encode())
        assert newest["Cache-Control"] == "no-cache"
        assert ANYONE.get(f"{base}/2/{file}").content == newest.content
        assert [ANYONE.get(f"{base}/{one}/{file}").status_code for one in (0, 1, 3, "02", "x")] == [404] * 5


def follow(event: Event, mirror: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Has a mirror look at the log, which is read from the service first."""
    source, copy = Api(f"/events/{event.pk}/log", event.pk), mirror.with_name("copy")
    shutil.rmtree(copy, ignore_errors=True)
    assert verify(source, event.pk, key=None).problem == ""
    save_evidence(copy, source.seen, (), event_id=event.pk)
    capsys.readouterr()
    return main([str(copy), str(event.pk), "--mirror", str(mirror)]), capsys.readouterr().out


def test_a_mirror_follows_a_log_to_its_new_addresses_and_says_the_break(
    make_event: Make, on_host: Callable[[str], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    event, early, late = make_event(max_capacity=900), tmp_path / "early", tmp_path / "late"
    on_host("signing")
    decide(event, range(1, 101))
    assert follow(event, early, capsys)[0] == 0
    decide(event, range(101, 400))
    assert follow(event, late, capsys)[0] == 0
    old = {name: (late / "tile" / "entries" / name).read_bytes() for name in ("000", "001.p/145")}
    break_off(event)
    code, told = follow(event, early, capsys)
    assert (code, "BROKEN OFF: entry 102" in told) == (0, True), told
    assert main([str(early), str(event.pk)]) == 0, "what it keeps is a log that can be checked"
    assert sorted(one.name for one in (early / "2" / "tile" / "entries").iterdir()) == ["000", "001.p"]
    code, told = follow(event, late, capsys)
    assert (code, "FORKED" in told, "BROKEN OFF: entry 102" in told) == (3, True, True), told
    assert {name: (late / "tile" / "entries" / name).read_bytes() for name in old} == old
