"""Answers of short calls that leave together."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import unittest
from collections import deque
from unittest import mock

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [ROOT, os.path.join(ROOT, "tests")]

from harness import CALL, CREATE, HEADER, JSON, LOG, OK, Process  # noqa: E402
from leat_worker import holding, wire  # noqa: E402

CODE = """
import os, time

def step(body, context):
    if body == "log":
        context.logger.info("logged")
    if body == "wait":
        print("waits")
        while not os.path.exists(__file__ + ".go"):
            time.sleep(0.001)
    if body == "fail":
        raise ValueError("it fails")
    return body
"""


class Connection:
    """What a holding needs of a connection."""

    def __init__(self):
        self.held, self.left, self.released = [], 0, threading.Event()

    def release(self):
        if self.held:
            self.held.clear()
            self.left += 1
            self.released.set()


def call(obj=1, kind=CALL):
    return wire.Frame(kind, 0, obj, 0, b"", b"")


class Clock:
    """The time, which stands still."""

    now = 5.0
    sleep = staticmethod(time.sleep)

    def monotonic(self):
        return self.now


class Deciding(unittest.TestCase):
    def setUp(self):
        self.connection = Connection()
        self.holding = holding.Holding(self.connection)
        self.clock = Clock()
        patch = mock.patch.object(holding, "time", self.clock)
        patch.start()
        self.addCleanup(patch.stop)

    def calls(self, n=40, seconds=0.0001):
        """So many calls of so many seconds, of which none waits."""
        for _ in range(n):
            self.clock.now += seconds
            self.holding.ended(deque())

    def test_not_before_calls_are_known_to_be_short(self):
        self.assertFalse(self.holding.may(call(), deque([call()] * 10)))
        self.calls()
        self.assertTrue(self.holding.may(call(), deque([call()] * 10)))

    def test_not_beside_long_ones(self):
        self.calls()
        self.calls(1, 60)
        self.assertTrue(self.holding.may(call(), deque([call()] * 10)), "one may be by chance")
        self.calls(3, 60)
        self.assertFalse(self.holding.may(call(), deque([call()] * 10)))

    def test_what_follows(self):
        self.calls()
        for queue in ([], [call()], [call(2)] * 10, [call(1, CREATE)] * 10):
            self.assertFalse(self.holding.may(call(), deque(queue)), queue)
        self.assertTrue(self.holding.may(call(), deque([call()] * 2)))

    def test_not_too_many(self):
        self.calls()
        self.connection.held += [b""] * 7
        self.assertFalse(self.holding.may(call(), deque([call()] * 10)))

    def test_all_leave_behind_the_last_call(self):
        self.calls()
        self.connection.held += [b"", b""]
        self.holding.ended(deque([call()]))
        self.assertEqual(len(self.connection.held), 2)
        self.holding.ended(deque())
        self.assertEqual(self.connection.held, [])

    def test_overdue(self):
        self.calls()
        for _ in range(3):  # whether somebody looks already or does not any more
            self.assertTrue(self.holding.may(call(), deque([call()] * 10)))
            self.connection.held.append(b"")
            self.holding.ended(deque([call()] * 9))
            self.assertTrue(self.connection.released.wait(60))
            self.connection.released.clear()
            while self.holding._watched:
                time.sleep(0.001)

    def test_overdue_behind_a_call_within_which_nobody_looked_any_more(self):
        self.calls()
        self.assertTrue(self.holding.may(call(), deque([call()] * 10)))
        while self.holding._watched:
            time.sleep(0.001)
        self.connection.held.append(b"")
        self.holding.ended(deque([call()] * 9))
        self.assertTrue(self.connection.released.wait(60))


class Answering(unittest.TestCase):
    """A worker that is sent many calls at once."""

    def setUp(self):
        self.process = Process(CODE)
        self.p = self.process.__enter__()
        self.addCleanup(self.process.__exit__)
        answer = self.p.create(kind="function", name="s", **{"class": "step"})
        self.assertEqual(answer.kind, OK, answer)

    def send(self, *bodies):
        data = b""
        for i, body in enumerate(bodies):
            text = json.dumps(body).encode()
            data += HEADER.pack(16 + len(text), CALL, JSON, 1, 1000 + i, 0) + text
        self.p.socket.sendall(data)

    def test_each_has_its_own(self):
        bodies = [[i] for i in range(500)]
        self.send(*bodies)
        answers = [self.p.next() for _ in bodies]
        self.assertEqual([a.call for a in answers], list(range(1000, 1500)))
        self.assertEqual([a.value for a in answers], bodies)

    def test_before_one_that_takes_long(self):
        bodies = [[i] for i in range(300)]
        self.send(*bodies, "wait", *bodies)
        answers = [self.p.next() for _ in bodies]  # all, although the next call has not ended
        self.assertEqual([a.value for a in answers], bodies)
        open(self.p.file + ".go", "w").close()
        self.assertEqual([self.p.next().value for _ in range(301)], ["wait", *bodies])

    def test_in_front_of_a_large_one(self):
        bodies = [[i] for i in range(100)] + [["x" * 100_000]] + [[i] for i in range(100)]
        self.send(*bodies)
        answers = [self.p.next() for _ in bodies]
        self.assertEqual([a.call for a in answers], list(range(1000, 1201)))
        self.assertEqual([a.value for a in answers], bodies)

    def test_in_order_with_logs_and_failures(self):
        bodies = [[0]] * 200
        self.send(*bodies, "log", *bodies, "fail", *bodies)
        kinds = []
        while len(kinds) < 603:
            kinds.append(self.p.read().kind)
        self.assertEqual(kinds.index(LOG), 200)
        self.assertEqual([i for i, k in enumerate(kinds) if k not in (OK, LOG)], [402])


if __name__ == "__main__":
    unittest.main()
