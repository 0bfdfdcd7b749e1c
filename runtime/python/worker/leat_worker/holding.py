"""Lets the answers of short calls leave together while other calls wait.

An answer that leaves by itself wakes the server, which hands it on and falls asleep
again; beside a call of some tens of microseconds that takes longer than the call does.
So where calls wait, and those of late were short, an answer may wait for the next one's.
Should that take long for once, the answers leave some milliseconds later, while it runs.
"""

from __future__ import annotations

import _thread
import time
from collections import deque

from .wire import CALL, Closed, Connection, Frame

_SHORT = 0.00025  # seconds that calls of late have taken, at most
_LONG = 0.001  # a call that took longer counts for this
_WEIGHT = 0.125  # of the last call
_FEW = 2  # calls besides: with fewer no answer waits, since the server has nothing else to do meanwhile
_MOST = 7  # answers that wait
_OVERDUE = 0.005  # seconds after which answers leave whatever the user's code does
_ROUNDS = 20  # in a row without answers that wait, after which nobody looks any more


class Holding:
    """Decides which answers wait. It belongs to the thread that serves calls."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._held = connection.held
        self._usual = _LONG  # seconds that a call takes
        self._last = 0.0  # when the last call ended
        self._watched = False  # a thread sees to it that no answer waits for long

    def may(self, frame: Frame, queue: deque[Frame]) -> bool:
        """Whether the answer of a call may wait, with these calls behind it."""
        held = len(self._held)
        if not queue or held + len(queue) < _FEW or held >= _MOST or self._usual > _SHORT:
            return False
        following = queue[0]
        return following.kind == CALL and following.object == frame.object and (self._watched or self._watch())

    def ended(self, queue: deque[Frame]) -> None:
        """Notes that a call has ended, and has the answers leave where nothing follows.

        Who looked when the call began may have seen nothing for so long, within it, as not to look any more.
        """
        now = time.monotonic()
        self._usual += _WEIGHT * (min(now - self._last, _LONG) - self._usual)
        self._last = now
        if self._held and not (queue and (self._watched or self._watch())):
            self._connection.release()

    def _watch(self) -> bool:
        try:
            _thread.start_new_thread(self._let_go, ())
        except RuntimeError:  # no thread can be had
            return False
        self._watched = True
        return True

    def _let_go(self) -> None:
        """Has answers leave that have waited for too long, until none have waited for a while."""
        connection, idle = self._connection, 0
        try:
            while idle < _ROUNDS:
                left = connection.left
                time.sleep(_OVERDUE)
                idle = 0 if self._held else idle + 1
                if self._held and connection.left == left:
                    connection.release()
            self._watched = False
            connection.release()  # what came to wait before it was known that nobody looks
        except Closed:
            pass  # who reads finds it out
