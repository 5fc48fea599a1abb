"""A drand server of our own on a real port, with a chain of its own: it signs rounds as drand's nodes do together.

It speaks `GET /<chain>/public/<round>` of https://docs.drand.love/developer/http-api, and does what servers do on bad
days: `mood` says which.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_limit = sys.getrecursionlimit()  # as in `events.domain.beacon_signature`

from py_ecc.bls.hash_to_curve import hash_to_G1  # noqa: E402
from py_ecc.bls.point_compression import compress_G1, compress_G2  # noqa: E402
from py_ecc.optimized_bls12_381 import G2, curve_order, multiply  # noqa: E402

from events.domain.beacon import QUICKNET, Chain  # noqa: E402

sys.setrecursionlimit(_limit)

_DOMAIN = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
MOODS = ("away", "slow", "not published yet", "another round", "another chain", "no signature", "a redirect", "well")


def _key(secret: int) -> bytes:
    high, low = compress_G2(multiply(G2, secret))
    return int(high).to_bytes(48) + int(low).to_bytes(48)


@dataclass
class DrandServer:
    """`asked` are the paths that were asked for; `unblock` ends the wait of those who ask while it is slow."""

    mood: str = "well"
    secret: int = int.from_bytes(sha256(b"a chain of the tests").digest()) % curve_order
    asked: list[str] = field(default_factory=list)
    unblock: threading.Event = field(default_factory=threading.Event)

    @property
    def chain(self) -> Chain:
        return replace(QUICKNET, public_key=_key(self.secret))

    def sign(self, number: int) -> bytes:
        point = hash_to_G1(sha256(number.to_bytes(8)).digest(), _DOMAIN, sha256)
        return int(compress_G1(multiply(point, self.secret))).to_bytes(48)

    def answer(self, path: str) -> tuple[int, bytes]:
        self.asked.append(path)
        _, chain, _, number = path.split("/")
        if chain != QUICKNET.name.hex() or self.mood == "away":
            return 404, b""
        if self.mood == "slow":
            self.unblock.wait(60)
        if self.mood == "not published yet":
            return 425, b'{"error": "requested round is in the future"}'
        if self.mood == "no signature":
            return 200, b'{"round": 1}'
        told = int(number) - (self.mood == "another round")
        signer = replace(self, secret=self.secret + 1) if self.mood == "another chain" else self
        body = {"round": told, "signature": signer.sign(told).hex()}
        return 302 if self.mood == "a redirect" else 200, json.dumps(body).encode()


@contextmanager
def serving(drand: DrandServer) -> Iterator[str]:
    """Yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = drand.answer(self.path)
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                return  # the caller has given up

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            drand.unblock.set()
            server.shutdown()
            thread.join()
