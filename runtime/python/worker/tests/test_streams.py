"""Calls that are answered any number of times."""

from __future__ import annotations

import json
import unittest

from tests.harness import CALL, CANCEL, CLOSE, ERROR, JSON, OK, PART, PING, Process

MORE = 10
CODE = """
import asyncio, threading
import numpy as np
import triton_python_backend_utils as pb
from mlrun.serving import V2ModelServer

seen = []
def said(inputs): return seen

def many(inputs):
    i = -1
    try:
        for i in range(inputs[0]): yield {"i": i}
    except GeneratorExit:
        seen.append(f"closed behind {i}")
        raise

def fails(inputs):
    yield 1
    raise ValueError("in the middle")

def large(inputs):
    for i in range(inputs[0]): yield "x" * 600_000

def once(inputs): return inputs

async def many_async(inputs):
    i = -1
    try:
        for i in range(inputs[0]):
            await asyncio.sleep(0)
            yield i
    finally:
        seen.append(f"async closed behind {i}")

class Posts(V2ModelServer):
    def load(self): pass
    def predict(self, request):
        for x in request["inputs"]: yield x
    def postprocess(self, response):
        return {**response, "extra": response["outputs"] * 2}

class Asks(V2ModelServer):
    def load(self): pass
    def preprocess(self, request, operation):
        self.context.get_secret("key")
        return request
    def predict(self, request):
        try:
            for i in range(request["inputs"][0]): yield i
        finally:
            seen.append("taken back")

class TritonPythonModel:
    @staticmethod
    def auto_complete_config(config):
        config.add_input({"name": "IN", "data_type": "TYPE_INT32", "dims": [1]})
        config.add_output({"name": "OUT", "data_type": "TYPE_INT32", "dims": [1]})
        config.set_max_batch_size(0)
        config.set_model_transaction_policy({"decoupled": True})
        return config
    def execute(self, requests):
        request, = requests
        n = int(request.inputs()[0].as_numpy()[0])
        threading.Thread(target=self.send, args=(request.get_response_sender(), n)).start()
    def send(self, sender, n):
        sent = 0
        while sent < n and not sender.is_cancelled():
            sender.send(pb.InferenceResponse([pb.Tensor("OUT", np.array([sent], np.int32))]))
            sent += 1
        seen.append(f"sent {sent}" + (" and was cancelled" if sender.is_cancelled() else ""))
        if n == 3:
            sender.send(pb.InferenceResponse([], error=pb.TritonError("three is too many")))
        if n != 2:
            sender.send(flags=pb.TRITONSERVER_RESPONSE_COMPLETE_FINAL)  # else at the end of the sender
"""


