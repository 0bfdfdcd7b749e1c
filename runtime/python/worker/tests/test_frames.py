"""Every kind of frame, and what is no frame."""

from __future__ import annotations

import json
import os
import threading
import unittest

from tests import harness
from tests.harness import CALL, CANCEL, CLOSE, CONFIG, DESCRIBE, ERROR, HEADER, JSON, LOAD, OK, PING, Gone, Process

ECHO = "def echo(event):\n    return event\n"


class Frames(unittest.TestCase):
    def test_config_tells_the_versions(self):
        with Process(ECHO) as p:
            self.assertEqual(p.hello.kind, OK)
            self.assertEqual(p.hello.meta["version"], 1)
            self.assertEqual(p.hello.meta["pid"], p.process.pid)
            self.assertRegex(p.hello.meta["python"], r"^3\.\d+\.\d+")

    def test_another_version_is_refused(self):
        with Process(ECHO) as p:
            answer = p.ask(CONFIG, {"version": 2})
            self.assertEqual(answer.kind, ERROR)
            self.assertIn("version 2", answer.meta["message"])

    def test_ping_and_close(self):
        with Process(ECHO) as p:
            self.assertEqual(p.ask(PING).kind, OK)
            self.assertEqual(p.ask(CLOSE).kind, OK)
            self.assertEqual(p.ends(), 0)

    def test_the_end_of_the_connection_ends_the_worker(self):
        with Process(ECHO) as p:
            p.socket.close()
            self.assertEqual(p.ends(), 0)

    def test_unknown_objects_are_errors(self):
        with Process(ECHO) as p:
            self.assertIn("no object 9", p.call({}, obj=9).meta["message"])
            self.assertIn("no object 9", p.ask(LOAD, obj=9).meta["message"])
            self.assertEqual(p.ask(CLOSE, obj=9).kind, OK)

    def test_what_is_not_loaded_is_not_called(self):
        with Process(ECHO) as p:
            p.create(load=False, kind="function", name="e", **{"class": "echo"})
            self.assertIn("loaded", p.call({}).meta["message"])
            p.ask(LOAD, obj=1)
            self.assertEqual(p.call({"a": 1}).value, {"a": 1})
            p.ask(CLOSE, obj=1)
            self.assertEqual(p.call({}).kind, ERROR)

    def test_many_frames_at_once_are_answered_in_order(self):
        with Process(ECHO) as p:
            p.create(kind="function", name="e", **{"class": "echo"})
            bodies = [json.dumps([i, "x" * (i * 97 % 5000)]).encode() for i in range(300)]
            data = b"".join(HEADER.pack(16 + len(b), CALL, JSON, 1, i + 10, 0) + b for i, b in enumerate(bodies))
            sender = threading.Thread(target=p.socket.sendall, args=(data,))
            sender.start()
            for i, body in enumerate(bodies):
                answer = p.next()
                self.assertEqual((answer.call, answer.value), (i + 10, json.loads(body)))
            sender.join()

    def test_one_byte_at_a_time(self):
        with Process(ECHO) as p:
            p.create(kind="function", name="e", **{"class": "echo"})
            data = HEADER.pack(16 + 2, CALL, JSON, 1, 77, 0) + b"17"
            for i in range(len(data)):
                p.socket.sendall(data[i : i + 1])
            self.assertEqual(p.next().value, 17)

    def test_large_bodies(self):
        with Process(ECHO) as p:
            p.create(kind="function", name="e", **{"class": "echo"})
            for size in (65535, 65536, 131000, 131072, 200000, 5 << 20):
                data = os.urandom(size)
                self.assertEqual(p.call(data).payload, data, size)

    def test_broken_frames_end_the_connection(self):
        whole = HEADER.pack(16, PING, 0, 0, 1, 0)
        for name, data in {
            "a size below the header's": HEADER.pack(3, PING, 0, 0, 1, 0),
            "metadata longer than the frame": HEADER.pack(16, PING, 0, 0, 1, 100),
            "a size above the limit": HEADER.pack(2 << 30, PING, 0, 0, 1, 0),
            "metadata above the limit": HEADER.pack(1 << 29, PING, 0, 0, 1, 17 << 20),
            "an unknown kind": HEADER.pack(16, 77, 0, 0, 1, 0),
            "metadata that is not JSON": HEADER.pack(16 + 3, PING, 0, 0, 1, 3) + b"{x}",
            "metadata that is no object": HEADER.pack(16 + 2, PING, 0, 0, 1, 2) + b"[]",
            "metadata that is not UTF-8": HEADER.pack(16 + 2, PING, 0, 0, 1, 2) + b"\xff\xfe",
            "metadata nested without end": HEADER.pack(16 + 200000, PING, 0, 0, 1, 200000) + b"[" * 200000,
        }.items():
            with self.subTest(name), Process(ECHO) as p:
                p.socket.sendall(whole)
                self.assertEqual(p.next().kind, OK)
                p.socket.sendall(data)
                with self.assertRaises((Gone, ConnectionResetError)):
                    p.next()
                self.assertEqual(p.ends(), 3)
                self.assertTrue(p.wait_output(b"the connection to the server is broken"))

    def test_max_frame_holds_for_results(self):
        with Process("def big(event):\n    return b'x' * event\n", config={"max_frame": 1 << 20}) as p:
            p.create(kind="function", name="b", **{"class": "big"})
            answer = p.call(2 << 20)
            self.assertEqual((answer.kind, answer.meta["class"]), (ERROR, "TypeError"))
            self.assertIn("more than a frame", answer.meta["message"])
            self.assertEqual(len(p.call(1 << 19).payload), 1 << 19)

    def test_describe_comes_twice(self):
        with Process(ECHO) as p:
            first, second = p.ask(DESCRIBE), p.ask(DESCRIBE)
            self.assertEqual(first.meta, second.meta)


