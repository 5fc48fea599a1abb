"""What a million hostile requests may write into the log: one line a second and kind, each of them JSON."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from omnify.common.log_floods import ClientsFault, OncePerSecond, capture_the_rest
from omnify.common.logs import JsonFormatter, JsonHandler, get_logger

NOW = [100.0]


class Log:
    """A logger with our handler, and the lines it has written."""

    def __init__(self, name: str) -> None:
        self._stream = io.StringIO()
        handler = JsonHandler(self._stream)
        handler.setFormatter(JsonFormatter())
        handler.addFilter(ClientsFault())
        handler.addFilter(OncePerSecond(lambda: NOW[0]))
        self.logger = logging.Logger(name)
        self.logger.addHandler(handler)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._stream.getvalue().splitlines()]


def fail(log: Log, problem: Exception) -> None:
    try:
        raise problem
    except Exception:
        log.logger.exception("it failed with %s", problem)


def test_a_flood_of_one_kind_is_a_line_a_second_that_counts_the_others() -> None:
    log = Log("gunicorn.error")
    for second in range(3):
        NOW[0] = 200.0 + second
        for number in range(1000):
            log.logger.warning("client %d of second %d sent nonsense", number, second)
    assert [line["message"] for line in log.lines()] == [f"client 0 of second {n} sent nonsense" for n in range(3)]
    assert [line.get("left_out") for line in log.lines()] == [None, 999, 999]


def test_another_kind_has_a_line_of_its_own_whatever_the_text() -> None:
    log = Log("django.request")
    fail(log, ValueError("a"))
    fail(log, ValueError("b, which a client chose"))
    fail(log, KeyError("c"))
    log.logger.error("from another place")
    assert len(log.lines()) == 3


def test_what_we_say_ourselves_is_never_left_out_but_our_exceptions_are() -> None:
    log = Log("worker.webhooks.reporting")
    for _ in range(5):
        log.logger.warning("webhooks sent")
        log.logger.info("decided")
        fail(log, ValueError("x"))
    assert [line["message"] for line in log.lines()].count("webhooks sent") == 5
    assert len(log.lines()) == 11


def test_what_we_say_of_each_request_is_a_line_a_second_too(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log("omnify.server")
    with monkeypatch.context() as patched:
        patched.setattr(logging, "getLogger", lambda name: log.logger)
        logger = get_logger("omnify.server")
    for second in range(2):
        NOW[0] = 400.0 + second
        for number in range(100):
            logger.throttled_warning("a request could not be parsed", number=number)
    assert [line["number"] for line in log.lines()] == [0, 0]
    assert [line.get("left_out") for line in log.lines()] == [None, 99]


def test_what_a_client_did_wrong_is_one_short_line_without_a_traceback() -> None:
    log = Log("django.security.DisallowedHost")
    fail(log, ValueError("Invalid HTTP_HOST header: " + "x" * 9000))
    [line] = log.lines()
    assert line["level"] == "WARNING"
    assert "exception" not in line
    assert len(line["message"]) <= 300


def test_a_line_that_cannot_be_rendered_is_json_too() -> None:
    log = Log("omnify.x")
    log.logger.info("half a pair: \ud800")
    log.logger.info("%d", "no number")
    log.logger.info("odd", extra={"fields": {"thing": object()}})
    assert [line["message"] for line in log.lines()] == ["half a pair: \\ud800", "a line was lost: TypeError", "odd"]


@pytest.fixture
def captured(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[logging.LogRecord]]:
    import sys

    found: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = found.append  # type: ignore[method-assign]
    for module, name in ((sys, "excepthook"), (threading, "excepthook"), (sys, "unraisablehook")):
        monkeypatch.setattr(module, name, getattr(module, name))
    logging.getLogger("omnify.common.log_floods").addHandler(handler)
    capture_the_rest()
    yield found
    logging.captureWarnings(False)
    logging.getLogger("omnify.common.log_floods").removeHandler(handler)


def test_an_exception_that_ends_a_thread_is_logged_and_not_printed(
    captured: list[logging.LogRecord], capfd: pytest.CaptureFixture[str]
) -> None:
    def fall() -> None:
        raise LookupError("of the tests")

    thread = threading.Thread(target=fall)
    thread.start()
    thread.join()
    assert [record.getMessage() for record in captured] == ["an exception that nothing caught: LookupError"]
    assert "Traceback" not in capfd.readouterr().err
