"""The process of a worker: its signals, streams and end."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys

from . import link, watchdog
from .wire import Closed, Connection, Malformed
from .worker import Worker


_exit = os._exit


def _prepare_process(connection: Connection, lifeline: int) -> None:
    """Signals are for the server to act upon; what the user's code forks is not a worker."""
    ours = {signal.SIGINT: _ignore, signal.SIGHUP: _ignore, signal.SIGTERM: lambda *_: watchdog.look(lifeline)}
    before = {number: signal.signal(number, handler) for number, handler in ours.items()}
    masks = []

    def block() -> None:
        """A signal for the child must not come to a handler of ours."""
        masks.append(signal.pthread_sigmask(signal.SIG_BLOCK, ours))

    def unblock() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, masks.pop())

    def in_child() -> None:
        connection.drop()
        link.disconnect()
        for number, handler in before.items():
            signal.signal(number, handler)
        unblock()
        watchdog.start_in_child(lifeline)

    os.register_at_fork(before=block, after_in_parent=unblock, after_in_child=in_child)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, write_through=False, errors="backslashreplace")
    _tell_exits(os.getpid())
    faulthandler.enable()  # where the user's code is when native code crashes, on stderr
    faulthandler.register(signal.SIGUSR2)  # and where it is when somebody asks


def _ignore(*_: object) -> None:
    """A function of ours, and not SIG_IGN, so that what the user's code executes has the default."""


def _tell_exits(pid: int) -> None:
    """Has the user's code say where it ends the process, which leaves no exception behind."""

    def told(status: int) -> None:
        if os.getpid() == pid:
            faulthandler.dump_traceback(all_threads=False)
        _exit(status)

    os._exit = told  # type: ignore[assignment]


def run(socket: int, lifeline: int) -> None:
    """Serves on a socket until it closes. `lifeline` is a pipe whose end means that the server is gone."""
    watchdog.start(lifeline)
    connection = Connection(socket)
    _prepare_process(connection, lifeline)
    worker = Worker(connection)
    status = 0
    try:
        worker.run()
    except Closed:
        pass
    except Malformed as exc:
        print(f"leat: the connection to the server is broken: {exc}", file=sys.stderr)
        status = 3
    _end(worker, status)


def _end(worker: Worker, status: int) -> None:
    """Ends without waiting for the user's threads."""
    worker.control.close_all()
    import atexit

    atexit._run_exitfuncs()  # type: ignore[attr-defined]
    sys.stdout.flush()
    sys.stderr.flush()
    _exit(status)