class Cancelling(unittest.TestCase):
    CODE = """
    import asyncio, os, time
    ran = []
    def slow(event):
        ran.append(event)
        while not os.path.exists(__file__ + ".go"):  # what follows has come
            time.sleep(0.001)
        return ran
    async def later(event):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ran.append("cancelled")
            raise
    def many(event):
        try:
            while True:
                time.sleep(0.01)
                yield 1
        finally:
            ran.append("closed")
    """

    def start(self, p, name):
        self.assertEqual(p.create(kind="function", name=name, **{"class": name}).kind, OK)

    def go(self, p):
        """Has `slow` end."""
        open(p.file + ".go", "w").close()

    def test_a_call_that_has_not_begun_is_not_begun(self):
        with Process(self.CODE) as p:
            self.start(p, "slow")
            for call in (11, 12, 13):
                p.send(CALL, None, str(call).encode(), JSON, 1, call)
            p.send(CANCEL, None, b"", 0, 1, 12)
            self.go(p)
            answers = {a.call: a for a in (p.next(), p.next(), p.next())}
            self.assertEqual(answers[12].meta["class"], "CancelledError")
            self.assertEqual(answers[13].value, [11, 13])

    def test_a_coroutine_is_cancelled(self):
        with Process(self.CODE) as p:
            self.start(p, "later")
            p.send(CALL, None, b"1", JSON, 1, 21)
            self.assertFalse(p.readable(0.2))
            p.send(CANCEL, None, b"", 0, 1, 21)
            answer = p.next()
            self.assertEqual((answer.kind, answer.call, answer.meta["class"]), (ERROR, 21, "CancelledError"))

    def test_a_generator_is_closed(self):
        with Process(self.CODE) as p:
            self.start(p, "many")
            p.send(CALL, None, b"1", JSON, 1, 31)
            self.assertEqual(p.next().kind, harness.PART)
            p.send(CANCEL, None, b"", 0, 1, 31)
            while (answer := p.next()).kind == harness.PART:
                pass
            self.assertEqual(answer.meta["class"], "CancelledError")
            self.start(p, "slow")
            self.go(p)
            self.assertEqual(p.call(1).value, ["closed", 1])

    def test_cancelling_what_is_not_there_does_nothing(self):
        with Process(self.CODE) as p:
            p.send(CANCEL, None, b"", 0, 1, 99)
            self.assertEqual(p.ask(PING).kind, OK)
