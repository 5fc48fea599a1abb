"""Becomes another program that cannot outlive its parent. A script that needs only the standard library:

    python -I -S exec_child.py PARENT_PID DEATH_SIGNAL UID GID PROGRAM ARGUMENT...

It is not a `preexec_fn`, which is unsafe in a process with threads. The order matters: changing the user clears the
death signal, so the user is changed first; and if the parent died before the signal was set, it is never sent, so the
parent is checked afterwards. UID -1 keeps the user.
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int, signal_number: int) -> None:
    """Asks the kernel (Linux) to send this process a signal when `parent` dies; exits if it is dead already."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


def _become(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _main(arguments: list[str]) -> None:
    parent, signal_number, uid, gid = (int(number) for number in arguments[:4])
    command = arguments[4:]
    if uid >= 0:
        _become(uid, gid)
    die_with_parent(parent, signal_number)
    try:
        os.execv(command[0], command)  # noqa: S606 - the point of this file
    except OSError as problem:
        sys.exit(f"{command[0]}: {problem.strerror}")


if __name__ == "__main__":
    _main(sys.argv[1:])
