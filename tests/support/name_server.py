"""A name server on a real port, whose answers change from one question to the next."""

from __future__ import annotations

import ipaddress
import socket
import struct
import threading
from collections import Counter
from collections.abc import Mapping, Sequence

_A = 1


class NameServer:
    """Answers questions for IPv4 addresses. `answers` lists, for each name, what the first question gets, the second,
    ...; the last is repeated. A name without any is asked in vain, a name not in it does not exist. Other kinds of
    question get an empty answer and do not count.
    """

    def __init__(self, answers: Mapping[str, Sequence[Sequence[str]]]) -> None:
        self._answers = answers
        self.asked: Counter[str] = Counter()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> NameServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.sendto(b"", self._socket.getsockname())
        self._thread.join(100)
        self._socket.close()

    @property
    def address(self) -> str:
        """As resolvers want it."""
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def _serve(self) -> None:
        while True:
            question, sender = self._socket.recvfrom(4096)
            if not question:
                return
            answer = self._answer(question)
            if answer:
                self._socket.sendto(answer, sender)

    def _answer(self, question: bytes) -> bytes | None:
        name, end = _name(question)
        (kind,) = struct.unpack_from("!H", question, end)
        asked = question[12 : end + 4]
        if name not in self._answers:
            return question[:2] + struct.pack("!HHHHH", 0x8183, 1, 0, 0, 0) + asked
        if kind != _A and self._answers[name]:
            return question[:2] + struct.pack("!HHHHH", 0x8180, 1, 0, 0, 0) + asked
        turns = self._answers[name]
        if not turns:
            return None
        addresses = turns[min(self.asked[name], len(turns) - 1)]
        self.asked[name] += 1
        records = b"".join(
            struct.pack("!HHHIH", 0xC00C, _A, 1, 0, 4) + ipaddress.IPv4Address(address).packed for address in addresses
        )
        return question[:2] + struct.pack("!HHHHH", 0x8180, 1, len(addresses), 0, 0) + asked + records


def _name(question: bytes) -> tuple[str, int]:
    labels, at = [], 12
    while size := question[at]:
        labels.append(question[at + 1 : at + 1 + size].decode().lower())
        at += 1 + size
    return ".".join(labels), at + 1
