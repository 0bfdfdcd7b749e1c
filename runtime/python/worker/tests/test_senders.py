"""Models of Triton's that send their answers within execute, and what waits of them."""

from __future__ import annotations

import struct
import unittest

from tests.harness import CALL, CANCEL, ERROR, OK, PART, PYTHON, TENSORS, Process
from tests.test_runtimes import has_numpy, tensor

MORE = 10
CODE = """
import asyncio
import numpy as np
import triton_python_backend_utils as pb

class Base:
    seen = []
    @staticmethod
    def auto_complete_config(config):
        config.add_input({"name": "IN", "data_type": "TYPE_INT32", "dims": [1]})
        config.add_output({"name": "OUT", "data_type": "TYPE_INT32", "dims": [-1]})
        config.set_max_batch_size(0)
        config.set_model_transaction_policy({"decoupled": True})
        return config

    def sends(self, request):
        sender = request.get_response_sender()
        n = int(request.inputs()[0].as_numpy()[0])
        numbers = np.zeros(2, np.int32)
        for numbers[0] in range(n):
            sender.send(pb.InferenceResponse([pb.Tensor("OUT", numbers), pb.Tensor("OTHER", numbers)]))
        self.seen.append(f"sent {n}")
        if n == 7:
            raise ValueError("seven")
        if n == 8:
            sender.send(pb.InferenceResponse(error=pb.TritonError("eight", pb.TritonError.UNAVAILABLE)))
            numbers[0] = 0
            sender.send(pb.InferenceResponse([pb.Tensor("OUT", numbers)]))
        sender.send(flags=pb.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
        try:
            sender.send(flags=pb.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
        except pb.TritonModelException as exc:
            self.seen.append(str(exc))

class Plain(Base):
    def execute(self, requests):
        self.sends(requests[0])

class Asynchronous(Base):
    async def execute(self, requests):
        await asyncio.sleep(0)
        self.sends(requests[0])

class Endless(Base):
    def __init__(self): self.tasks = []
    async def execute(self, requests):
        if requests[0].inputs()[0].as_numpy()[0] == 0:
            self.forever(requests[0])
        sender = requests[0].get_response_sender()
        self.tasks.append(asyncio.create_task(self.later(sender)))
        await asyncio.sleep(300)
    async def later(self, sender):
        for _ in range(9):
            sender.send(pb.InferenceResponse([pb.Tensor("OUT", np.zeros(2, np.int32))]))
        while not sender._to.cancelled:
            await asyncio.sleep(0.01)
        sender.send(pb.InferenceResponse([pb.Tensor("OUT", np.zeros(2, np.int32))]))
        self.seen.append("another task is not ended")
    def forever(self, request):
        sender = request.get_response_sender()
        while True:
            sender.send(pb.InferenceResponse([pb.Tensor("OUT", np.zeros(100_000, np.int32))]))

class Polite(Base):
    def execute(self, requests):
        sender = requests[0].get_response_sender()
        sent = 0
        while not sender.is_cancelled():
            sender.send(pb.InferenceResponse([pb.Tensor("OUT", np.zeros(100_000, np.int32))]))
            sent += 1
        sender.send(pb.InferenceResponse(error=pb.TritonError("cancelled", pb.TritonError.CANCELLED)))
        self.seen.append("knows that it is cancelled")
        sender.send(flags=pb.TRITONSERVER_RESPONSE_COMPLETE_FINAL)

class Once:
    def execute(self, requests):
        import time
        end = time.monotonic() + 300
        while not requests[0].is_cancelled() and time.monotonic() < end:
            time.sleep(0.01)
        Base.seen.append("cancelled" if requests[0].is_cancelled() else "never cancelled")
        return [pb.InferenceResponse(error=pb.TritonError("cancelled"))]

class Says:
    def execute(self, requests):
        text = np.array(["; ".join(Base.seen)], object)
        return [pb.InferenceResponse([pb.Tensor("SAID", text)])]

for c in (Plain, Asynchronous, Endless, Polite, Once, Says):
    c.__name__ = "TritonPythonModel"  # which makes it one
"""
CLASSES = ["Plain", "Asynchronous", "Endless", "Polite", "Once", "Says"]


