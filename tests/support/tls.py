"""TLS in front of servers that speak none, with a certificate made for the test.

The wheels' Valkey and PostgreSQL are built without OpenSSL, so a thread does it for them: it takes TLS connections, and
passes on what is in them.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from omnify.embedded.ports import LOOPBACK

# What libpq asks before it speaks TLS, and the answers to that and to anything else (GSSAPI).
_SSL_REQUEST = bytes.fromhex("0000000804d2162f")
_YES, _NO = b"S", b"N"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A server's certificate for an address, and the authority that has signed it. All are files."""

    authority: Path
    chain: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context


def make_certificate(folder: Path, *, address: str = LOOPBACK, name: str = "Test CA") -> Certificate:
    """Makes an authority, and a certificate of it for an IP address."""
    now = datetime.now(UTC)
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    def sign(subject: x509.Name, owner: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType) -> x509.Certificate:
        made = x509.CertificateBuilder(issuer, subject, owner.public_key(), x509.random_serial_number())
        made = made.not_valid_before(now - _DAY).not_valid_after(now + _DAY).add_extension(extension, critical=True)
        return made.sign(authority_key, hashes.SHA256())

    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
    found = Certificate(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    pem = serialization.Encoding.PEM
    found.authority.write_bytes(
        sign(issuer, authority_key, x509.BasicConstraints(ca=True, path_length=None)).public_bytes(pem)
    )
    found.chain.write_bytes(sign(subject, key, names).public_bytes(pem))
    kind, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    found.key.write_bytes(key.private_bytes(pem, kind, plain))
    return found


class TlsFront:
    """Takes TLS connections on `port`, and passes them on to a port that speaks none.

    With `postgres` a client first asks in the clear whether it may speak TLS.
    """

    def __init__(self, target_port: int, certificate: Certificate, *, postgres: bool = False) -> None:
        self._target_port = target_port
        self._context = certificate.server_context()
        self._postgres = postgres
        self._loop = asyncio.new_event_loop()
        self._connections: set[asyncio.Task[None]] = set()
        self.port = 0

    @contextlib.contextmanager
    def running(self) -> Iterator[TlsFront]:
        """Serves for the length of the block."""
        thread = threading.Thread(target=self._loop.run_forever)
        thread.start()
        try:
            server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
            yield self
            asyncio.run_coroutine_threadsafe(self._end(server), self._loop).result()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.close()

    async def _listen(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, LOOPBACK, 0, ssl=None if self._postgres else self._context)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _end(self, server: asyncio.Server) -> None:
        server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            # A client that refuses the certificate ends the connection, whenever it likes.
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._pass_on(reader, writer)
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._postgres:
            while await reader.readexactly(len(_SSL_REQUEST)) != _SSL_REQUEST:
                writer.write(_NO)
            writer.write(_YES)
            await writer.start_tls(self._context)
        inner_reader, inner_writer = await asyncio.open_connection(LOOPBACK, self._target_port)
        ways = [_copy(reader, inner_writer), _copy(inner_reader, writer)]
        copying = [asyncio.ensure_future(way) for way in ways]
        try:
            await asyncio.wait(copying, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in copying:
                way.cancel()
            await asyncio.gather(*copying, return_exceptions=True)
            inner_writer.transport.abort()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(1 << 16):
            target.write(data)
            await target.drain()
