"""Questions from the user's code to the server, and the answers."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

from . import values, wire

_PAUSE = 0.005  # seconds between looks for who reads


class Questions:
    """Questions under way, from any thread.

    The main thread reads the socket, except while it runs the user's code:
    then whoever waits for an answer reads, and what else comes is queued.
    """

    def __init__(self, connection: wire.Connection, read: Callable[[], None]) -> None:
        self._connection = connection
        self._read = read  # reads once, without waiting long; the caller holds `reading`
        self._numbers = itertools.count(1)
        self._answers: dict[int, dict[str, object] | None] = {}

    def tell(self, meta: bytes) -> None:
        self._connection.send(wire.frame(wire.ASK, 0, 0, 0, meta))

    def ask(self, meta: bytes) -> dict[str, object]:
        number = next(self._numbers)
        self._answers[number] = None
        self._connection.send(wire.frame(wire.ASK, 0, 0, number, meta))
        while self._answers[number] is None:
            if self._connection.reading.acquire(False):
                try:
                    if self._answers[number] is None:
                        self._read()
                finally:
                    self._connection.reading.release()
            else:
                time.sleep(_PAUSE)
        answer = self._answers.pop(number)
        assert answer is not None
        return answer

    def answered(self, frame: wire.Frame) -> None:
        """Keeps an answer for the one who waits for it."""
        if frame.call in self._answers:
            self._answers[frame.call] = dict(values.loads(frame.meta or b"{}"))  # type: ignore[call-overload]
