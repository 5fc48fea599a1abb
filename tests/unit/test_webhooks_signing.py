"""Signatures that the specification's own implementation accepts."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from events.domain.webhooks.message import MessageIds
from events.domain.webhooks.sealing import CannotOpen, Sealer
from events.domain.webhooks.signing import BadSecret, new_secret, signature, signing_key
from events.ledger.webhooks.claims import ClaimedDelivery, Destination
from worker.webhooks.signed_request import RequestSigner, Unsendable

BODY = '{"name": "Zoë"}'.encode()


def signed(*secrets: str, body: bytes = BODY, seconds: int | None = None) -> dict[str, str]:
    seconds = int(time.time()) if seconds is None else seconds
    keys = [signing_key(secret) for secret in secrets]
    value = signature(keys, message_id="msg_1", seconds=seconds, body=body)
    return {"webhook-id": "msg_1", "webhook-timestamp": str(seconds), "webhook-signature": value}


def test_a_message_that_only_a_later_release_knows_cannot_be_sent_and_ends_nothing() -> None:
    at, secret = datetime(2030, 1, 1, tzinfo=UTC), Sealer("s").seal(new_secret())
    row = ClaimedDelivery(
        *(1, 1, 1, 7, "registration.swapped", "k" * 20, "", None, 1, at, at, None, "https://example.com/hook", ""),
        *(at, 0, at),
    )
    signer = RequestSigner(secrets=("s",), allow_private=True)
    assert signer.sign(row._replace(type="registration.confirmed"), Destination(row.url, (secret,)), now=at).body
    with pytest.raises(Unsendable, match="unknown_message"):
        signer.sign(row, Destination(row.url, (secret,)), now=at)
    with pytest.raises(Unsendable, match="unknown_message"):
        signer.sign(row._replace(type="registration.cancelled", reason="swapped"), Destination("", (secret,)), now=at)


def test_the_reference_verifier_accepts_what_was_signed() -> None:
    secret = new_secret()
    assert Webhook(secret).verify(BODY, signed(secret)) == {"name": "Zoë"}


def test_a_signature_is_the_one_that_the_specification_shows() -> None:
    secret, moment = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", datetime(2022, 11, 23, tzinfo=UTC)
    headers = signed(secret, body=b'{"event_type":"ping"}', seconds=int(moment.timestamp()))
    assert headers["webhook-signature"] == Webhook(secret).sign("msg_1", moment, '{"event_type":"ping"}')


def test_while_a_secret_rotates_both_verify() -> None:
    new, old = new_secret(), new_secret()
    headers = signed(new, old)
    assert headers["webhook-signature"].count("v1,") == 2
    for secret in (new, old):
        Webhook(secret).verify(BODY, headers)


@pytest.mark.parametrize("change", ["body", "id", "timestamp", "secret"])
def test_nothing_that_is_signed_can_be_changed(change: str) -> None:
    secret = new_secret()
    headers, body = signed(secret), BODY
    if change == "body":
        body += b" "
    elif change == "secret":
        secret = new_secret()
    else:
        headers[f"webhook-{change}"] = {"id": "msg_2", "timestamp": str(int(time.time()) + 1)}[change]
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, headers)


@given(st.binary(min_size=24, max_size=64), st.text())
def test_any_key_and_any_text_verify(key: bytes, text: str) -> None:
    import json
    from base64 import b64encode

    secret, body = f"whsec_{b64encode(key).decode()}", json.dumps(text).encode()
    assert Webhook(secret).verify(body, signed(secret, body=body)) == text


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_!!!", "whsec_c2hvcnQ=", "C2FVsBQIhrscChlQIMV+b5sSYspob7oD"])
def test_what_is_not_a_secret_is_refused(text: str) -> None:
    with pytest.raises(BadSecret):
        signing_key(text)


def test_secrets_are_new_each_time_and_long_enough() -> None:
    secrets = {new_secret() for _ in range(50)}
    assert len(secrets) == 50
    assert {len(signing_key(secret)) for secret in secrets} == {32}


def test_a_sealed_secret_opens_under_its_key_only() -> None:
    secret, sealer = new_secret(), Sealer("k" * 40)
    sealed = sealer.seal(secret)
    assert secret not in sealed
    assert len(sealed) <= 255
    assert sealer.open(sealed) == secret
    with pytest.raises(CannotOpen):
        Sealer("l" * 40).open(sealed)


def test_message_ids_differ_between_installations() -> None:
    ours, theirs = MessageIds("k" * 40), MessageIds("l" * 40)
    assert ours.of(7) == ours.of(7)
    assert ours.of(7) != ours.of(8)
    assert ours.of(7) != theirs.of(7)
