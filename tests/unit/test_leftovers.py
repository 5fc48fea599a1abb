"""A connection that a test does not close: it ends with the test, or fails a test of the same module."""

from __future__ import annotations

import socket
import warnings

from tests.support.leftovers import close_opened, left_to_the_collector, until_the_tests_end


class Cycle:
    """Garbage that only a collection finds, as a frame is that an exception keeps."""

    def __init__(self, held: socket.socket) -> None:
        self.held = held
        self.itself = self


def test_a_socket_in_a_cycle_that_was_not_closed_is_found() -> None:
    left_to_the_collector()
    Cycle(socket.socket())
    [found] = left_to_the_collector()
    assert "ResourceWarning" in found
    assert "socket.socket" in found


def test_what_was_opened_for_a_test_is_closed_with_it() -> None:
    left_to_the_collector()
    kept, closed = until_the_tests_end(socket.socket()), until_the_tests_end(socket.socket())
    closed.close()
    close_opened()
    assert kept.fileno() == -1
    Cycle(kept)
    assert left_to_the_collector() == []


def test_a_warning_that_is_not_an_error_is_none_here_either() -> None:
    left_to_the_collector()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        Cycle(socket.socket())
        assert left_to_the_collector() == []
