"""Calls that the user's code answers by sending, from wherever it likes.

A thread of the user's own waits in `put` until the server has taken what was sent
before. The threads that serve calls do not: nothing else would be served meanwhile, so
what they send waits here, up to a limit, and they wait only beyond it.
"""

from __future__ import annotations

import _thread
import time
from collections import deque

from . import values, wire
from .answers import Answer
from .failures import Stopped
from .host import Host
from .streams import Stream, Streams
from .wire import Frame

_AHEAD = 16 << 20  # bytes that may wait here of one call
_EACH = 1 << 10  # what an answer takes beside its payload, about
_LOOK = 0.05  # seconds after which a thread that serves calls looks whether its call was cancelled


class Watch:
    """Knows whether a call that is answered once was cancelled."""

    __slots__ = ("call", "cancelled", "streams")

    def __init__(self, streams: Streams, call: int) -> None:
        self.streams, self.call = streams, call
        self.cancelled = False
        streams.add(self)

    def cancel(self) -> None:
        self.cancelled = True

    def taken(self, parts: int) -> None:
        """There are no parts."""

    def end(self) -> None:
        self.streams.forget(self.call)

    @property
    def is_cancelled(self) -> bool:
        if not self.cancelled:
            self.streams.read(False)
        return self.cancelled


class Sender(Stream):
    """A call that the user's code answers by `put`, any number of times, and `end`."""

    def __init__(self, streams: Streams, host: Host, frame: Frame, meta: dict[str, object]) -> None:
        super().__init__(streams, host, frame, meta)
        self.running = False  # the call is on the stack of a thread that serves calls
        self._task: object = None  # that the call is, if it is a coroutine
        self._order = _thread.allocate_lock()  # of the user's threads
        self._flow = _thread.allocate_lock()  # for what follows
        self._waiting: deque[tuple[Answer, int]] = deque()
        self._ahead = 0  # bytes that wait
        self._over = False  # there are no more answers
        self._done = False  # and the server has been told
        self._fault: BaseException | None = None  # what the answers end with
        self._looks = False  # the user's code looks itself whether it was cancelled
        self._looked = time.monotonic()

    def put(self, result: object) -> None:
        """Sends an answer, or keeps it until there is room; the failure that it is ends the stream."""
        if _thread.get_ident() in self.streams.serving:
            self._put_serving(result)
            return
        with self._order:
            answer = self._made(result)
            if answer is not None:
                self.wait()
                self._offer(answer)

    def _put_serving(self, result: object) -> None:
        """The same on a thread that serves calls."""
        self._look()
        answer = self._made(result)
        if answer is not None:
            self._offer(answer)
            if self._ahead > _AHEAD:
                self.wait_until(lambda: self._ahead <= _AHEAD)
        if self.cancelled and not self._looks and self._executes():
            raise Stopped("the call was cancelled")

    def _executes(self) -> bool:
        """Whether it is the call itself that sends, and not another one or a task that it has begun."""
        if self._task is None:
            return self.running
        import asyncio

        return asyncio.current_task() is self._task

    def _look(self) -> None:
        now = time.monotonic()
        if not self.room or now - self._looked > _LOOK:
            self._looked = now
            self.streams.read(False)

    def _made(self, result: object) -> Answer | None:
        """The answer that a result is. None if it is none, or nobody takes it any more."""
        if self._over or self.cancelled:
            return None
        try:
            return self.host.part(result, self.frame, self.meta)
        except Exception as exc:  # noqa: BLE001 - what the user's code says has failed
            self.fault(exc)
            return None

    def _offer(self, answer: Answer) -> None:
        with self._flow:
            if self._over or self.cancelled:
                return
            if self.room and not self._waiting:
                self.send(answer)
                return
            flags, said, payload = answer
            payload = payload if type(payload) is bytes else b"".join(payload)  # arrays may change before they are sent
            size = len(payload) + _EACH
            self._waiting.append(((flags, said, payload), size))
            self._ahead += size

    def notice(self) -> None:
        self._flush()
        super().notice()

    def _flush(self) -> None:
        """Sends what waits as far as there is room, and says behind it that it is all."""
        with self._flow:
            if self.cancelled:
                self._drop_waiting()
            try:
                while self._waiting and self.room:
                    answer, size = self._waiting.popleft()
                    self._ahead -= size
                    self.send(answer)
            except values.Unwritable as exc:
                self._over, self._fault = True, exc
                self._drop_waiting()
            if not self._over or self._waiting or self._done:
                return
            self._done = True
            fault, self._fault = self._fault, None
        if fault is not None and not self.cancelled:
            self.streams.forget(self.call)
            self.streams.fail(self.frame, fault)
        else:
            self.streams.over(self)

    def _drop_waiting(self) -> None:
        self._waiting.clear()
        self._ahead = 0

    def end(self) -> None:
        """Says that there are no more answers. Another time it does nothing."""
        self._end(None)

    def fault(self, exc: BaseException) -> Sender:
        """Says that there are no more answers, and why."""
        self._end(exc)
        return self

    def _end(self, exc: BaseException | None) -> None:
        with self._flow:
            if self._over:
                return
            self._over, self._fault = True, exc
        self._flush()

    def let_go(self) -> None:
        """Nobody can send any more. It may be called wherever Python collects garbage, so it waits for no lock."""
        if self._over:
            return
        try:
            _thread.start_new_thread(self._let_go, ())
        except RuntimeError:  # the interpreter is ending
            pass

    def _let_go(self) -> None:
        try:
            self.end()
        except wire.Closed:  # and so does the process
            pass

    def drop(self) -> None:
        """The call is answered in another way."""
        self._over = self._done = True
        self.streams.forget(self.call)

    def in_task(self) -> None:
        """The call is the running task of the event loop, whose thread serves calls."""
        import asyncio

        self._task = asyncio.current_task()
        self.streams.serving.add(_thread.get_ident())

    @property
    def is_cancelled(self) -> bool:
        self._looks = True
        if not self.cancelled:
            self.streams.read(False)
        return self.cancelled
