"""Which Compose there is: the plugin of Docker (version 2), Debian's `docker-compose` (1.29), or the 2 of Debian 13.

Debian 12 has 1.29 alone. The package of Debian 13 is one program that needs nothing of the system, so it is unpacked
into the trial's folder; nothing is installed.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from pathlib import Path

from deploy.trials.compose_trial.engine import Failed, run
from deploy.trials.report import CannotTry

Command = tuple[str, ...]
SUITE = "trixie"
KEY = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
PLUGIN = "usr/libexec/docker/cli-plugins/docker-compose"


def find_compose(folder: Path, *, cache: Path | None, version: int | None) -> list[Command]:
    """Returns the Composes that can be had, newest first; those of one major version, if it is given.

    Raises:
        CannotTry: there is none.
    """
    found = [command for command in (_plugin(), _debian_13(cache or folder)) if command][:1]
    if shutil.which("docker-compose"):
        found.append(("docker-compose",))
    kept = [command for command in found if version is None or version_of(command).startswith(f"{version}.")]
    if not kept:
        raise CannotTry(f"there is no Compose {version or ''} (Debian's package: docker-compose)".replace("  ", " "))
    return kept


def version_of(command: Command) -> str:
    """Its version, without a `v`."""
    found = re.search(r"\d+\.\d+\.\d+", run(*command, "version"))
    return found[0] if found else "unknown"


def _plugin() -> Command:
    with contextlib.suppress(Failed, OSError):
        run("docker", "compose", "version")
        return ("docker", "compose")
    return ()


def _debian_13(folder: Path) -> Command:
    program = folder / "compose-2" / PLUGIN
    if not program.exists():
        with contextlib.suppress(Failed, OSError):
            _unpack(folder / "compose-2")
    with contextlib.suppress(Failed, OSError):
        run(str(program), "version")
        return (str(program),)
    return ()


def _unpack(folder: Path) -> None:
    for name in ("lists/partial", "cache"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    source = folder / "sources.list"
    source.write_text(f"deb [signed-by={KEY}] http://deb.debian.org/debian {SUITE} main\n", "utf-8")
    options = (
        *(f"--option=Dir::Etc::sourcelist={source}", "--option=Dir::Etc::sourceparts=-"),
        *(f"--option=Dir::State::lists={folder}/lists", f"--option=Dir::Cache={folder}/cache"),
        "--option=APT::Sandbox::User=root",
    )
    run("apt-get", *options, "--quiet", "update", seconds=90)
    run("apt-get", *options, "--quiet", "download", "docker-compose", seconds=90, cwd=folder)
    [package] = folder.glob("docker-compose_*.deb")
    run("dpkg-deb", "--extract", str(package), str(folder))
    package.unlink()
    shutil.rmtree(folder / "lists")
