"""Waits awake for the next call where calls follow one another closely, and answers without waking anybody.

A processor that falls asleep between two calls takes longer to wake than a short
call takes. The server says when waiting awake may be worth while, and each side
says in a word of the shared memory how many bytes it has put into the socket, so
that the other need not ask the system. While the server waits awake a small
answer is put into a box in that memory.
"""

from __future__ import annotations

import _thread
from time import perf_counter

_SENT, _AWAKE, _WAITS = 0, 1, 2  # words of the server's
_SAID, _PUT, _SIZE, _AT = 16, 17, 18, 19  # and ours
_BOX, _END = 128, 4096
_MOST = 0.00015  # seconds
_ROUND = (None,) * 32  # looks between two looks at the clock
_MASK = 0xFFFFFFFF


class Vigil:
    """The words, and what has been counted. `read` and `wait` belong to who reads, the others to who sends."""

    def __init__(self) -> None:
        self._words: memoryview | None = None
        self._box: memoryview | None = None
        self._read = 0  # bytes that this side has read, and has sent
        self._sent = 0
        self._put = 0  # the last wait of the server's that was answered
        self._threads = 0

    def begin(self, words: memoryview) -> None:
        """Begins with the memory that the server has mapped."""
        self._words = words[:_BOX].cast("I")
        self._box = words[_BOX:_END]
        self._threads = _thread._count()  # ours

    def read(self, n: int) -> None:
        """Notes bytes that were read."""
        self._read = (self._read + n) & _MASK

    def sent(self, n: int) -> None:
        """Tells of bytes that are in the socket."""
        self._sent = sent = (self._sent + n) & _MASK
        words = self._words
        if words is not None:
            words[_SAID] = sent

    def put(self, data: bytes) -> bool:
        """Puts a frame into the box, if the server waits for one."""
        words = self._words
        if words is None:
            return False
        wait = words[_WAITS]
        if not wait or wait == self._put or len(data) > _END - _BOX:
            return False
        self._box[: len(data)] = data  # type: ignore[index]
        words[_SIZE] = len(data)
        words[_AT] = self._sent
        words[_PUT] = self._put = wait  # last: the processor keeps the order
        return True

    @property
    def overlooked(self) -> bool:
        """Whether the server has given up waiting, and may not have seen what was put into the box."""
        return self._words[_WAITS] != self._put  # type: ignore[index]

    def wait(self) -> None:
        """Waits awake for what the server sends, if it says so; threads of the user's come first."""
        words = self._words
        if words is None or not words[_AWAKE] or _thread._count() > self._threads:
            return
        read, until = self._read, 0.0
        while True:
            for _ in _ROUND:
                if words[_SENT] != read:
                    return
            now = perf_counter()
            if not until:
                until = now + _MOST
            elif now > until:
                return
