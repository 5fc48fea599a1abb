"""A real browser against a real service. Where there is no Chromium, these tests are skipped and say so.

Every page is watched: a script's error, a refused resource or a breach of the Content-Security-Policy fails the test.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.support.service.processes import Service
from tests.support.visitors import Visitors

# The first has no windows, and takes half the processor time of a whole browser.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
QUIET = (
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)


PROGRAM = next(filter(None, map(shutil.which, NAMES)), None)
_HERE = Path(__file__).parent
_left_out: list[pytest.Item] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without a browser these tests are left out: marked as skipped they would be a line each."""
    if PROGRAM is None:
        _left_out.extend(item for item in items if item.path.is_relative_to(_HERE))
        items[:] = [item for item in items if item not in _left_out]
        config.hook.pytest_deselected(items=_left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says so in one line."""
    if _left_out:
        advice = "no Chromium here; `apt-get install chromium-headless-shell` brings the browser that they drive"
        terminalreporter.write_line(f"SKIPPED [{len(_left_out)}] tests/browser: {advice}")


@pytest.fixture(scope="package")
def camera_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the browser's camera shows from the moment that a page turns it on: a file that the test writes before."""
    return tmp_path_factory.mktemp("camera") / "film.y4m"


@pytest.fixture(scope="package")
def browser(camera_film: Path) -> Iterator[Browser]:
    """One Chromium for all of these tests."""
    # Chromium's sandbox does not start as root.
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    camera = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={camera_film}",
    ]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=PROGRAM, args=[*QUIET, *sandbox, *camera])
        yield running
        running.close()


@pytest.fixture(scope="session")
def own_token(one_service: Service) -> str:
    """An organizer who has only these tests' events: lists are read from their first page."""
    one_service.heal()
    return one_service.new_organizer("Browser")


@pytest.fixture
def service(one_service: Service, own_token: str) -> Iterator[Service]:
    """The acceptance tests' service with an organizer of its own, ready whatever the test before did to it."""
    one_service.heal()
    with one_service.another_organizer(own_token):
        yield one_service


@pytest.fixture
def visitors(browser: Browser, service: Service) -> Iterator[Visitors]:
    """People with browsers of their own."""
    people = Visitors(browser, f"http://{service.address.host}:{service.address.port}")
    yield people
    people.leave()
