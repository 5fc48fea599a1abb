"""The client against real sockets: hostile receivers, names that change their minds, certificates."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from events.domain.webhooks.url import read_networks
from omnify.common.retry_after import read_retry_after
from tests.support.name_server import NameServer
from tests.support.waiting import DEADLINE_SECONDS
from tests.support.webhook_receivers import Receivers, unused_port
from worker.webhooks.client import MAX_RESPONSE_BYTES, Response, WebhookClient

NOW = datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC)
SHORT, LONG = 0.6, DEADLINE_SECONDS


@pytest.fixture
def receivers() -> Iterator[Receivers]:
    with Receivers() as found:
        yield found


def post(url: str, *, name_server: NameServer | None = None, **options: Any) -> Response:
    """One request of a client of its own."""

    async def run() -> Response:
        resolver = None
        if name_server is not None:
            resolver = aiohttp.AsyncResolver(nameservers=[name_server.address], timeout=LONG, tries=1)
        given = {"allow_private": True, "timeout_seconds": LONG, "dns_ttl_seconds": 0, **options}
        async with WebhookClient(resolver=resolver, **given) as client:
            return await client.post(url, body=b"{}", headers={"webhook-id": "msg_1"})

    return asyncio.run(run())


@pytest.mark.parametrize(("path", "response"), [("/ok", Response(204)), ("/status/500", Response(500, "bad_status"))])
def test_an_answer_is_its_status(receivers: Receivers, path: str, response: Response) -> None:
    assert post(receivers.url(path)) == response
    assert receivers.at(path)[0].body == b"{}"


def test_a_redirect_is_not_followed(receivers: Receivers) -> None:
    assert post(receivers.url("/redirect")) == Response(302, "redirect")
    assert [got.path for got in receivers.got] == ["/redirect"]


def test_retry_after_comes_back(receivers: Receivers) -> None:
    assert post(receivers.url("/later/503/17")) == Response(503, "bad_status", 17.0)


@pytest.mark.parametrize("path", ["/hang", "/drip", "/drip-body"])
def test_no_receiver_takes_longer_than_the_total_time(receivers: Receivers, path: str) -> None:
    started = time.monotonic()
    assert post(receivers.url(path), timeout_seconds=SHORT) == Response(None, "timeout")
    assert time.monotonic() - started < DEADLINE_SECONDS, "a drip goes on for a quarter of an hour"


def test_of_a_body_without_end_only_the_beginning_is_read(receivers: Receivers) -> None:
    assert post(receivers.url("/huge")) == Response(200)
    # What the two systems hold in their buffers comes on top.
    assert receivers.bytes_sent < MAX_RESPONSE_BYTES + 20_000_000


def test_nothing_is_unpacked(receivers: Receivers) -> None:
    assert post(receivers.url("/bomb")) == Response(200)


def test_a_connection_is_used_again(receivers: Receivers) -> None:
    async def run() -> None:
        async with WebhookClient(allow_private=True) as client:
            for _ in range(5):
                assert (await client.post(receivers.url("/ok"), body=b"", headers={})).status == 204

    asyncio.run(run())
    assert receivers.connections == 1


def test_proxies_of_the_environment_are_not_used(receivers: Receivers, monkeypatch: pytest.MonkeyPatch) -> None:
    with unused_port() as port:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        assert post(receivers.url("/ok")).status == 204


def test_a_port_without_a_server_is_unreachable() -> None:
    with unused_port() as port:
        assert post(f"http://127.0.0.1:{port}/") == Response(None, "unreachable")


# Addresses


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", "[::1]", "2130706433", "0x7f000001", "127.1"])
def test_no_way_of_writing_loopback_is_connected_to(receivers: Receivers, host: str) -> None:
    assert post(receivers.url("/ok", host=host), allow_private=False).status is None
    assert receivers.connections == 0


def test_a_name_of_loopback_is_refused(receivers: Receivers) -> None:
    with NameServer({"inside.example": [["127.0.0.1"]]}) as names:
        url = receivers.url("/ok", host="inside.example")
        assert post(url, name_server=names, allow_private=False) == Response(None, "no_public_address")
        assert receivers.connections == 0
        assert post(url, name_server=names).status == 204


@pytest.mark.parametrize("addresses", [["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"]])
def test_one_private_address_among_others_is_enough_to_refuse(receivers: Receivers, addresses: list[str]) -> None:
    with NameServer({"mixed.example": [addresses]}) as names:
        url = receivers.url("/ok", host="mixed.example")
        assert post(url, name_server=names, allow_private=False) == Response(None, "no_public_address")
    assert receivers.connections == 0


def test_a_name_that_is_public_first_and_loopback_next_does_not_get_through(receivers: Receivers) -> None:
    """The first look finds a public address, the second loopback: whatever was seen before, each connection counts."""
    with NameServer({"turn.example": [["192.0.2.1"], ["127.0.0.1"]]}) as names:
        url = receivers.url("/ok", host="turn.example")
        assert post(url, name_server=names, timeout_seconds=SHORT).status is None  # 192.0.2.1 leads nowhere
        assert post(url, name_server=names, allow_private=False) == Response(None, "no_public_address")
        assert receivers.connections == 0
        assert post(url, name_server=names).status == 204, "the name did lead to the receiver"


def test_the_address_that_was_checked_is_connected_to(receivers: Receivers, monkeypatch: pytest.MonkeyPatch) -> None:
    """With loopback declared public for once: one question, and the connection goes to what it brought."""
    monkeypatch.setattr("worker.webhooks.client.is_allowed", lambda address, **_: True)
    with NameServer({"turn.example": [["127.0.0.1"], ["192.0.2.1"]]}) as names:
        assert post(receivers.url("/ok", host="turn.example"), name_server=names, allow_private=False).status == 204
        assert names.asked["turn.example"] == 1
    assert receivers.got[0].headers["host"] == f"turn.example:{receivers.port}"


def test_the_socket_is_the_last_to_look(receivers: Receivers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a resolver that checks nothing leads nowhere."""
    monkeypatch.setattr("worker.webhooks.client.CheckedResolver", lambda inner, _: inner)
    with NameServer({"inside.example": [["127.0.0.1"]]}) as names:
        response = post(receivers.url("/ok", host="inside.example"), name_server=names, allow_private=False)
    assert response == Response(None, "no_public_address")
    assert receivers.connections == 0


