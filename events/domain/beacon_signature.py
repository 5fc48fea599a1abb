"""Verifies the signature of a round: BLS on the curve BLS12-381, of drand's scheme bls-unchained-g1-rfc9380.

Takes about a second of processor time, and `py_ecc` is slow to import: for a worker that reads a round, nothing else.
"""

from __future__ import annotations

import sys
from hashlib import sha256

# It lifts the interpreter's limit on recursion as it is imported, and not for what is used here: a process without
# that limit can be crashed by a deeply nested JSON text.
_limit = sys.getrecursionlimit()

from py_ecc.bls.hash_to_curve import hash_to_G1  # noqa: E402
from py_ecc.bls.point_compression import decompress_G1, decompress_G2  # noqa: E402
from py_ecc.optimized_bls12_381 import (  # noqa: E402
    FQ12,
    G2,
    curve_order,
    final_exponentiate,
    is_inf,
    multiply,
    neg,
    pairing,
)

from events.domain.beacon import Chain  # noqa: E402

sys.setrecursionlimit(_limit)

_DOMAIN = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
_G1_BYTES = 48


def is_signed(chain: Chain, number: int, signature: bytes) -> bool:
    """Tells whether this is the chain's signature of a round."""
    if len(signature) != _G1_BYTES:
        return False
    try:
        point = decompress_G1(int.from_bytes(signature))
    except ValueError:
        return False
    if is_inf(point) or not is_inf(multiply(point, curve_order)):
        return False
    key = decompress_G2((int.from_bytes(chain.public_key[:_G1_BYTES]), int.from_bytes(chain.public_key[_G1_BYTES:])))
    message = hash_to_G1(sha256(number.to_bytes(8)).digest(), _DOMAIN, sha256)
    both = pairing(G2, point, final_exponentiate=False) * pairing(key, neg(message), final_exponentiate=False)
    return bool(final_exponentiate(both) == FQ12.one())
