"""The bench's bare loop against Valkey: what it sends, and when it believes a reply."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import hiredis
import msgspec
import pytest

from bench import yardstick
from bench.yardstick import YardstickError


def bulk(text: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(text), text)


DONE = bulk(msgspec.msgpack.encode(["done", 1, False, []]))


class Replying(socketserver.BaseRequestHandler):
    """Says OK to the first command of a connection, which signs in, and `reply` to all others, in two pieces."""

    reply = DONE
    sign_in = b"+OK\r\n"
    commands: list[Any] = []
    busy: list[int] = []
    most_at_once: list[int] = []

    def handle(self) -> None:
        reader = hiredis.Reader()
        signed_in = False
        while data := self.request.recv(65536):
            reader.feed(data)
            while (command := reader.gets()) is not False:
                if not signed_in:
                    signed_in = True
                    self.request.sendall(self.sign_in)
                    continue
                self.commands.append(command)
                self.busy.append(1)
                self.most_at_once.append(len(self.busy))
                self.request.sendall(self.reply[:7])
                time.sleep(0.005)  # so that calls overlap, and a reply comes in two pieces
                self.busy.pop()
                self.request.sendall(self.reply[7:])


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def serving(**parts: Any) -> Iterator[tuple[str, type[Replying]]]:
    handler = type("Handler", (Replying,), {"commands": [], "busy": [], "most_at_once": [], **parts})
    with Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"redis://:secret@127.0.0.1:{server.server_address[1]}/0", handler
        finally:
            server.shutdown()


def test_each_call_is_made_once_and_each_caller_has_one_under_way() -> None:
    calls = [hiredis.pack_command(("EVALSHA", f"call{number}")) for number in range(20)]
    with serving() as (url, handler):
        seconds = yardstick.run(url, calls, callers=2)
    assert sorted(command[1] for command in handler.commands) == sorted(f"call{n}".encode() for n in range(20))
    assert max(handler.most_at_once) == 2
    assert seconds >= 20 * 0.005 / 2


@pytest.mark.parametrize(
    "reply",
    [b"-NOSCRIPT No matching script\r\n", bulk(msgspec.msgpack.encode(["not_loaded"])), b":1\r\n"],
    ids=["no script", "not loaded", "a number"],
)
def test_a_reply_that_admits_nothing_stops_the_loop(reply: bytes) -> None:
    with serving(reply=reply) as (url, _), pytest.raises(YardstickError):
        yardstick.run(url, [hiredis.pack_command(("EVALSHA", "x"))], callers=1)


def test_a_wrong_password_stops_the_loop() -> None:
    with serving(sign_in=b"-WRONGPASS invalid\r\n") as (url, _), pytest.raises(YardstickError, match="WRONGPASS"):
        yardstick.run(url, [hiredis.pack_command(("EVALSHA", "x"))], callers=1)


@pytest.mark.parametrize("cut", range(len(DONE)))
def test_a_reply_is_whole_only_with_its_last_byte(cut: int) -> None:
    assert not yardstick.is_whole(DONE[:cut])
    assert yardstick.is_whole(DONE)


def test_the_calls_are_the_doors_own_and_hold_everyone_once() -> None:
    crowd = yardstick.people(7)
    calls = yardstick.packed_calls(5, crowd, batch=3)
    sizes, keys = [], []
    for call in calls:
        reader = hiredis.Reader()
        reader.feed(call)
        name, _, number_of_keys, *words = reader.gets()
        assert name == b"EVALSHA"
        assert all(word.startswith(b"{event:5}:") for word in words[: int(number_of_keys)])
        # All parts of the batch in one array, five for each, and behind it a map of what few of them have more.
        registrations = msgspec.msgpack.decode(words[int(number_of_keys) + 1].removesuffix(b"\x80"))
        keys += registrations[::5]
        sizes.append(len(registrations) // 5)
    assert sizes == [3, 3, 1]
    assert len(set(keys)) == 7


def test_a_batch_that_was_admitted_as_a_whole_is_an_answer_too() -> None:
    """As the script replies to plain registrations."""
    ours, servers = socket.socketpair()
    with ours, servers:
        servers.sendall(bulk(msgspec.msgpack.encode(["all", 1, False, 7, 3])))
        assert yardstick.Caller(ours).has_answer()
