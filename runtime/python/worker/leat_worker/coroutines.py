"""Runs coroutines of the user's on one event loop.

Where all that a worker hosts is coroutines the loop runs on the main thread,
which reads the socket in between. Where some of it is not, the loop has a
thread of its own, that starts with the first coroutine.
"""

from __future__ import annotations

import _thread
import sys
from collections import deque
from collections.abc import Callable, Coroutine

_EAGER = {"eager_start": True} if sys.version_info >= (3, 12) else {}


class Loop:
    """The event loop. `submit`, `cancel` and `tell` may be called from any thread."""

    def __init__(self) -> None:
        self._loop: object = None
        self._apart = False  # has a thread of its own
        self._inside = False  # is running on the main thread
        self._tasks: dict[int, object] = {}
        self._new: deque[tuple[int, Coroutine[object, object, None]]] = deque()
        self._told = False  # the loop that there are new ones: telling costs more than all else
        self._task: type = object

    def submit(self, call: int, coroutine: Coroutine[object, object, None]) -> None:
        """Begins a coroutine, which is known by the number of its call until it says that it is done."""
        if self._inside:
            task = self._task(coroutine, loop=self._loop, **_EAGER)
            if not task.done():
                self._tasks[call] = task
            return
        self.apart()
        self._new.append((call, coroutine))
        if not self._told:
            self._told = True
            self._loop.call_soon_threadsafe(self._begin)  # type: ignore[attr-defined]

    def done(self, call: int) -> None:
        """Forgets a coroutine, which says so itself at its end."""
        self._tasks.pop(call, None)

    def cancel(self, call: int) -> None:
        self.tell(self._cancel, call)

    def tell(self, what: Callable[..., None], *args: object) -> None:
        """Has the loop call a function soon, if there is a loop."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(what, *args)  # type: ignore[attr-defined]

    def finish(self, coroutine: Coroutine[object, object, object]) -> object:
        """Waits for a coroutine, from the main thread while the loop is not running there."""
        import asyncio

        self._make()
        if self._apart:
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()  # type: ignore[arg-type]
        asyncio.set_event_loop(self._loop)  # type: ignore[arg-type]
        return self._loop.run_until_complete(coroutine)  # type: ignore[attr-defined]

    def run(self, descriptor: int, readable: Callable[[], None]) -> None:
        """Runs on this thread until `stop`, and calls `readable` when there is something to be read."""
        import asyncio

        self._make()
        asyncio.set_event_loop(self._loop)  # type: ignore[arg-type]
        self._loop.add_reader(descriptor, readable)  # type: ignore[attr-defined]
        self._inside = True
        try:
            self._loop.run_forever()  # type: ignore[attr-defined]
        finally:
            self._inside = False
            self._loop.remove_reader(descriptor)  # type: ignore[attr-defined]

    def stop(self) -> None:
        """Ends `run`, from within."""
        if self._inside:
            self._loop.stop()  # type: ignore[attr-defined]

    @property
    def inside(self) -> bool:
        """Whether it is running on the main thread, in `run`."""
        return self._inside

    def runs(self, loop: object) -> bool:
        """Whether a loop is this one, running where the socket is read beside it."""
        return self._loop is loop and (self._inside or self._apart)

    @property
    def began(self) -> bool:
        """Whether there is a loop, with tasks of the user's perhaps."""
        return self._loop is not None

    @property
    def is_apart(self) -> bool:
        """Whether it has a thread of its own, which it keeps."""
        return self._apart

    def apart(self) -> None:
        """Gives the loop a thread of its own."""
        if not self._apart:
            self._make()
            self._apart = True
            _thread.start_new_thread(self._run, ())

    def _make(self) -> None:
        if self._loop is None:
            import asyncio

            self._loop = asyncio.new_event_loop()
            self._task = asyncio.Task

    def _run(self) -> None:
        import asyncio

        asyncio.set_event_loop(self._loop)  # type: ignore[arg-type]
        self._loop.run_forever()  # type: ignore[attr-defined]

    def _begin(self) -> None:
        self._told = False  # first: what is appended from now on is told of anew
        while self._new:
            call, coroutine = self._new.popleft()
            self._tasks[call] = self._loop.create_task(coroutine)  # type: ignore[attr-defined]

    def _cancel(self, call: int) -> None:
        task = self._tasks.get(call)
        if task is not None:  # which may not have begun: it does first, since else it could not even say that it has ended
            self._loop.call_soon(task.cancel)  # type: ignore[attr-defined]