def test_an_unknown_name_is_said_to_be_one() -> None:
    with NameServer({}) as names:
        assert post("http://unknown.example/", name_server=names) == Response(None, "name_not_found")
        hidden = post("http://unknown.example/", name_server=names, allow_private=False)
        assert hidden == Response(None, "no_public_address"), "as of a name that leads inside"


def test_what_the_operator_denies_is_not_connected_to_where_private_addresses_are_allowed(
    receivers: Receivers,
) -> None:
    with NameServer({"inside.example": [["127.0.0.1"]]}) as names:
        for host in ("127.0.0.1", "inside.example"):
            response = post(receivers.url("/ok", host=host), name_server=names, denied=read_networks("127.0.0.0/8"))
            assert response == Response(None, "address_refused")
    assert receivers.connections == 0


def test_a_name_server_that_hangs_delays_no_other_request(receivers: Receivers) -> None:
    async def run() -> None:
        with NameServer({"slow.example": []}) as names:
            resolver = aiohttp.AsyncResolver(nameservers=[names.address], timeout=DEADLINE_SECONDS, tries=1)
            async with WebhookClient(allow_private=True, resolver=resolver, timeout_seconds=DEADLINE_SECONDS) as client:
                urls = [f"http://slow.example:{8000 + n}/" for n in range(50)]
                hung = [asyncio.create_task(client.post(url, body=b"", headers={})) for url in urls]
                await asyncio.sleep(0)
                assert (await client.post(receivers.url("/ok"), body=b"", headers={})).status == 204
                assert not any(task.done() for task in hung)
                for task in hung:
                    task.cancel()
                await asyncio.gather(*hung, return_exceptions=True)

    asyncio.run(run())


# Certificates


def certificate(folder: Path, name: str) -> Path:
    """A self-signed one for `name`, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


def test_certificates_are_verified_also_against_the_name(tmp_path: Path) -> None:
    path = certificate(tmp_path, "right.example")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    trusting = ssl.create_default_context(cafile=path)
    answers = {"right.example": [["127.0.0.1"]], "wrong.example": [["127.0.0.1"]]}
    with Receivers(tls=server) as receivers, NameServer(answers) as names:
        right, wrong = receivers.url("/ok", host="right.example"), receivers.url("/ok", host="wrong.example")
        assert post(right, name_server=names) == Response(None, "tls"), "no authority vouches for it"
        assert post(wrong, name_server=names, tls=trusting) == Response(None, "tls"), "it is another host's"
        assert post(right, name_server=names, tls=trusting).status == 204
        assert len(receivers.got) == 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("", 0), ("17", 17), (" 17 ", 17), ("-1", 0), ("1.5", 0), ("soon", 0), ("²", 0), ("9" * 30, 999_999_999)),
        *(("Tue, 24 Nov 2026 00:01:00 GMT", 60), ("Mon, 23 Nov 2026 00:00:00 GMT", 0), ("Tue, 99 Nov", 0)),
    ],
)
def test_retry_after_is_a_number_or_a_date(text: str, seconds: float) -> None:
    assert read_retry_after(text, now=NOW) == seconds


def test_threads_are_not_what_names_are_asked_with() -> None:
    before = threading.active_count()
    with NameServer({"slow.example": []}) as names:
        post("http://slow.example/", name_server=names, timeout_seconds=SHORT)
        assert threading.active_count() <= before + 1  # the name server's
