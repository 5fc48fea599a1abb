"""All commands of `manage.py` that are the project's own."""

from __future__ import annotations

import pytest
from django.core.management import get_commands, load_command_class

OWN = sorted(name for name, app in get_commands().items() if app.startswith("events"))


@pytest.mark.parametrize("name", OWN)
def test_a_command_begins_without_checks_that_import_the_api(name: str) -> None:
    """That is over half of the time until it does something. `migrate` and `check` run them."""
    command = load_command_class("events", name)
    assert list(command.requires_system_checks) == []


def test_there_are_some() -> None:
    assert {"create_organizer", "forget", "reconcile", "rehearse"} <= set(OWN)
