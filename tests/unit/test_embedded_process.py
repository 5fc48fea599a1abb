"""Children: they cannot outlive who started them, and an end is described in words."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from omnify.embedded import process
from omnify.embedded.process import CannotStart, Child, start_child, wait_for
from omnify.embedded.restarts import BACKOFF_SECONDS, STEADY_SECONDS, RestartedChild
from tests.support.waiting import DEADLINE_SECONDS, wait_until

SLEEP = ["/bin/sh", "-c", "exec sleep 300"]
ENV = {"PATH": "/usr/bin:/bin"}


def _gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.fixture(params=[True, False], ids=["kernel", "watch"])
def kernel_ends_orphans(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Both ways to end with a parent: with the kernel's help, where it gives any, and without."""
    if request.param and sys.platform != "linux":
        pytest.skip("only Linux ends children with their parent")
    monkeypatch.setattr(process, "kernel_ends_orphans", lambda: request.param)
    return bool(request.param)


def test_a_child_dies_with_a_killed_parent(kernel_ends_orphans: bool, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    sleep = ["/bin/sh", "-c", f"echo $$ > {pid_file}.new; mv {pid_file}.new {pid_file}; exec sleep 300"]
    script = (
        "import sys; from pathlib import Path; from omnify.embedded import process;"
        f"process.kernel_ends_orphans = lambda: {kernel_ends_orphans};"
        f"c = process.start_child('s', {sleep!r}, log=Path(sys.argv[1]), env={ENV!r});"
        "print(c.pid, flush=True); input()"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "log")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        wrapper = int(parent.stdout.readline())
        wait_until(pid_file.exists, "the program has started")
        pid = int(pid_file.read_text())
        assert (pid == wrapper) is kernel_ends_orphans
        assert not _gone(pid)
        parent.kill()
    wait_until(lambda: _gone(pid) and _gone(wrapper), "the child is gone")


def test_a_child_stops_and_ends_as_its_program_does(kernel_ends_orphans: bool, tmp_path: Path) -> None:
    log = tmp_path / "log"
    obedient = ["/bin/sh", "-c", "trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done"]
    child = start_child("obedient", obedient, log=log, env=ENV)
    wait_until(lambda: log.read_text() == "up\n", "it is up")
    assert child.stop(DEADLINE_SECONDS)
    assert child.ending() == "exit code 7"
    sleep = ["/bin/sh", "-c", "echo up; exec sleep 300"]
    child = start_child("s", sleep, log=log, env=ENV, stop_signal=signal.SIGINT)
    wait_until(lambda: log.read_text() == "up\nup\n", "it is up")
    assert child.stop(DEADLINE_SECONDS)
    assert child.ending() == "killed by SIGINT"


def test_a_process_of_ours_ends_with_its_parent_also_without_the_kernels_help() -> None:
    ours = (
        "import os, signal, time; from omnify.embedded import exec_child;"
        "exec_child.kernel_ends_orphans = lambda: False;"
        "exec_child.die_with_parent(os.getppid(), signal.SIGTERM); print(os.getpid(), flush=True); time.sleep(300)"
    )
    script = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1]]); input()"
    command = [sys.executable, "-c", script, ours]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert not _gone(pid)
        parent.kill()
    wait_until(lambda: _gone(pid), "it is gone")


def test_a_child_whose_parent_died_before_it_could_ask_does_not_start(tmp_path: Path) -> None:
    wrapper = Path("omnify/embedded/exec_child.py").absolute()
    for how in ("kernel", "watch"):
        orphan = [sys.executable, "-I", "-S", str(wrapper), how, "999999999", "9", "-1", "-1"]
        done = subprocess.run([*orphan, "/usr/bin/touch", str(tmp_path / "ran")], check=False)
        assert done.returncode == 1
        assert not (tmp_path / "ran").exists()


def test_a_thread_that_ends_may_start_no_child(tmp_path: Path) -> None:
    with (
        ThreadPoolExecutor(1) as pool,
        pytest.raises(RuntimeError, match="sleeper would be killed when this thread ends"),
    ):
        pool.submit(start_child, "sleeper", SLEEP, log=tmp_path / "log", env=ENV).result()
    assert not (tmp_path / "log").exists()


def test_a_program_that_is_missing_is_named_in_the_reason(tmp_path: Path) -> None:
    child = start_child("ghost", ["/no/such/program"], log=tmp_path / "log", env=ENV)
    with pytest.raises(CannotStart) as caught:
        wait_for(child, lambda: False, seconds=DEADLINE_SECONDS)
    assert str(caught.value) == "ghost did not start (exit code 1): /no/such/program: No such file or directory"


def test_a_child_that_ignores_the_wish_to_stop_is_killed(kernel_ends_orphans: bool, tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = start_child("deaf", ["/bin/sh", "-c", "trap '' TERM; echo up; sleep 300"], log=log, env=ENV)
    wait_until(lambda: log.read_bytes() == b"up\n", "it ignores the signal")
    assert child.stop(0.2) is False
    assert child.ending() == "killed by SIGKILL"


def test_a_child_is_out_of_reach_of_the_terminal_s_signals(tmp_path: Path) -> None:
    child = start_child("sleeper", SLEEP, log=tmp_path / "log", env=ENV)
    try:
        assert os.getsid(child.pid) != os.getsid(0)
    finally:
        assert child.stop(DEADLINE_SECONDS) is True
    assert child.ending() == "killed by SIGTERM"


class _Ended:
    """Stands for a process that is dead already."""

    pid = 1
    returncode = -9

    def poll(self) -> int:
        return self.returncode


def test_a_child_that_keeps_dying_is_started_ever_more_slowly_and_a_steady_one_at_once() -> None:
    starts: list[float] = []
    now = 1000.0

    def start() -> Child:
        starts.append(now)
        return Child("web", _Ended(), Path("web.log"), signal.SIGTERM)  # type: ignore[arg-type]

    kept = RestartedChild(start(), start, now)
    pauses = []
    for _ in range(8):
        assert "web ended (killed by SIGKILL)" in kept.restart_if_due(now)
        assert kept.due is not None
        assert kept.restart_if_due(kept.due - 0.01) == ""
        pauses.append(round(kept.due - now, 3))
        now = kept.due
        kept.restart_if_due(now)
    assert pauses == [*BACKOFF_SECONDS, BACKOFF_SECONDS[-1], BACKOFF_SECONDS[-1]]
    assert len(starts) == 9

    now += STEADY_SECONDS + 1
    kept.restart_if_due(now)
    assert kept.due == now + BACKOFF_SECONDS[0]
