"""Ticket ids: genuine ones are read back, everything else is refused."""

from __future__ import annotations

import os
import string
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from events.domain.tickets import (
    KEY_CHARS,
    REF_CHARS,
    TicketName,
    Tickets,
    parse_reference,
    reference,
    reference_of,
    ticket_ref,
)

tickets = Tickets("a secret of the tests")
event_ids = st.integers(1, 10**18 - 1)
keys = st.text(string.ascii_letters + string.digits + "-_", min_size=KEY_CHARS, max_size=KEY_CHARS)


@given(event_ids)
def test_a_genuine_id_names_its_event_and_key(event_id: int) -> None:
    key = tickets.mint()
    ticket_id = tickets.ticket_id(event_id=event_id, key=key)
    assert tickets.parse(ticket_id) == (event_id, key)
    assert set(ticket_id) <= set(string.ascii_letters + string.digits + "-_")


@given(event_ids, st.data())
def test_an_id_with_any_character_changed_is_refused(event_id: int, data: st.DataObject) -> None:
    genuine = tickets.ticket_id(event_id=event_id, key=tickets.mint())
    at = data.draw(st.integers(0, len(genuine) - 1))
    other = data.draw(st.sampled_from(sorted(set(string.ascii_letters + string.digits + "-_.") - {genuine[at]})))
    assert tickets.parse(genuine[:at] + other + genuine[at + 1 :]) is None


@given(st.text(max_size=80))
def test_any_other_text_is_refused(text: str) -> None:
    assert tickets.parse(text) is None


def test_another_secret_refuses_the_id() -> None:
    ticket_id = tickets.ticket_id(event_id=7, key=tickets.mint())
    assert Tickets("another secret").parse(ticket_id) is None


bodies = st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), max_size=4)


def name(event_id: int = 7, key: str | None = "abc", body: Sequence[str] = ("Guest", "g@example.org")) -> TicketName:
    return tickets.names(event_id=event_id, idempotency_key=key, body=body, email_key="g@example.org")[0]


def test_the_same_idempotency_key_and_body_name_the_same_ticket_in_one_event_only() -> None:
    first = name()
    assert first == name()
    assert len(first.key) == KEY_CHARS
    assert first.key not in (name(event_id=8).key, name(key="abd").key, name(key=None).key)
    other = Tickets("another secret").names(
        event_id=7, idempotency_key="abc", body=("Guest", "g@example.org"), email_key=""
    )
    assert other[0].key != first.key


@given(bodies, bodies)
def test_two_bodies_name_one_ticket_only_if_they_are_the_same(one: list[str], two: list[str]) -> None:
    """What is absent at the end equals what is empty there."""
    same = "\0".join(one).rstrip("\0") == "\0".join(two).rstrip("\0")
    assert (name(body=one).key == name(body=two).key) == same
    assert name(body=one).note == name(body=two).note


def test_without_an_idempotency_key_every_ticket_is_another_one() -> None:
    assert name(key=None).key != name(key=None).key
    assert name(key=None).note == ""


NEW, OLD, OLDEST = (letter * 40 for letter in "nop")


def test_after_a_rotation_every_id_is_known_and_shown_as_it_was_given() -> None:
    before, after = Tickets(OLD, OLDEST), Tickets(NEW, OLD, OLDEST)
    for was in (Tickets(OLDEST), before):
        given_out = was.ticket_id(event_id=7, key="K" * KEY_CHARS)
        assert after.parse(given_out) == (7, "K" * KEY_CHARS)
        assert after.ticket_id(event_id=7, key="K" * KEY_CHARS, mark=was.mark) == given_out
        assert given_out in after.ticket_ids(event_id=7, key="K" * KEY_CHARS)
    assert after.ticket_id(event_id=7, key="K" * KEY_CHARS) == Tickets(NEW).ticket_id(event_id=7, key="K" * KEY_CHARS)
    assert Tickets(NEW).parse(before.ticket_id(event_id=7, key="K" * KEY_CHARS)) is None


def test_ids_that_are_made_together_are_those_that_were_given_out() -> None:
    after, keys = Tickets(NEW, OLD), [letter * KEY_CHARS for letter in "KLM"]
    for secrets in ("", NEW + OLD + NEW, OLD * 3):
        was = [Tickets(secrets[at : at + 40]) for at in range(0, len(secrets), 40)]
        given_out = [one.ticket_id(event_id=7, key=key).encode() for one, key in zip(was, keys, strict=False)]
        assert after.ids_of(7, keys[: len(was)], [one.mark for one in was]) == given_out


def test_what_bears_no_mark_is_of_the_oldest_secret() -> None:
    given_out = Tickets(OLDEST).ticket_id(event_id=7, key="K" * KEY_CHARS)
    assert Tickets(NEW, OLD, OLDEST).ticket_id(event_id=7, key="K" * KEY_CHARS, mark="") == given_out
    assert Tickets(OLDEST).ticket_id(event_id=7, key="K" * KEY_CHARS, mark="") == given_out