@unittest.skipUnless(has_numpy(), f"{PYTHON} has no numpy")
class Senders(unittest.TestCase):
    def setUp(self) -> None:
        self.p = Process(CODE)
        self.p.__enter__()
        self.addCleanup(self.p.__exit__, None, None, None)
        for number, name in enumerate(CLASSES, 1):
            answer = self.p.create(number, **{"kind": "triton", "class": name, "name": name})
            self.assertEqual(answer.kind, OK, answer)

    def begin(self, name: str, n: int, window: int = 4) -> int:
        self.p.calls += 1
        meta = {"tensors": [tensor("IN", "INT32", [1])], **({"stream": window} if window else {})}
        self.p.send(CALL, meta, struct.pack("<i4x", n), TENSORS, CLASSES.index(name) + 1, self.p.calls)
        return self.p.calls

    def parts(self, call: int, first: int, n: int) -> None:
        """The next answers of a call, which have one output each, as it was when it was sent."""
        for i in range(first, first + n):
            frame = self.p.next()
            self.assertEqual((frame.kind, frame.call, [t["name"] for t in frame.meta.get("tensors", [])]), (PART, call, ["OUT"]), frame)
            self.assertEqual(struct.unpack("<ii", frame.payload[:8]), (i, 0))

    def said(self) -> str:
        self.begin("Says", 0, window=0)
        frame = self.p.next()
        return frame.meta["tensors"][0]["data"][0]

    def test_what_is_sent_waits_and_nobody_else(self) -> None:
        for name in ("Plain", "Asynchronous"):
            with self.subTest(name):
                call = self.begin(name, 10)
                self.parts(call, 0, 4)
                other = self.begin(name, 3)
                self.parts(other, 0, 3)
                self.assertEqual(self.p.next().meta, {"streamed": True})
                self.assertIn("sent 10; Unable to send response. Response sender has been closed.; sent 3", self.said())
                for first in (4, 7):
                    self.p.send(MORE, {"parts": 3}, call=call)
                    self.parts(call, first, 3)
                last = self.p.next()
                self.assertEqual((last.kind, last.call, last.meta), (OK, call, {"streamed": True}))

    def test_failures_come_behind_what_waits(self) -> None:
        for name in ("Plain", "Asynchronous"):
            with self.subTest(name):
                call = self.begin(name, 7)
                self.parts(call, 0, 4)
                self.said()
                self.p.send(MORE, {"parts": 4}, call=call)
                self.parts(call, 4, 3)
                last = self.p.next()
                self.assertEqual((last.kind, last.meta["message"], last.meta.get("status")), (ERROR, "seven", None))

    def test_a_response_that_is_an_error_is_not_the_last(self) -> None:
        for name in ("Plain", "Asynchronous"):
            with self.subTest(name):
                call = self.begin(name, 8)
                self.parts(call, 0, 4)
                self.said()
                self.p.send(MORE, {"parts": 4}, call=call)
                self.parts(call, 4, 4)
                self.p.send(MORE, {"parts": 4}, call=call)
                error = self.p.next()
                self.assertEqual((error.kind, error.meta), (PART, {"failed": True, "error": "eight", "status": 503}))
                self.parts(call, 0, 1)
                last = self.p.next()
                self.assertEqual((last.kind, last.meta), (OK, {"streamed": True}))

    def test_cancelled_behind_execute(self) -> None:
        for name in ("Plain", "Asynchronous"):
            with self.subTest(name):
                call = self.begin(name, 10)
                self.parts(call, 0, 4)
                self.said()
                self.p.send(CANCEL, call=call)
                last = self.p.next()
                self.assertEqual((last.kind, last.call, last.meta["class"]), (ERROR, call, "CancelledError"))

    def test_code_that_looks_whether_it_was_cancelled(self) -> None:
        call = self.begin("Polite", 0)
        for _ in range(3):
            self.assertEqual(self.p.next().kind, PART)
        self.p.send(CANCEL, call=call)
        last = self.p.next()
        while last.kind == PART:
            last = self.p.next()
        self.assertEqual((last.kind, last.meta["class"]), (ERROR, "CancelledError"))
        self.assertIn("knows that it is cancelled", self.said())

    def test_coroutines_that_are_cancelled(self) -> None:
        for n, parts in ((0, 3), (1, 4)):
            call = self.begin("Endless", n)
            for _ in range(parts):
                self.assertEqual(self.p.next().kind, PART)
            self.p.send(CANCEL, call=call)
            last = self.p.next()
            while last.kind == PART:
                last = self.p.next()
            self.assertEqual((last.kind, last.meta["class"]), (ERROR, "CancelledError"))
        while "another task is not ended" not in self.said():
            pass

    def test_a_call_that_is_answered_once(self) -> None:
        call = self.begin("Once", 0, window=0)
        waits = self.begin("Plain", 1)
        self.p.send(CANCEL, call=waits)
        refused = self.p.next()
        self.assertEqual((refused.kind, refused.call, refused.meta["class"]), (ERROR, waits, "CancelledError"))
        self.p.send(CANCEL, call=call)
        self.assertEqual(self.p.next().meta["message"], "cancelled")
        self.assertEqual(self.said(), "cancelled")


