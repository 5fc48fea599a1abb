"""The lock files: they satisfy what is asked for, name every file by its hash, and speak of no registry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent.parent
BESIDE_THE_SERVICE = ["requirements-dev", "requirements-bench"]
NAMES = ["requirements", *BESIDE_THE_SERVICE, "requirements-clients"]
_ENTRY = re.compile(r"(?m)^(?P<what>[a-z0-9][^\\\n]*?) \\\n(?P<hashes>(?: {4}--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)")


def asked_for(name: str) -> list[Requirement]:
    """What a requirements file names, with those that it includes."""
    found: list[Requirement] = []
    for line in (ROOT / f"{name}.txt").read_text("utf-8").splitlines():
        if line.startswith("-r "):
            found += asked_for(line[3:].strip().removesuffix(".txt"))
        elif line and not line.startswith("#"):
            found.append(Requirement(line))
    return found


def locked(name: str) -> dict[str, list[Requirement]]:
    """The entries of a lock file by package; one may stand there for each of several environments."""
    found: dict[str, list[Requirement]] = {}
    for entry in _ENTRY.finditer((ROOT / f"{name}.lock").read_text("utf-8")):
        requirement = Requirement(entry["what"])
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_lock_satisfies_its_requirements_for_every_python_and_processor(name: str) -> None:
    """After a change of a requirements file: `make lock`."""
    entries = locked(name)
    for wanted in asked_for(name):
        found = entries.get(canonicalize_name(wanted.name), [])
        for version in ("3.11.0", "3.12.0", "3.13.0", "3.14.0"):
            for machine in ("x86_64", "aarch64"):
                here = {**default_environment(), "python_full_version": version, "platform_machine": machine}
                here["python_version"] = version.rpartition(".")[0]
                fitting = [entry for entry in found if not entry.marker or entry.marker.evaluate(here)]
                assert len(fitting) == 1, f"{wanted} for {version} on {machine}: {fitting}"
                [pin] = fitting[0].specifier
                assert wanted.specifier.contains(pin.version), f"{wanted} is locked as {fitting[0]}"


@pytest.mark.parametrize("name", NAMES)
def test_a_lock_has_nothing_but_exact_versions_with_hashes(name: str) -> None:
    text = (ROOT / f"{name}.lock").read_text("utf-8")
    rest = [line for line in _ENTRY.sub("", text).splitlines() if not line.startswith("#")]
    assert rest == []
    pins = [entry for entries in locked(name).values() for entry in entries]
    assert all([spec.operator for spec in entry.specifier] == ["=="] and entry.url is None for entry in pins)
    assert not re.search(r"index-url|find-links|trusted-host|://", text)


@pytest.mark.parametrize("name", BESIDE_THE_SERVICE)
def test_tests_and_measurements_run_on_the_very_versions_of_the_service(name: str) -> None:
    service, other = versions("requirements"), versions(name)
    assert {package: other.get(package) for package in service} == service


def versions(name: str) -> dict[str, set[str]]:
    return {package: {str(entry.specifier) for entry in entries} for package, entries in locked(name).items()}


def test_what_builds_the_clients_is_what_the_tests_build_them_with() -> None:
    wanted, tested = versions("requirements-clients"), versions("requirements-dev")
    assert {package: tested.get(package) for package in wanted} == wanted
