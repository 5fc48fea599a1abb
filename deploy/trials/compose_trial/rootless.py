"""An engine without root: dockerd of a user with no rights, as `dockerd-rootless.sh` starts it.

The user exists among the trial's mounts alone (copies of /etc/passwd and the like), and so does a /dev/net/tun that is
open to it. Compose runs as that user too.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from deploy.trials.compose_trial.compose import Command
from deploy.trials.compose_trial.crowd import Rehearsal
from deploy.trials.compose_trial.deployment import Deployment, copy_project
from deploy.trials.compose_trial.engine import UNSHARE, Engine, run
from deploy.trials.compose_trial.outside import Outside
from deploy.trials.report import CannotTry, Trial

NAME, ID = "omnify-trial", 41000
FIRST_SUBORDINATE = 4_100_000
PROGRAMS = ("rootlesskit", "slirp4netns", "newuidmap", "newgidmap")
PACKAGES = ("rootlesskit", "slirp4netns", "uidmap")
SCRIPTS = "/usr/share/docker.io/contrib"  # where Debian has dockerd-rootless.sh
PEOPLE = 1000
FILES = {
    "passwd": f"{NAME}:x:{ID}:{ID}::{{home}}:/bin/sh",
    "group": f"{NAME}:x:{ID}:",
    "subuid": f"{NAME}:{FIRST_SUBORDINATE}:65536",
    "subgid": f"{NAME}:{FIRST_SUBORDINATE}:65536",
}
IMAGES = ("omnify", "valkey/valkey:8.1", "postgres:18")


def rootless(trial: Trial, deployment: Deployment, _token: str, _: Outside) -> None:
    """The same images and the same Compose file, on an engine of a user without rights; a crowd comes."""
    deployment.down()
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        raise CannotTry(f"{', '.join(missing)} missing: apt-get install {' '.join(PACKAGES)}")
    folder = deployment.folder.parent / "rootless"
    user = _Rootless(folder)
    trial.afterwards(user.stop)
    images = folder / "images.tar"
    run("docker", "save", f"--output={images}", *IMAGES, seconds=200)
    with _in_its_place(user, deployment.engine):
        said = run("docker", "info", "--format={{.SecurityOptions}} {{.Driver}} {{.CgroupDriver}}").strip()
        trial.check("dockerd runs without root", "name=rootless" in said, said)
        run("docker", "load", f"--input={images}", seconds=200)
        images.unlink()
        theirs = Deployment(user, folder / "home" / "project", deployment.command, as_user=user.become)
        theirs.make_env({"COMPOSE_PROJECT_NAME": "omnify"})
        theirs.up("--no-build")
        bad = theirs.wait_healthy()
        trial.check("without root: all services are up and healthy", not bad, ", ".join(bad))
        crowd = Rehearsal(token=theirs.organizer_token(), folder=folder, people=PEOPLE)
        trial.afterwards(crowd.stop)
        held, line = crowd.result()
        trial.check(f"without root: a crowd of {PEOPLE} through the published port", held, line)
        owner = run("stat", "--format=%u", f"/proc/{user.dockerd()}")
        trial.check("dockerd belongs to the user", owner.strip() == str(ID), f"user {owner.strip()}")
        theirs.down()


@contextlib.contextmanager
def _in_its_place(user: _Rootless, engine: Engine) -> Iterator[None]:
    user.start()
    try:
        yield
    finally:
        user.stop()
        engine.use()


class _Rootless(Engine):
    """It is in the network of the engine that the trial has entered, and has one of its own within."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        super().__init__(folder)
        self.socket = folder / "run" / "docker.sock"
        folder.parent.chmod(0o711)  # the user passes through
        for name, line in FILES.items():
            original = Path("/etc", name)
            text = original.read_text("utf-8") if original.exists() else ""
            (folder / name).write_text(f"{text}{line.format(home=folder / 'home')}\n", "utf-8")
        copy_project(folder / "home" / "project")
        (folder / "run").mkdir(mode=0o700)
        for path in (folder / "run", folder / "home", *(folder / "home").rglob("*")):
            os.chown(path, ID, ID, follow_symlinks=False)

    @property
    def become(self) -> Command:
        """Before a command, makes that user of who runs it."""
        return (
            *("setpriv", f"--reuid={ID}", f"--regid={ID}", "--clear-groups", "env", f"HOME={self.folder}/home"),
            f"XDG_RUNTIME_DIR={self.folder}/run",
        )

    def dockerd(self) -> int:
        """Its process."""
        return int(run("pgrep", "--newest", "--full", f"^dockerd .*{self.folder}").split()[0])

    def _command(self) -> list[str]:
        script = (
            *(f"for name in {' '.join(FILES)}; do",),
            f'[ -e /etc/$name ] || : >/etc/$name; mount --bind "{self.folder}/$name" /etc/$name; done;',
            "mkdir -p /dev/net; mount -t tmpfs tmpfs /dev/net; mknod -m 666 /dev/net/tun c 10 200;",
            '[ ! -d /run/containerd ] || mount -t tmpfs none /run/containerd; cd /; exec "$@"',
        )
        path = f"PATH={os.environ.get('PATH', '')}:/usr/sbin:/sbin:{SCRIPTS}"
        return [
            *(*UNSHARE, "--", "sh", "-ec", " ".join(script), "rootless"),
            *(*self.become, path, "dockerd-rootless.sh", f"--host=unix://{self.socket}"),
            f"--data-root={self.folder}/home/docker",
        ]
