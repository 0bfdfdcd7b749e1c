"""Waiting awake: the words of the shared memory, and the box for answers."""

from __future__ import annotations

import _thread
import mmap
import os
import struct
import sys
import tempfile
import threading
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [ROOT, os.path.join(ROOT, "tests")]

from harness import BYTES, CALL, HEADER, OK, Process  # noqa: E402
from leat_worker.vigil import Vigil  # noqa: E402

CODE = """
import os

def echo(body):
    return body

def forks(body):
    child = os.fork()
    if not child:
        return b"child"
    os.waitpid(child, 0)
    return body
"""


class Words(unittest.TestCase):
    """A vigil with memory that this test writes for the server."""

    def setUp(self):
        self.memory = memoryview(bytearray(4096))
        self.words = self.memory[:128].cast("I")
        self.vigil = Vigil()
        self.vigil.begin(self.memory)

    def test_bytes_are_counted(self):
        self.vigil.sent((1 << 32) - 8)
        self.vigil.sent(20)
        self.assertEqual(self.words[16], 12)

    def test_box(self):
        self.assertFalse(self.vigil.put(b"nobody waits"))
        self.vigil.sent(100)
        self.words[2] = 7
        self.assertFalse(self.vigil.put(bytes(3969)), "too long")
        self.assertTrue(self.vigil.put(b"answer"))
        self.assertEqual(list(self.words[16:20]), [100, 7, 6, 100])
        self.assertEqual(bytes(self.memory[128:134]), b"answer")
        self.assertFalse(self.vigil.overlooked)
        self.assertFalse(self.vigil.put(b"the next"), "the server has not taken the last")
        self.words[2] = 0
        self.assertTrue(self.vigil.overlooked)

    def test_waits_only_if_told_to(self):
        self.assertLess(min(self._waited() for _ in range(1000)), 0.00015)
        self.words[1] = 1
        self.assertGreaterEqual(self._waited(), 0.00015)
        self.words[0] = 20
        self.assertLess(min(self._waited() for _ in range(1000)), 0.00015, "there is something to be read")
        self.vigil.read(20)
        self.assertGreaterEqual(self._waited(), 0.00015)

    def test_threads_of_the_users_come_first(self):
        self.words[1] = 1
        stop = threading.Event()
        thread = threading.Thread(target=stop.wait)
        before = _thread._count()
        thread.start()
        try:
            self.assertGreater(_thread._count(), before)
            self.assertLess(min(self._waited() for _ in range(1000)), 0.00015)
        finally:
            stop.set()
            thread.join()

    def _waited(self):
        began = time.perf_counter()
        self.vigil.wait()
        return time.perf_counter() - began

    def test_without_words(self):
        vigil = Vigil()
        vigil.sent(1)
        vigil.wait()
        self.assertFalse(vigil.put(b"x"))


class Boxes(unittest.TestCase):
    """A worker whose answers are waited for awake."""

    def setUp(self):
        file = tempfile.NamedTemporaryFile()
        self.addCleanup(file.close)
        file.truncate(1 << 20)
        self.memory = mmap.mmap(file.fileno(), 1 << 20)
        self.p = Process(CODE, config={"shm": {"file": file.name, "size": 1 << 20, "words": True}})
        self.p.__enter__()
        self.addCleanup(self.p.__exit__)

    def boxed(self, wait, call):
        """The payload of the answer to a call in the box, of a wait with that number."""
        struct.pack_into("<I", self.memory, 8, wait)
        self.p.send(CALL, {}, b"hello", BYTES, 1, call)
        end = time.monotonic() + 300
        while struct.unpack_from("<I", self.memory, 68)[0] != wait and time.monotonic() < end:
            time.sleep(0.001)
        said, put, size, at = struct.unpack_from("<IIII", self.memory, 64)
        self.assertEqual((put, at), (wait, said))
        self.assertGreater(at, 0)
        self.assertEqual(HEADER.unpack_from(self.memory, 128)[1:5], (OK, BYTES, 1, call))
        return self.memory[128 + HEADER.size : 128 + size]

    def test_an_answer(self):
        self.p.create(kind="function", name="e", **{"class": "echo"})
        self.assertEqual(self.boxed(5, 77), b"hello")
        self.assertEqual(self.p.call(b"again").payload, b"again", "the box is full: by the socket")
        struct.pack_into("<I", self.memory, 8, 6)
        self.assertEqual(self.p.call(bytes(4000)).payload, bytes(4000), "too long for the box")

    def test_a_child_does_not_answer(self):
        self.p.create(kind="function", name="e", **{"class": "forks"})
        self.assertEqual(self.boxed(5, 77), b"hello")


if __name__ == "__main__":
    unittest.main()
