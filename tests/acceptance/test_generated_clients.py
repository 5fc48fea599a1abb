"""The usual generators make clients of the OpenAPI document that compile, and work on a running service."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.generated_clients.make import MAKERS
from tests.support.service.event import open_event
from tests.support.service.processes import Service

pytestmark = [pytest.mark.acceptance, pytest.mark.soak(only=True)]


@pytest.fixture
def url(service: Service) -> str:
    return f"http://{service.address.host}:{service.address.port}"


@pytest.mark.parametrize("language", sorted(MAKERS))
def test_a_generated_client_registers_and_reads_the_ticket(
    language: str, service: Service, url: str, tmp_path: Path
) -> None:
    if language == "typescript" and not packages_can_be_had():
        pytest.skip("npm is not there, or does not reach its registry: no TypeScript client can be made")
    event = open_event(service)
    used = MAKERS[language](tmp_path, url, event.id, service.token())
    assert used["ticket_id"] == used["read"]
    assert used["code"] == "invalid"
    assert event.decided(used["ticket_id"])["status"] == "confirmed"


def packages_can_be_had() -> bool:
    """Whether there is npm, and a registry that answers."""
    if shutil.which("npm") is None:
        return False
    return subprocess.run(["npm", "view", "typescript", "version"], capture_output=True, check=False).returncode == 0
