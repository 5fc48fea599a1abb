"""Drains that stand still, so that a test sees what waits in the queue."""

from __future__ import annotations

import contextlib

from tests.support.service.parts import DRAINS
from tests.support.service.processes import Service


def drains_stopped(service: Service) -> contextlib.ExitStack:
    """Stops both drains (SIGSTOP) until the stack is closed."""
    stack = contextlib.ExitStack()
    for drain in DRAINS:
        stack.enter_context(service.frozen(drain))
    return stack
