"""What the door reads from a request."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.admission.entry import pack, pack_sizes, read_entries, read_entry
from events.admission.outcomes import decode_outcome, encode_outcome
from events.domain.commands import Callback, Cancellation, Closing, Expiry, Request, Resize
from events.domain.outcome import Outcome
from events.domain.states import Reason, Status
from events.door import parse
from omnify.common.languages import OFFERED


def test_a_good_body_gives_name_and_address() -> None:
    found, language = parse.registration(b'{"name":" Guest ","email":"Guest@example.com"}')
    assert (found, language) == (("Guest", "Guest@example.com", ""), "")


def test_fields_of_later_releases_are_ignored() -> None:
    found, _ = parse.registration(b'{"name":"G","email":"g@example.com","seat":{"row":3}}')
    assert found == ("G", "g@example.com", "")


@pytest.mark.parametrize(
    ("tag", "language"), [("de", "de"), ("de-AT", "de"), ("ja_JP", "ja"), ("nl", ""), ("", ""), ("x" * 999, "")]
)
def test_a_language_is_reduced_to_one_that_there_is_and_counts_for_nothing_else(tag: str, language: str) -> None:
    body = {"name": "G", "email": "g@example.com", "language": tag}
    assert parse.registration(json.dumps(body).encode()) == (("G", "g@example.com", ""), language)
    typed = json.dumps({**body, "quantity": 2}).encode()
    assert parse.registration(typed) == (("G", "g@example.com", "", "", "2", ""), language)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"", None),
        (b"not json", None),
        (b'{"name":"a"', None),
        (b'"text"', None),
        (b"null", None),
        (b"[" * 100_000, None),
        (b'{"x":' + b"[" * 15_000, None),
        (b'{"name":"\xff","email":"g@example.com"}', None),
        (b'{"name":"\\ud800","email":"g@example.com"}', {"name"}),
        (b"{}", {"name", "email"}),
        (b'{"name":1,"email":null}', {"name", "email"}),
        (b'{"name":"","email":"a@b"}', {"name", "email"}),
        (b'{"name":"a\\u0000b","email":"g@example.com"}', {"name"}),
        (json.dumps({"name": "x" * 300, "email": "g@example.com"}).encode(), {"name"}),
        (b'{"name":"Guest","email":["g@example.com"]}', {"email"}),
        (b'{"name":"Guest","email":"g@example.com","language":7}', {"language"}),
    ],
)
def test_every_fault_of_a_body_is_named(body: bytes, fields: set[str] | None) -> None:
    with pytest.raises(parse.BadRequest) as caught:
        parse.registration(body)
    assert (None if caught.value.errors is None else set(caught.value.errors)) == fields


@given(st.binary(max_size=200) | st.recursive(st.none() | st.text(), st.lists).map(lambda x: json.dumps(x).encode()))
def test_no_body_makes_the_door_fail(body: bytes) -> None:
    try:
        parse.registration(body)
    except parse.BadRequest:
        return


@pytest.mark.parametrize("text", ["0", "-1", "01", "1" * 19, "1.0", "１", "abc", "", " 1", "1\n"])
def test_an_id_that_no_event_can_have_is_refused(text: str) -> None:
    assert parse.event_id(text) is None


@pytest.mark.parametrize("value", [b"", b"x" * 256, b"caf\xe9", b"a\x00b", b"a\tb"])
def test_an_idempotency_key_outside_the_rules_is_refused(value: bytes) -> None:
    with pytest.raises(parse.BadRequest):
        parse.idempotency_key([value])


def test_two_idempotency_keys_are_refused() -> None:
    with pytest.raises(parse.BadRequest):
        parse.idempotency_key([b"a", b"b"])


@pytest.mark.parametrize(
    ("value", "json_body"),
    [
        (b"application/json", True),
        (b"Application/JSON; charset=UTF-8", True),
        (b'application/json;charset="utf-8"', True),
        (b"application/json; charset=latin-1", False),
        (b"text/plain", False),
        (b"", False),
        (b"application/jsonp", False),
    ],
)
def test_the_content_type_says_whether_it_is_json(value: bytes, json_body: bool) -> None:
    if json_body:
        parse.require_json(value)
    else:
        with pytest.raises(parse.NotJson):
            parse.require_json(value)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 2**53))
def test_an_entry_comes_out_of_the_queue_as_it_went_in(name: str, sequence: int) -> None:
    payload = pack(name=name, email="Guest@Example.com", email_digest="cd34", mark="ab12")
    key = "A" * 20
    fields = {b"t": key.encode(), b"r": b"1700000000000", b"p": payload.encode()}
    entry = read_entry(f"{sequence}-0".encode(), fields)
    assert isinstance(entry.command, Request)
    assert (entry.command.name, entry.command.email_key, entry.sequence) == (name, "guest@example.com", sequence)
    assert (entry.command.email_digest, entry.command.mark) == ("cd34", "ab12")


@pytest.mark.parametrize("callback", [None, Callback("https://example.org/", 7)])
def test_a_language_comes_out_of_the_queue_and_the_release_before_reads_over_it(callback: Callback | None) -> None:
    for language in ("", *OFFERED):
        payload = pack(
            name="G", email="g@x.org", email_digest="cd34", mark="ab12", callback=callback, language=language
        )
        command = read_entry(b"3-0", {b"t": b"A" * 20, b"r": b"1700000000000", b"p": payload.encode()}).command
        assert isinstance(command, Request)
        assert (command.name, command.mark, command.callback, command.language) == ("G", "ab12", callback, language)
        assert json.loads(payload)[:4] == ["G", "g@x.org", "cd34", "ab12"]
        assert len(json.loads(payload)) == (6 if callback else 4), "another string would be refused"
    assert pack(name="G", email="g@x.org", email_digest="cd34", language="nl").endswith("]")


def test_commands_come_out_of_the_queue_as_they_went_in() -> None:
    key = "A" * 20
    sizes = pack_sizes(max_capacity=7, waitlist_capacity=None).encode()
    found = [
        read_entry(b"3-0", {b"t": key.encode(), b"c": b"cancel"}).command,
        read_entry(b"4-0", {b"t": key.encode(), b"c": b"resize", b"p": sizes}).command,
        read_entry(b"5-0", {b"t": key.encode(), b"c": b"close", b"p": b""}).command,
    ]
    assert found == [Cancellation(key, 3), Resize(key, 4, 7, None), Closing(key, 5)]


@given(st.dictionaries(st.sampled_from([b"t", b"r", b"p", b"c", b"z"]), st.binary(max_size=40)))
def test_a_broken_entry_is_read_as_poisoned_and_never_raises(fields: dict[bytes, bytes]) -> None:
    entry = read_entry(b"7-0", fields)
    assert entry.command is None
    assert entry.sequence == 7


@given(st.sampled_from(Status), st.none() | st.sampled_from(Reason), st.integers(1, 2**53), st.integers(1, 99))
def test_an_outcome_is_read_back_as_it_was_written(
    status: Status, reason: Reason | None, sequence: int, revision: int
) -> None:
    outcome = Outcome(
        key="k",
        status=status,
        reason=reason,
        sequence=sequence,
        requested_ms=1_700_000_000_000,
        decided_ms=1_700_000_000_001,
        revision=revision,
    )
    assert decode_outcome("k", encode_outcome(outcome)) == outcome


def test_expiries_that_are_one_entry_of_the_stream_have_one_sequence_after_the_other() -> None:
    fields = {b"t": b"a" * 20, b"c": b"expire", b"r": b"1700000000000", b"p": b"b" * 20 + b"\xff" * 20 + b"d" * 7}
    entries = read_entries(b"7-3", fields)
    read = Expiry("b" * 20, 8, 1700000000000)
    assert [(entry.key[:1], entry.sequence) for entry in entries] == [("a", 7), ("b", 8), ("", 9), ("", 10)]
    assert (entries[1].command, entries[2].command, entries[1].packed_in) == (read, None, "7-3")
    assert [entry.packed_in for entry in read_entries(b"7-0", {**fields, b"p": b""})] == [""]
