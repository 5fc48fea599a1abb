"""A witness of logs (C2SP tlog-witness) on a real port. It cosigns what continues what it has cosigned last."""

from __future__ import annotations

import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from events.domain.decision_log.merkle import node_hash
from verify.omnify_verify import Broken, open_checkpoint

NAME = "witness.example.org"


@dataclass
class Witness:
    """Its log's key, and what it has seen last: size and root. `told` are the sizes that it was asked to go on from."""

    log_key: bytes
    lies: bool = False
    size: int = 0
    root: bytes = b""
    told: list[int] = field(default_factory=list)
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def _public(self) -> bytes:
        return b"\x04" + self.key.public_key().public_bytes_raw()

    @property
    def _id(self) -> bytes:
        return sha256(NAME.encode() + b"\n" + self._public).digest()[:4]

    @property
    def verifier_key(self) -> str:
        return f"{NAME}+{self._id.hex()}+{b64encode(self._public).decode()}"

    def add(self, body: str) -> tuple[int, str]:
        """Judges a request: status and text of the answer."""
        head, _, note = body.partition("\n\n")
        first, *proof = head.split("\n")
        old = int(first.removeprefix("old "))
        self.told.append(old)
        try:
            found = open_checkpoint(note, self.log_key)
        except Broken:
            return 403, ""
        if old != self.size:
            return 409, f"{self.size}\n"
        if not _continues(old, self.root, found.size, found.root, [b64decode(one) for one in proof]):
            return 422, ""
        self.size, self.root = found.size, found.root
        moment = int(time.time())
        told = f"cosignature/v1\ntime {moment}\n{note.partition(chr(10) * 2)[0]}\n"
        signature = self.key.sign(told.encode() + b"?" * self.lies)
        line = b64encode(self._id + moment.to_bytes(8) + signature).decode()
        return 200, f"\u2014 {NAME} {line}\n"


def _continues(old: int, old_root: bytes, size: int, root: bytes, proof: list[bytes]) -> bool:
    """RFC 9162, 2.1.4.2."""
    if old in (0, size):
        return not proof and (old == 0 or old_root == root)
    path = [old_root, *proof] if old.bit_count() == 1 else proof
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = path[0]
    for node in path[1:]:
        if not last:
            return False
        if at & 1 or at == last:
            before, after = node_hash(node, before), node_hash(node, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, node)
        at, last = at >> 1, last >> 1
    return (before, after, last) == (old_root, root, 0)


@contextmanager
def serving(witness: Witness) -> Iterator[str]:
    """Yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status, text = witness.add(body) if self.path == "/add-checkpoint" else (404, "")
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