def test_a_registration_keeps_the_names_it_has_under_older_secrets() -> None:
    asked: dict[str, Any] = {"event_id": 7, "idempotency_key": "abc", "body": ("Guest",), "email_key": "g@example.org"}
    assert Tickets(NEW, OLD).names(**asked) == [Tickets(secret).names(**asked)[0] for secret in (NEW, OLD)]
    assert len(Tickets(NEW).names(**asked)) == 1
    digests = [found.email_digest for found in Tickets(NEW, OLD).names(**asked | {"idempotency_key": None})]
    assert digests == Tickets(NEW, OLD).email_digests("g@example.org")
    assert Tickets(NEW, OLD).email_digest("g@example.org", Tickets(OLD).mark) == digests[1]


def test_the_part_for_logs_leaves_72_bits_unknown() -> None:
    key = tickets.mint()
    assert ticket_ref(key) == key[:REF_CHARS]
    assert (KEY_CHARS - REF_CHARS) * 6 >= 72


@given(keys, event_ids)
def test_a_check_in_code_leads_to_its_ticket_and_says_nothing_of_its_id(key: str, event_id: int) -> None:
    code = tickets.check_in_code(event_id=event_id, key=key)
    assert tickets.parse_check_in_code(code) == (event_id, key)
    assert code.startswith(f"{reference(event_id, key)}-")
    assert parse_reference(reference(event_id, key)) == (event_id, key[:8])
    assert key[8:] not in code
    assert tickets.parse(code) is None
    ticket_id = tickets.ticket_id(event_id=event_id, key=key)
    assert tickets.parse_check_in_code(ticket_id) is None
    assert reference_of(ticket_id) == reference(event_id, key)


@given(keys, st.data())
def test_a_check_in_code_with_any_other_character_is_none(key: str, data: st.DataObject) -> None:
    code = tickets.check_in_code(event_id=7, key=key)
    place = data.draw(st.integers(0, len(code) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda c: c != code[place]))
    assert tickets.parse_check_in_code(code[:place] + other + code[place + 1 :]) is None
    assert tickets.parse_check_in_code(code + other) is None


def test_a_check_in_code_of_an_older_secret_still_lets_in() -> None:
    old, new = "o" * 32, "n" * 32
    code = Tickets(old).check_in_code(event_id=7, key="K" * 20)
    assert Tickets(new, old).parse_check_in_code(code) == (7, "K" * 20)
    assert Tickets(new).parse_check_in_code(code) is None


def test_a_ticket_keeps_its_check_in_code_when_the_secret_changes() -> None:
    asked: dict[str, Any] = {"event_id": 7, "key": "K" * KEY_CHARS}
    before, after = Tickets(OLD), Tickets(NEW, OLD)
    for made_by in (before, after):
        ticket_id, code = made_by.ticket_id(**asked), made_by.check_in_code(**asked)
        assert made_by.check_in_code_of(ticket_id) == after.check_in_code_of(ticket_id) == code
        assert after.check_in_code(**asked, mark=made_by.mark) == code


@given(keys, event_ids)
def test_an_opt_out_token_leads_to_its_ticket_and_says_nothing_of_its_id(key: str, event_id: int) -> None:
    token = tickets.opt_out_token(event_id=event_id, key=key)
    assert tickets.parse_opt_out_token(token) == (event_id, key)
    assert key[8:] not in token
    assert tickets.parse(token) is tickets.parse_check_in_code(token) is None
    assert tickets.parse_opt_out_token(tickets.check_in_code(event_id=event_id, key=key)) is None


def test_a_proof_token_is_of_one_ticket_and_one_address_and_survives_a_change_of_the_secret() -> None:
    before, after = Tickets(OLD), Tickets(NEW, OLD)
    asked: dict[str, Any] = {"event_id": 7, "key": "K" * KEY_CHARS}
    ticket_id = before.ticket_id(**asked)
    token = before.proof_token(**asked, email_key="a@example.org", mark=before.mark)
    assert after.proof_token(**asked, email_key="a@example.org", mark=before.mark) == token
    address = before.email_digest("a@example.org")
    assert before.proved_address(ticket_id, token) == after.proved_address(ticket_id, token) == address
    assert after.proved_address(after.ticket_id(**asked), token) is None
    assert Tickets(NEW).proved_address(ticket_id, token) is None
    assert before.proved_address(before.ticket_id(event_id=8, key=asked["key"]), token) is None
    other = before.proof_token(**asked, email_key="b@example.org", mark=before.mark)
    assert before.proved_address(ticket_id, token[:12] + other[12:]) is None
    assert before.proved_address(ticket_id, other[:12] + token[12:]) is None


def test_a_forked_process_draws_keys_of_its_own() -> None:
    tickets.mint()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, "".join(tickets.mint() for _ in range(10)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    text = os.read(reader, 10 * KEY_CHARS).decode()
    theirs = {text[at : at + KEY_CHARS] for at in range(0, len(text), KEY_CHARS)}
    assert len(theirs) == 10
    assert theirs.isdisjoint({tickets.mint() for _ in range(600)})
