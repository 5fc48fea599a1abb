"""The built packages in empty environments: the first lines of each README, while doors are killed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clients.build import CLIENTS, build
from tests.support.clients import NODE
from tests.support.service.event import Event, open_event
from tests.support.service.processes import Service

pytestmark = [pytest.mark.acceptance, pytest.mark.promise, pytest.mark.soak(only=True)]

RUNS, AT_ONCE = 9, 3
NPM = shutil.which("npm")
TYPESCRIPT = "5.9.3"
TYPES = Path(__file__).parents[1] / "support" / "client_types.ts"
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed")


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages."""
    folder = tmp_path_factory.mktemp("packages")
    build(folder / "dist", folder / "stage")
    return folder / "dist"


@pytest.fixture(scope="module")
def environment(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("python")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    _install(folder, f"{next(dist.glob('*.whl'))}")
    return folder


@pytest.fixture(scope="module")
def node_folder(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package where npm would put it, which it may not need."""
    folder = tmp_path_factory.mktemp("node")
    with tarfile.open(next(dist.glob("*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    (folder / "node_modules").mkdir()
    (folder / "package").rename(folder / "node_modules" / "omnify-client")
    return folder


@pytest.fixture
def next_event(service: Service) -> Iterator[Event]:
    """An open event that starts before any other, so that the lines of the README find it."""
    start = datetime.now(UTC) + timedelta(hours=1)
    event = open_event(service, start_time=start.isoformat(), end_time=(start + timedelta(hours=1)).isoformat())
    yield event
    event.cancel()


def _install(environment: Path, *packages: str) -> None:
    command = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", *packages]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _first_lines(readme: Path, language: str) -> str:
    """The first code of a README in this language."""
    found = re.search(rf"```{language}\n(.*?)```", readme.read_text(), re.DOTALL)
    assert found is not None
    assert len([line for line in found[1].splitlines() if line.strip()]) <= 10
    return found[1]


def _url(service: Service) -> str:
    return f"http://{service.address.host}:{service.address.port}"


def _for_guest(code: str, service: Service, guest: int) -> str:
    """The same lines for this service and another guest."""
    changed = code.replace("http://127.0.0.1:8000", _url(service)).replace("ada@example.org", f"ada{guest}@example.org")
    assert changed.count(_url(service)) == changed.count(f"ada{guest}@") == 1
    return changed


class KilledDoors:
    """Kills a door after each ticket that was given, and every third time both."""

    def __init__(self, event: Event) -> None:
        self._event = event
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._kill)
        self.killed = 0

    def __enter__(self) -> KilledDoors:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._event.service.heal()
        assert self.killed > 2, "too few doors died"

    def _kill(self) -> None:
        service, given = self._event.service, 0
        while not self._over.is_set():
            if self._event.places_given() == given:
                self._over.wait(0.05)
                continue
            given = self._event.places_given()
            self.killed += 1
            if self.killed % 3 == 0:
                for pid in service.doors():
                    os.kill(pid, signal.SIGKILL)
            else:
                service.kill_a_door()


def _run_all(command: list[str], programs: list[str]) -> None:
    """Runs each program, a few at a time; each must follow its ticket to its seat."""

    def run(program: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, program], capture_output=True, text=True, timeout=240, check=False, env=PLAIN)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done in pool.map(run, programs):
            assert done.returncode == 0, done.stderr
            assert done.stdout.split()[-2] == "confirmed", done.stdout


PLAIN = {name: value for name, value in os.environ.items() if not name.startswith(("OMNIFY", "PYTHON", "DJANGO"))}


def _check(event: Event) -> None:
    """Each guest has one ticket, and a seat."""
    rows = event.rows()
    assert {row.status for row in rows} == {"confirmed"}
    assert sorted(row.email for row in rows) == sorted(f"ada{guest}@example.org" for guest in range(RUNS))


def test_the_lines_for_python_end_with_one_ticket_each_while_doors_die(
    service: Service, next_event: Event, environment: Path, tmp_path: Path
) -> None:
    code = _first_lines(CLIENTS / "python" / "README.md", "python")
    programs = []
    for guest in range(RUNS):
        path = tmp_path / f"guest{guest}.py"
        path.write_text(_for_guest(code, service, guest))
        programs.append(str(path))
    with KilledDoors(next_event):
        _run_all([str(environment / "bin" / "python"), "-I"], programs)
    _check(next_event)


@needs_node
def test_the_lines_for_javascript_end_with_one_ticket_each_while_doors_die(
    service: Service, next_event: Event, node_folder: Path
) -> None:
    code = _first_lines(CLIENTS / "js" / "README.md", "js")
    programs = []
    for guest in range(RUNS):
        path = node_folder / f"guest{guest}.mjs"
        path.write_text(_for_guest(code, service, guest))
        programs.append(str(path))
    with KilledDoors(next_event):
        _run_all([str(NODE)], programs)
    _check(next_event)


def test_the_command_registers_watches_and_rehearses(
    service: Service, next_event: Event, environment: Path, dist: Path, tmp_path: Path
) -> None:
    variables = {**PLAIN, "OMNIFY_URL": _url(service), "OMNIFY_TOKEN": service.token()}

    def omnify(*words: str, code: int = 0) -> str:
        command = [str(environment / "bin" / "omnify"), *words]
        done = subprocess.run(command, capture_output=True, text=True, env=variables, cwd=tmp_path, check=False)
        assert done.returncode == code, done.stderr
        assert service.token() not in done.stdout + done.stderr
        return done.stdout if code == 0 else done.stderr

    listed = [json.loads(line) for line in omnify("events", "--json").splitlines()]
    assert next_event.id in [event["id"] for event in listed]
    who = ("--name", "Ada", "--email", "ada0@example.org")
    ticket_id, *states = omnify("register", str(next_event.id), *who, "--watch").splitlines()
    assert states[-1] == "confirmed"
    assert omnify("watch", ticket_id) == "confirmed\n"
    assert "409 duplicate_registration" in omnify("register", str(next_event.id), *who, code=1)
    assert "pip install 'omnify-client[rehearse]'" in omnify("rehearse", code=2)
    _install(environment, f"{next(dist.glob('*.whl'))}[rehearse]")
    assert "✗" not in omnify("rehearse", "--people", "200", "--seats", "20", "--json", "report.json")
    assert json.loads((tmp_path / "report.json").read_text())["proofs"]


def test_the_same_files_make_the_same_packages(dist: Path, tmp_path: Path) -> None:
    again = build(tmp_path / "dist", tmp_path / "stage")
    assert [path.read_bytes() for path in again] == [(dist / path.name).read_bytes() for path in again]
    assert sorted(path.suffix for path in again) == [".gz", ".tgz", ".whl"]


@pytest.mark.skipif(NPM is None, reason="npm is not installed")
def test_a_typescript_program_compiles_against_the_types(dist: Path, tmp_path: Path) -> None:
    shutil.copy(TYPES, tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    package = str(next(dist.glob("*.tgz")))
    options = ["--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run([str(NPM), "install", *options, f"typescript@{TYPESCRIPT}", package], cwd=tmp_path, check=True)
    compiler = [str(tmp_path / "node_modules" / ".bin" / "tsc"), "--noEmit", "--strict", "--target", "es2022"]
    resolution = ["--module", "nodenext", "--moduleResolution", "nodenext", "--lib", "es2022,dom"]
    done = subprocess.run(
        [*compiler, *resolution, TYPES.name], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
