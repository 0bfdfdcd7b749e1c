"""Where coroutines run: on the main thread when there is nothing else, on a thread of their own when there is."""

from __future__ import annotations

import unittest

from tests.harness import CALL, CANCEL, CLOSE, ERROR, JSON, LOAD, OK, PING, Process

CODE = """
import asyncio, os, threading, time

async def where(event):
    assert asyncio.current_task() is not None
    return [threading.current_thread() is threading.main_thread(), threading.active_count()]
async def together(event):
    global arrived
    arrived += 1
    while arrived < event:
        await asyncio.sleep(0.001)
    return arrived
arrived = 0
async def ever(event):
    await asyncio.sleep(600)
async def soon(event):
    await asyncio.sleep(0.2)
    return event
async def leaves(event):
    async def leave(): raise SystemExit(4)
    asyncio.get_running_loop().create_task(leave())
    await asyncio.sleep(0.01)
    return event
async def asks_beside(event):
    import mlrun
    ask = lambda: mlrun.get_dataitem("x://z").local()
    return await asyncio.get_running_loop().run_in_executor(None, ask)
async def asks(event):
    import mlrun
    return mlrun.get_dataitem("x://z").local()
def plain(event): return event
class Beats:
    def __init__(self): self.beats = 0
    async def beat(self):
        while True:
            self.beats += 1
            await asyncio.sleep(0.001)
    async def do(self, event):
        if not self.beats:
            self.task = asyncio.get_running_loop().create_task(self.beat())
        await asyncio.sleep(0.01)
        return self.beats
"""


