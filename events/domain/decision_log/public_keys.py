"""Ed25519 public keys under which a signature proves something.

Under the eight points of small order anyone can make signatures that `cryptography` takes for right. And a point may be
written in one way only (RFC 8032, 5.1.3), or one key would have several names.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

KEY_BYTES = 32
_P = 2**255 - 19
_Y_OF_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
# The y of all of them; each stands for the two x that it has, which the highest bit tells apart.
_SMALL = frozenset({0, 1, _P - 1, _Y_OF_ORDER_8, _P - _Y_OF_ORDER_8})


def proves(public: bytes) -> bool:
    """Tells whether signatures under a key prove who made them."""
    y = int.from_bytes(public, "little") % 2**255
    return len(public) == KEY_BYTES and y < _P and y not in _SMALL


def read_public_key(public: bytes) -> Ed25519PublicKey:
    """Reads a key. Raises ValueError: it is none, or anyone can sign under it."""
    if not proves(public):
        raise ValueError("not a key under which a signature proves anything")
    return Ed25519PublicKey.from_public_bytes(public)
