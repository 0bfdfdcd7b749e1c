"""Ends this worker's process group when the server is gone, whatever the user's code is doing."""

from __future__ import annotations

import _thread
import fcntl
import os
import select
import signal


_by_kernel = False


def start(fd: int) -> None:
    """Watches the end of a pipe that the server holds open.

    A thread does; on Linux the kernel does too, for code that never lets go of
    the interpreter's lock.
    """
    global _by_kernel
    os.set_inheritable(fd, False)
    if hasattr(fcntl, "F_SETSIG"):
        try:
            _ask_kernel(fd)
            _by_kernel = True
        except OSError:
            pass  # the thread is enough for all but code that holds the lock
    _thread.start_new_thread(_wait, (fd,))


def start_in_child(fd: int) -> None:
    """Goes on watching in a forked child, which has none of its parent's threads. The kernel
    needs no telling: the group is the same."""
    if not _by_kernel:
        try:
            _thread.start_new_thread(_wait, (fd,))
        except RuntimeError:
            pass  # no thread can be had: the server kills the group when it is there


def look(fd: int) -> None:
    """Kills the group if the server is gone already: what SIGTERM means, which the kernel sends
    then, and which is none of the worker's business when somebody else sends it."""
    if select.select([fd], [], [], 0)[0]:
        _kill()


def _ask_kernel(fd: int) -> None:
    """The closing of the pipe becomes a signal to the owner of the descriptor: our group, or us."""
    fcntl.fcntl(fd, fcntl.F_SETOWN, -os.getpid() if _leads() else os.getpid())
    fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC)


def _wait(fd: int) -> None:
    try:
        while os.read(fd, 64):
            pass
    except OSError:
        pass
    _kill()


def _kill() -> None:
    if _leads():
        os.killpg(0, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def _leads() -> bool:
    """Whether the group is this worker's own, and not that of a shell it was started from."""
    return os.getpgrp() == os.getpid()
