"""Questions from the user's code to the server, and the answers."""

from __future__ import annotations

import _thread
import itertools
from collections.abc import Callable

from . import values, wire

_PAUSE = 0.05  # seconds after which who waits looks whether anybody reads


class _Question:
    """One question under way."""

    __slots__ = ("answer", "done", "turn")

    def __init__(self, done: Callable[[wire.Frame], None] | None) -> None:
        self.answer: wire.Frame | None = None
        self.done = done  # what the answer is given to, where nobody waits for it
        self.turn = _thread.allocate_lock()  # let go of when there is an answer, or nobody reads
        self.turn.acquire()


class Questions:
    """Questions under way, from any thread.

    The main thread reads the socket, except while it runs the user's code:
    then whoever waits for an answer reads, and what else comes is queued.
    """

    def __init__(self, connection: wire.Connection, read: Callable[[], None]) -> None:
        self._connection = connection
        self._read = read  # reads once, without waiting long; the caller holds `reading`
        self._numbers = itertools.count(1)
        self._open: dict[int, _Question] = {}

    def tell(self, meta: bytes) -> None:
        self._connection.send(wire.frame(wire.ASK, 0, 0, 0, meta))

    def begin(
        self, meta: bytes, flags: int = 0, payload: bytes | list[bytes | memoryview] = b"", done: Callable[[wire.Frame], None] | None = None
    ) -> int:
        """Puts a question; the number is for `wait`, or, with `done`, for nothing."""
        number = next(self._numbers)
        self._open[number] = _Question(done)
        buffers = [payload] if isinstance(payload, bytes) else payload
        size = sum(map(len, buffers))
        if wire.AFTER_SIZE + len(meta) + size > self._connection.max_frame or len(meta) > wire.MAX_META:
            del self._open[number]
            raise values.Unwritable(f"what is asked takes {len(meta) + size} bytes, more than a frame can")
        head = wire.head(wire.ASK, flags, 0, number, meta, size)
        if size < wire.LARGE:
            self._connection.send(b"".join([head, *buffers]))
        else:
            self._connection.send_large(head, buffers)
        return number

    def wait(self, number: int) -> wire.Frame:
        """Waits for the answer."""
        question, reading = self._open[number], self._connection.reading
        while question.answer is None:
            if not reading.acquire(False):
                question.turn.acquire(True, _PAUSE)
                continue
            try:
                while question.answer is None:
                    self._read()
            finally:
                reading.release()
        del self._open[number]
        self._pass_on()
        return question.answer

    def _pass_on(self) -> None:
        """Wakes one who waits, to read in the place of who has stopped."""
        for question in list(self._open.values()):
            if question.answer is None and question.done is None and question.turn.locked():
                question.turn.release()
                return

    def answered(self, frame: wire.Frame) -> None:
        """Keeps an answer for the one who waits for it."""
        question = self._open.get(frame.call)
        if question is not None and question.done is not None:
            del self._open[frame.call]
            question.done(frame)
        elif question is not None:
            question.answer = frame
            if question.turn.locked():
                question.turn.release()
