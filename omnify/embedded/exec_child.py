"""Becomes another program that cannot outlive its parent. A script that needs only the standard library:

    python -I -S exec_child.py HOW PARENT_PID DEATH_SIGNAL UID GID PROGRAM ARGUMENT...

HOW is `kernel` where the kernel ends a process with its parent (Linux), and `watch` elsewhere (macOS): then this
process stays, starts the program, hands signals on to it, looks for the parent, and ends as the program ends.

It is not a `preexec_fn`, which is unsafe in a process with threads. The order matters: changing the user clears the
death signal, so the user is changed first; and if the parent died before the signal was set, it is never sent, so the
parent is checked afterwards. UID -1 keeps the user.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

_PR_SET_PDEATHSIG = 1
_LOOK_SECONDS = 0.2
_HANDED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)


def kernel_ends_orphans() -> bool:
    """Tells whether the kernel can be asked to end a process with its parent."""
    return sys.platform == "linux"


def die_with_parent(parent: int, signal_number: int) -> None:
    """Has a signal sent to this process when `parent` dies; exits if it is dead already."""
    if kernel_ends_orphans():
        _ask_kernel(signal_number)
    else:
        threading.Thread(target=_end_with, args=(parent, signal_number), daemon=True).start()
    if os.getppid() != parent:
        sys.exit(1)


def _ask_kernel(signal_number: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)


def _end_with(parent: int, signal_number: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os.kill(os.getpid(), signal_number)


def _become_user(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _become(command: list[str]) -> None:
    # What a shell starts in the background ignores it, and so would all that is started from there.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        os.execv(command[0], command)  # noqa: S606 - the point of this file
    except OSError as problem:
        sys.exit(f"{command[0]}: {problem.strerror}")


def _watch(parent: int, signal_number: int, command: list[str]) -> None:
    """Runs the program, which is in the process group of this one, and ends as it ends."""
    # None may come before it can be handed on: the program would be left behind.
    signal.pthread_sigmask(signal.SIG_BLOCK, _HANDED_ON)
    program = os.fork()
    if program == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDED_ON)
        _become(command)
    for number in _HANDED_ON:
        signal.signal(number, lambda received, _: os.kill(program, received))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDED_ON)
    told, (done, status) = False, (0, 0)
    while not done:
        if not told and os.getppid() != parent:
            told = True
            os.kill(program, signal_number)
        time.sleep(_LOOK_SECONDS)
        done, status = os.waitpid(program, os.WNOHANG)
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        sys.exit(code)
    if -code not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)


def _main(arguments: list[str]) -> None:
    how, (parent, signal_number, uid, gid) = arguments[0], (int(number) for number in arguments[1:5])
    command = arguments[5:]
    if uid >= 0:
        _become_user(uid, gid)
    if how == "kernel":
        _ask_kernel(signal_number)
    if os.getppid() != parent:
        sys.exit(1)
    if how == "kernel":
        _become(command)
    _watch(parent, signal_number, command)


if __name__ == "__main__":
    _main(sys.argv[1:])
