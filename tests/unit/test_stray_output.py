"""What a C library prints to standard error becomes lines of our log, and ours do not go that way."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import threading
from collections.abc import Iterator

import psycopg2
import pytest

from omnify.common.stray_output import StandardError, printed_lines_go_to, write_from_signal_handler
from omnify.postgres.base import DatabaseWrapper

GONE = "FATAL:  terminating connection due to unexpected postmaster exit"


def message(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("!i", len(content) + 4) + content


@contextlib.contextmanager
def server_that_dies_behind_the_login() -> Iterator[int]:
    """Speaks as much of PostgreSQL's protocol as a login takes; its port."""
    texts = (f"S{GONE[:5]}", "C57P01", f"M{GONE[8:]}", "")
    ready = message(b"R", struct.pack("!i", 0)) + message(b"Z", b"I")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(ready + message(b"E", b"".join(text.encode() + b"\0" for text in texts)))

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


def test_what_libpq_prints_while_it_connects_is_a_line_of_our_log(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    database = DatabaseWrapper({"TIME_ZONE": None, "OPTIONS": {}, "CONN_HEALTH_CHECKS": False})
    with server_that_dies_behind_the_login() as port, contextlib.suppress(psycopg2.Error):
        database.get_new_connection({"host": "127.0.0.1", "port": port, "sslmode": "disable", "gssencmode": "disable"})
    assert [record.fields for record in caplog.records] == [{"text": GONE}]  # type: ignore[attr-defined]
    # In the form of the log, if it goes here at all, and nowhere else.
    assert [json.loads(line)["text"] for line in capfd.readouterr().err.splitlines()] in ([], [GONE])


def test_blocks_may_overlap_and_afterwards_all_is_as_before(capfd: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []
    with printed_lines_go_to(told.append):
        with printed_lines_go_to(told.append):
            os.write(2, b"one\n\ntwo\n")
        assert told == []
        StandardError().write("ours\n")
        write_from_signal_handler(b"ours too\n")
    StandardError().write("after\n")
    os.write(2, b"the last\n")
    assert told == ["one", "two"]
    assert capfd.readouterr().err == "ours\nours too\nafter\nthe last\n"


def test_more_than_a_pipe_holds_stops_nothing() -> None:
    told: list[str] = []
    with printed_lines_go_to(told.append):
        for _ in range(100):
            with contextlib.suppress(BlockingIOError):
                os.write(2, b"x" * 999 + b"\n")
    assert 0 < len(told) < 100