class Coroutines(unittest.TestCase):
    def start(self, p, name, obj=1, kind="function"):
        self.assertEqual(p.create(obj, kind=kind, name=name, **{"class": name}).kind, OK)

    def send(self, p, body, call, obj=1):
        p.send(CALL, None, body, JSON, obj, call)

    def test_alone_they_run_on_the_main_thread(self):
        with Process(CODE) as p:
            self.start(p, "where")
            for _ in range(3):
                self.assertEqual(p.call(1).value[0], True)

    def test_models_too(self):
        code = CODE + """
class Served(__import__("mlrun").serving.V2ModelServer):
    def load(self): pass
    async def predict(self, request): return await where(request)
class Operated(Served):
    def op_x(self, event): return 1
"""
        for name, alone in (("where", True), ("Served", True), ("Operated", False)):
            with self.subTest(name), Process(code) as p:
                self.start(p, name, kind="model")
                self.assertEqual(p.call({"inputs": [1]}, op="infer").value[0], alone)

    def test_beside_others_on_a_thread_of_their_own(self):
        with Process(CODE) as p:
            self.start(p, "where")
            self.assertEqual(p.call(1).value[0], True)
            self.start(p, "plain", obj=2)
            self.assertEqual(p.call(1).value[0], False)
            self.assertEqual(p.call("x", obj=2).value, "x")

    def test_what_they_have_begun_goes_on(self):
        with Process(CODE) as p:
            self.start(p, "Beats", kind="class")
            first = p.call(1).value
            self.start(p, "plain", obj=2)
            self.assertGreater(p.call(1).value, first)
            p.ask(CLOSE, obj=2)
            self.assertEqual(p.call(1).kind, OK)

    def test_many_at_a_time(self):
        with Process(CODE) as p:
            self.start(p, "together")
            for call in range(10, 60):
                self.send(p, b"50", call)
            self.assertEqual({p.next().value for _ in range(50)}, {50})

    def test_a_frame_that_is_no_call_does_not_wait_for_them(self):
        with Process(CODE) as p:
            self.start(p, "ever")
            self.send(p, b"1", 50)
            self.assertEqual(p.ask(PING).kind, OK)
            self.start(p, "soon", obj=2)
            self.assertEqual(p.call(7, obj=2).value, 7)
            p.send(CANCEL, None, b"", 0, 1, 50)
            answer = p.next()
            self.assertEqual((answer.kind, answer.call, answer.meta["class"]), (ERROR, 50, "CancelledError"))

    def test_the_end_waits_for_them(self):
        with Process(CODE) as p:
            self.start(p, "soon")
            self.send(p, b"1", 50)
            self.send(p, b"2", 51)
            p.send(CLOSE, None, b"", 0, 0, 52)
            self.assertEqual(sorted(p.next().call for _ in range(3)), [50, 51, 52])
            self.assertEqual(p.ends(), 0)

    def test_the_end_of_an_object_waits_for_nothing(self):
        with Process(CODE) as p:
            self.start(p, "soon")
            self.send(p, b"1", 50)
            p.send(CLOSE, None, b"", 0, 1, 51)
            self.assertEqual(sorted(p.next().call for _ in range(2)), [50, 51])
            self.assertEqual(p.call(1).kind, ERROR)

    def test_the_end_of_the_connection_ends_the_worker(self):
        with Process(CODE) as p:
            self.start(p, "ever")
            self.send(p, b"1", 50)
            p.socket.close()
            self.assertEqual(p.ends(), 0)

    def test_a_broken_frame_ends_the_worker(self):
        with Process(CODE) as p:
            self.start(p, "where")
            p.socket.sendall(b"\0" * 20)
            self.assertEqual(p.ends(), 3)

    def test_a_task_that_wants_the_end_is_told_of(self):
        with Process(CODE) as p:
            self.start(p, "leaves")
            self.assertEqual(p.call(1).value, 1)
            self.assertEqual(p.call(2).value, 2)
            self.assertTrue(p.wait_output(b"SystemExit(4)"))

    def test_questions_from_the_loop_and_beside_it(self):
        with Process(CODE) as p:
            p.answers["dataitem"] = lambda meta: {"file": "/got"}
            for name in ("asks", "asks_beside"):
                self.start(p, name)
                for _ in range(3):
                    self.assertEqual(p.call(1).value, "/got")

    def test_calls_that_come_with_an_answer_are_served(self):
        with Process(CODE) as p:
            for name in ("asks", "asks_beside"):
                self.start(p, name)
                self.start(p, "soon", obj=2)
                self.send(p, b"1", 50)
                question = p.read()
                for call in (51, 52):
                    self.send(p, b"3", call, obj=2)
                p.send(8, {"file": "/got"}, call=question.call)
                self.assertEqual(sorted(p.next().call for _ in range(3)), [50, 51, 52])
                self.assertEqual(p.ask(LOAD, obj=2).kind, OK)


class Beside(unittest.TestCase):
    def test_cancelled_before_the_loop_has_begun_it(self) -> None:
        code = """
        import asyncio, threading
        gate = threading.Event()
        async def waits(inputs):
            gate.wait()  # which holds up the loop
            await asyncio.sleep(inputs[0])
            return inputs
        def plain(inputs):
            if inputs: gate.set()
            return inputs
        """
        with Process(code) as p:
            for number, name in enumerate(("waits", "plain"), 1):
                p.create(number, kind="model", name=name, **{"class": name})
            calls = []
            for seconds in (0, 300):
                p.calls += 1
                calls.append(p.calls)
                p.send(CALL, {"op": "infer"}, b'{"inputs":[%d]}' % seconds, JSON, 1, p.calls)
                self.assertEqual(p.call({"inputs": []}, 2, op="infer").value, [])  # the call before is with the loop
            p.send(CANCEL, call=calls[1])
            p.calls += 1
            p.send(CALL, {"op": "infer"}, b'{"inputs":[1]}', JSON, 2, p.calls)
            got = {frame.call: frame for frame in (p.next() for _ in range(3))}
            self.assertEqual([got[call].kind for call in (*calls, p.calls)], [OK, ERROR, OK], got)
            self.assertEqual(got[calls[1]].meta["class"], "CancelledError")