class Utilities(unittest.TestCase):
    @unittest.skipUnless(has_numpy(), f"{PYTHON} has no numpy")
    def test_metrics(self) -> None:
        code = """
        import triton_python_backend_utils as pb
        def numbers(inputs):
            seen, size = pb.MetricFamily("seen", "", pb.MetricFamily.COUNTER), pb.MetricFamily(name="size", description="", kind=pb.MetricFamily.GAUGE)
            a, b = seen.Metric(labels={"y": "2", "x": "1"}), size.Metric()
            a.increment(2.5)
            b.set(7)
            b.increment(-3)
            wrong = []
            for act in (lambda: a.increment(-1), lambda: a.set(1), lambda: pb.MetricFamily("z", "", "gauge")):
                try: act()
                except Exception as exc: wrong.append(str(exc))
            b.increment(float("nan"))
            from leat_worker import tritonmetrics
            return [a.value(), seen.Metric({"x": "1", "y": "2"}).value(), tritonmetrics.news(), tritonmetrics.news(), wrong]
        """
        with Process(code) as p:
            p.create(1, **{"kind": "model", "class": "numbers", "name": "numbers"})
            a, same, news, none, wrong = p.call({"inputs": []}, 1, op="infer").value
            self.assertEqual((a, same, news, none), (2.5, 2.5, {'seen{x="1",y="2"}': 2.5}, None))
            self.assertEqual(len(wrong), 3, wrong)

    @unittest.skipUnless(has_numpy(), f"{PYTHON} has no numpy")
    def test_types(self) -> None:
        code = """
        import json
        import numpy as np
        import triton_python_backend_utils as pb
        def said(inputs):
            array = np.array([[b"a", "\\u00e9"], [b"", 7]], object)
            flat = pb.serialize_byte_tensor(array)
            return {
                "flat": flat.hex(), "back": [x.decode() for x in pb.deserialize_bytes_tensor(flat)],
                "numbers": [pb.numpy_to_triton_type(t) for t in (np.bool_, np.float32, np.int64, np.object_, np.bytes_)],
                "same": [pb.numpy_to_triton_type(pb.triton_to_numpy_type(n)) for n in range(1, 14)],
                "dtype": pb.Tensor("x", np.zeros(1, np.float16)).triton_dtype(),
                "strings": pb.triton_string_to_numpy("TYPE_STRING") is np.object_ and len(pb.TRITON_STRING_TO_NUMPY),
                "none": [pb.serialize_byte_tensor(np.zeros(1)), pb.serialize_byte_tensor(np.zeros(0, object))],
            }
        def wrong(inputs):
            import triton_python_backend_utils as pb
            return pb.deserialize_bytes_tensor(b"\\5\\0\\0\\0ab").tolist()
        """
        with Process(code) as p:
            p.create(1, **{"kind": "model", "class": "said", "name": "said"})
            p.create(2, **{"kind": "model", "class": "wrong", "name": "wrong"})
            got = p.call({"inputs": []}, 1, op="infer").value
            self.assertEqual(
                got,
                {
                    "flat": (b"\1\0\0\0a" + b"\2\0\0\0\xc3\xa9" + b"\0\0\0\0" + b"\1\0\0\x007").hex(),
                    "back": ["a", "é", "", "7"], "numbers": [1, 11, 9, 13, 13], "same": list(range(1, 14)),
                    "dtype": 10, "strings": 13, "none": [None, []],
                },
            )  # fmt: skip
            self.assertIn("ends within an element", p.call({"inputs": []}, 2, op="infer").meta["message"])


if __name__ == "__main__":
    unittest.main()
