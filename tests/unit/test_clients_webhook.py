"""The service signs, and both clients and the reference implementation verify, by the same vectors."""

from __future__ import annotations

import json
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from django.http.request import HttpHeaders
from standardwebhooks import Webhook as ReferenceWebhook
from standardwebhooks import WebhookVerificationError as ReferenceError

from events.domain.webhooks.signing import signature, signing_key
from omnify_client import Webhook, WebhookVerificationError
from tests.support.clients import NODE, in_node

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parents[2] / "clients" / "webhook_vectors.json").read_text())
NAMES = [vector["name"] for vector in VECTORS]


@pytest.mark.parametrize("vector", VECTORS, ids=NAMES)
def test_the_client_for_python_verifies_what_is_genuine_and_nothing_else(vector: dict[str, Any]) -> None:
    webhook = Webhook(*vector["secrets"])
    for payload in (vector["body"], vector["body"].encode()):
        if vector["valid"]:
            assert webhook.verify(payload, vector["headers"], now=vector["now"]) == json.loads(vector["body"])
        else:
            with pytest.raises(WebhookVerificationError):
                webhook.verify(payload, vector["headers"], now=vector["now"])


def as_message(headers: dict[str, str]) -> Message:
    """What `http.server` gives."""
    message = Message()
    for name, value in headers.items():
        message[name] = value
    return message


def as_django(headers: dict[str, str]) -> HttpHeaders:
    return HttpHeaders({f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()})


@pytest.mark.parametrize("made", [as_message, as_django])
def test_it_takes_headers_as_frameworks_have_them(made: Callable[[dict[str, str]], Message | HttpHeaders]) -> None:
    [vector, *_] = [one for one in VECTORS if one["valid"]]
    message = Webhook(*vector["secrets"]).verify(vector["body"], made(vector["headers"]), now=vector["now"])
    assert message == json.loads(vector["body"])


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_the_client_for_javascript_does_the_same() -> None:
    said = in_node({"call": "verify", "args": VECTORS})
    assert len(said) == len(VECTORS)
    for vector, one in zip(VECTORS, said, strict=True):
        wanted = {"message": json.loads(vector["body"])} if vector["valid"] else {"problem": "WebhookVerificationError"}
        assert one["value"] == wanted, vector["name"]


@pytest.mark.parametrize("vector", [one for one in VECTORS if one["valid"]], ids=lambda one: one["name"])
def test_the_service_signs_what_they_verify(vector: dict[str, Any]) -> None:
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    signed = signature(
        [signing_key(secret) for secret in vector["secrets"]],
        message_id=headers["webhook-id"],
        seconds=int(headers["webhook-timestamp"]),
        body=vector["body"].encode(),
    )
    assert set(signed.split()) & set(headers["webhook-signature"].split())


def test_the_reference_implementation_agrees_with_the_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """But for the clock, which it reads itself, and texts that only Python takes for a number."""
    judged = 0
    for vector in VECTORS:
        if vector["now"] != VECTORS[0]["now"] or vector["name"] in ("a time with a sign", "a time with a fraction"):
            continue
        monkeypatch.setattr(ReferenceWebhook, "_Webhook__verify_timestamp", lambda _, stamp: _as_datetime(stamp))
        headers = {name.lower(): value for name, value in vector["headers"].items()}
        assert _accepted(vector, headers) is vector["valid"], vector["name"]
        judged += 1
    assert judged > 20


def _as_datetime(stamp: str) -> Any:
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(float(stamp), tz=UTC)
    except ValueError:
        raise ReferenceError("not a time") from None


def _accepted(vector: dict[str, Any], headers: dict[str, str]) -> bool:
    for secret in vector["secrets"]:
        try:
            ReferenceWebhook(secret).verify(vector["body"], headers)
        except (ReferenceError, ValueError):
            continue
        return True
    return False


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_not base64", "whsec_%%%%"])
def test_what_is_no_secret_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_ and base64") as caught:
        Webhook(secret)
    assert "not base64" not in str(caught.value)


def test_a_webhook_needs_a_secret() -> None:
    with pytest.raises(ValueError, match="needs a secret"):
        Webhook()


def test_a_webhook_does_not_show_its_secret() -> None:
    assert repr(Webhook(VECTORS[0]["secrets"][0])) == "Webhook(secrets=1)"