class Streams(unittest.TestCase):
    def setUp(self) -> None:
        self.p = Process(CODE)
        self.p.__enter__()
        self.addCleanup(self.p.__exit__, None, None, None)
        self.objects: dict[str, int] = {}

    def begin(self, name: str, n: object, window: int = 4) -> int:
        """Puts a call to a model; its number."""
        if name not in self.objects:
            self.objects[name] = len(self.objects) + 1
            answer = self.p.create(self.objects[name], **{"kind": "model", "class": name, "name": name})
            self.assertEqual(answer.kind, OK, answer)
        self.p.calls += 1
        body = {"inputs": [n]}
        if name == "TritonPythonModel":
            body = {"inputs": [{"name": "IN", "shape": [1], "datatype": "INT32", "data": [n]}]}
        self.p.send(CALL, {"op": "infer", "stream": window}, json.dumps(body).encode(), JSON, self.objects[name], self.p.calls)
        return self.p.calls

    def more(self, call: int, parts: int) -> None:
        self.p.send(MORE, {"parts": parts}, call=call)

    def parts(self, n: int) -> list[object]:
        frames = [self.p.next() for _ in range(n)]
        self.assertEqual([f.kind for f in frames], [PART] * n, frames)
        return [f.value for f in frames]

    def ended(self) -> None:
        last = self.p.next()
        self.assertEqual((last.kind, last.meta), (OK, {"streamed": True}), last)

    def stops(self) -> None:
        """Nothing more comes: the answer to a question behind it does."""
        for _ in range(3):
            self.assertEqual(self.p.ask(PING).kind, OK)

    def said(self) -> object:
        self.begin("said", 0)
        return self.p.next().value

    def test_elements(self) -> None:
        self.begin("many", 3)
        self.assertEqual(self.parts(3), [{"i": 0}, {"i": 1}, {"i": 2}])
        self.ended()
        self.begin("many", 0)
        self.ended()

    def test_what_answers_once(self) -> None:
        self.begin("once", 5)
        answer = self.p.next()
        self.assertEqual((answer.kind, answer.value, answer.meta), (OK, [5], {}))

    def test_no_more_than_the_window(self) -> None:
        for name in ("many", "many_async", "TritonPythonModel"):
            with self.subTest(name):
                call = self.begin(name, 10)
                self.parts(4)
                self.stops()
                self.more(call, 2)
                self.parts(2)
                self.stops()
                self.more(call, 4)
                self.parts(4)
                self.more(call, 1)
                self.ended()

    def test_large_elements_one_after_another(self) -> None:
        call = self.begin("large", 4, window=100)
        for _ in range(2):
            self.parts(2)  # the second passes a mebibyte
            self.stops()
            self.more(call, 2)
        self.ended()

    def test_elements_of_one_call_do_not_hold_up_another(self) -> None:
        slow = self.begin("many", 10)
        self.parts(4)
        self.begin("many", 2)
        self.parts(2)
        self.ended()
        self.more(slow, 6)
        self.parts(4)
        self.more(slow, 4)
        self.parts(2)
        self.ended()

    def test_cancelled(self) -> None:
        for name, what in (("many", "closed behind 3"), ("many_async", "async closed behind 3"), ("TritonPythonModel", "sent [45] and was cancelled")):
            with self.subTest(name):
                call = self.begin(name, 1_000_000)
                self.parts(4)
                self.p.send(CANCEL, call=call)
                last = self.p.next()
                self.assertEqual((last.kind, last.meta["class"]), (ERROR, "CancelledError"), last)
                self.assertRegex(self.said()[-1], what)

    def test_cancelled_before_there_is_a_generator(self) -> None:
        self.begin("Asks", 0)
        self.ended()

        def answer(_: object) -> dict[str, object]:
            self.p.send(CANCEL, call=call)
            return {"value": "x"}

        self.p.answers["secret"] = answer
        call = self.p.calls + 1
        self.assertEqual(self.begin("Asks", 1_000_000), call)
        last = self.p.next()
        while last.kind == PART:
            last = self.p.next()
        self.assertEqual((last.kind, last.call, last.meta.get("class")), (ERROR, call, "CancelledError"), last)

    def test_failures_behind_elements(self) -> None:
        self.begin("fails", 0)
        self.assertEqual(self.parts(1), [1])
        last = self.p.next()
        self.assertEqual((last.kind, last.meta["message"], last.meta["doing"]), (ERROR, "in the middle", "predict"))
        self.begin("TritonPythonModel", 3)
        self.parts(3)
        error, last = self.p.next(), self.p.next()
        self.assertEqual((error.kind, error.meta), (PART, {"failed": True, "error": "three is too many"}))
        self.assertEqual((last.kind, last.meta), (OK, {"streamed": True}))

    def test_a_sender_that_is_let_go(self) -> None:
        self.begin("TritonPythonModel", 2)
        self.parts(2)
        self.ended()

    def test_each_answer_is_processed(self) -> None:
        self.begin("Posts", 7)
        part = self.p.next()
        self.assertEqual((part.kind, part.value["outputs"], part.value["extra"]), (PART, 7, 14))
        self.ended()

    def test_what_is_said_of_models(self) -> None:
        for name, streams in (("many", True), ("many_async", True), ("once", None), ("Posts", True), ("TritonPythonModel", True)):
            answer = self.p.create(9, **{"kind": "model", "class": name, "name": name})
            self.assertEqual(answer.meta.get("streams"), streams, name)
        self.assertTrue(answer.meta["decoupled"])

    def test_the_worker_ends_behind_its_streams(self) -> None:
        call = self.begin("many", 6)
        self.parts(4)
        self.p.calls += 1
        self.p.send(CLOSE, call=self.p.calls)
        self.assertEqual(self.p.next().kind, OK)
        self.more(call, 4)
        self.parts(2)
        self.ended()
        self.assertEqual(self.p.ends(), 0)


if __name__ == "__main__":
    unittest.main()
