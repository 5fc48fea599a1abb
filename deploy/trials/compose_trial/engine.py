"""A Docker engine of the trial's own: a dockerd with its own folders, network, mounts and processes.

It runs in namespaces (network, mounts, processes), so its bridges, firewall rules, mounts and containers are not the
host's, and the kernel takes all of them down when dockerd ends. The trial itself then enters the engine's network:
127.0.0.1:8000 is the port that Compose publishes there, whatever the host uses it for. A trial that is killed takes its
engine with it; `janitor` removes what is then left.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
from pathlib import Path

from deploy.trials.orphans import DIES_WITH_THE_TRIAL
from deploy.trials.report import CannotTry, wait_until

PACKAGES = ("docker.io", "docker-compose", "debootstrap", "iproute2", "util-linux", "iptables")
PROGRAMS = ("dockerd", "docker", "unshare", "nsenter", "setpriv", "ip", "iptables", "mount")
# With what it starts, and with the trial, all that is inside ends.
UNSHARE = (*DIES_WITH_THE_TRIAL, "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
NETWORK = 0x40000000  # CLONE_NEWNET


class Failed(Exception):
    """A command ended with another code than 0 (None: not in time). The message has its last lines."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


def run(*command: str, seconds: float = 120, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Returns what a command printed.

    Raises:
        Failed: it ended with another code than 0, or not within `seconds`.
    """
    try:
        done = subprocess.run(
            (*DIES_WITH_THE_TRIAL, *command),
            cwd=cwd,
            env=env,
            capture_output=True,
            text=True,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{' '.join(command[:4])}: not done after {seconds:.0f} s") from None
    if done.returncode:
        last = " / ".join((done.stderr or done.stdout).strip().splitlines()[-4:])
        raise Failed(f"{' '.join(command[:4])}: {last[-600:]}", done.returncode)
    return done.stdout


def look_for_an_engine(*, install: bool) -> None:
    """Raises CannotTry, with what to do, where no engine can be had."""
    if os.geteuid() != 0:
        raise CannotTry("root is needed for an engine of its own")
    if install and any(shutil.which(program) is None for program in (*PROGRAMS, "docker-compose", "debootstrap")):
        with contextlib.suppress(Failed, OSError):
            run("apt-get", "update", "-q", seconds=120)
            run(
                *("apt-get", "install", "-q", "-y", "--no-install-recommends", *PACKAGES),
                seconds=400,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            )
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        raise CannotTry(f"{', '.join(missing)} missing: apt-get install {' '.join(PACKAGES)}, or give --install")


class Engine:
    """One dockerd below `folder`. `own_network=False` is only for pulling images: it starts no container there."""

    def __init__(self, folder: Path, *, own_network: bool = True) -> None:
        self.folder = folder
        self.socket = folder / "docker.sock"
        self._own_network = own_network
        self._pid = 0
        self._unshare: subprocess.Popen[bytes] | None = None
        self.group = f"omnify-trial-{os.getpid()}"

    def start(self) -> None:
        """Raises CannotTry if the kernel lacks what an engine needs."""
        with (self.folder / "dockerd.log").open("ab") as log:
            self._unshare = subprocess.Popen(self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.use()
        if not wait_until(lambda: self._ended() or self._answers(), seconds=90) or self._ended():
            last = (self.folder / "dockerd.log").read_text("utf-8", "replace").strip().splitlines()[-1:]
            self.stop()
            raise CannotTry(f"no engine starts here: {' '.join(last)[-300:]}")
        children = Path(f"/proc/{self._unshare.pid}/task/{self._unshare.pid}/children").read_text("ascii")
        self._pid = int(children.split()[0])

    def use(self) -> None:
        """Makes it the engine that commands talk to."""
        os.environ["DOCKER_HOST"] = f"unix://{self.socket}"

    def _command(self) -> list[str]:
        network = ["--net"] if self._own_network else []
        options = [] if self._own_network else ["--bridge=none", "--iptables=false"]
        # A containerd of the host is not this engine's: without its socket dockerd starts one of its own.
        script = '[ ! -d /run/containerd ] || mount -t tmpfs none /run/containerd; ip link set lo up; exec dockerd "$@"'
        return [
            *(*UNSHARE, *network, "--"),
            *("sh", "-c", script, "dockerd", f"--host=unix://{self.socket}", f"--pidfile={self.folder}/pid"),
            *(f"--data-root={self.folder}/data", f"--exec-root={self.folder}/exec", *options),
            f"--cgroup-parent=/{self.group}",
        ]

    def stop(self) -> None:
        """Ends dockerd, then whatever still runs in its namespaces; removes its groups."""
        if self._unshare is None:
            return
        if self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGTERM)
        try:
            self._unshare.wait(45)
        except subprocess.TimeoutExpired:
            self._unshare.kill()
            self._unshare.wait()
        self._unshare = None
        remove_groups(self.group)

    def enter_network(self) -> None:
        """From here on this process, and what it starts, is in the engine's network."""
        _enter(f"/proc/{self._pid}/ns/net")

    def in_mounts(self, *command: str) -> str:
        """Runs a command where the engine's mounts are. Raises Failed."""
        return run("nsenter", f"--target={self._pid}", "--mount", "--", *command)

    def kill_process(self, pid: int) -> None:
        """SIGKILL for a process, by the id that it has in the engine's namespace."""
        run("nsenter", f"--target={self._pid}", "--pid", "--mount", "--", "kill", "-9", str(pid))

    def leftovers(self) -> list[str]:
        """What is still there of it."""
        left = [str(self.folder)] if self.folder.exists() else []
        groups = [str(group) for group in Path("/sys/fs/cgroup").glob(f"**/{self.group}")]
        mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        return [
            *left,
            *groups,
            *(mount for mount in mounts if mount.startswith(str(self.folder))),
            *(f"process {pid}" for pid in processes_that_name(str(self.folder))),
        ]

    def _answers(self) -> bool:
        with contextlib.suppress(Failed):
            run("docker", "info", seconds=20)
            return True
        return False

    def _ended(self) -> bool:
        return self._unshare is not None and self._unshare.poll() is not None


def _enter(namespace: str) -> None:
    with Path(namespace).open("rb") as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), NETWORK):
            raise OSError(ctypes.get_errno(), f"setns {namespace}")


def remove_groups(group: str) -> None:
    """Removes the control groups below `group`, in every hierarchy; those with a process in them stay."""
    for folder in sorted(Path("/sys/fs/cgroup").glob(f"**/{group}"), reverse=True):
        for child in [*sorted(folder.glob("**/"), reverse=True), folder]:
            with contextlib.suppress(OSError):
                child.rmdir()


def processes_that_name(text: str) -> list[int]:
    """Lists the processes, but for this one, that have `text` in their command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if text.encode() in (folder / "cmdline").read_bytes() and int(folder.name) != os.getpid():
                found.append(int(folder.name))
    return found
