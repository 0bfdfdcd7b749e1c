"""Runs coroutines of the user's on one event loop, in a thread of its own that starts with the first of them."""

from __future__ import annotations

import _thread
from collections import deque
from collections.abc import Callable, Coroutine


class Loop:
    """The event loop. `submit` and `cancel` may be called from any thread."""

    def __init__(self) -> None:
        self._loop: object = None
        self._tasks: dict[int, object] = {}
        self._new: deque[tuple[int, Coroutine[object, object, None]]] = deque()
        self._told = False  # the loop that there are new ones: telling costs more than all else

    def submit(self, call: int, coroutine: Coroutine[object, object, None]) -> None:
        """Begins a coroutine, which is known by the number of its call until it ends."""
        self._start()
        self._new.append((call, coroutine))
        if not self._told:
            self._told = True
            self._loop.call_soon_threadsafe(self._begin)  # type: ignore[attr-defined]

    def cancel(self, call: int) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._cancel, call)  # type: ignore[attr-defined]

    def finish(self, coroutine: Coroutine[object, object, object]) -> object:
        """Waits for a coroutine, from a thread that is not the loop's."""
        import asyncio

        self._start()
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()  # type: ignore[arg-type]

    def _start(self) -> None:
        if self._loop is not None:
            return
        import asyncio

        self._loop = asyncio.new_event_loop()
        _thread.start_new_thread(self._run, (asyncio.set_event_loop,))

    def _run(self, set_event_loop: Callable[[object], None]) -> None:
        set_event_loop(self._loop)
        self._loop.run_forever()  # type: ignore[attr-defined]

    def _begin(self) -> None:
        self._told = False  # first: what is appended from now on is told of anew
        while self._new:
            call, coroutine = self._new.popleft()
            task = self._loop.create_task(coroutine)  # type: ignore[attr-defined]
            self._tasks[call] = task
            task.add_done_callback(lambda _, call=call: self._tasks.pop(call, None))

    def _cancel(self, call: int) -> None:
        task = self._tasks.get(call)
        if task is not None:
            task.cancel()  # type: ignore[attr-defined]
