"""Models of Triton's that ask others: what the server is asked, and what becomes of its answers."""

from __future__ import annotations

import struct
import unittest

from tests.harness import ANSWER, ASK, CALL, ERROR, LOG, OK, PYTHON, TENSORS, Answer, Process
from tests.test_runtimes import has_numpy, tensor

CODE = """
import asyncio, threading
import numpy as np
import triton_python_backend_utils as pb

class Base:
    @staticmethod
    def auto_complete_config(config):
        config.add_input({"name": "IN", "data_type": "TYPE_INT32", "dims": [1]})
        config.add_output({"name": "OUT", "data_type": "TYPE_INT32", "dims": [-1]})
        config.set_max_batch_size(0)
        return config

def to(model, request, **more):
    return pb.InferenceRequest(model_name=model, requested_output_names=["y"], inputs=[pb.Tensor("x", request.inputs()[0].as_numpy())], **more)

def out(response):
    if response.has_error():
        e = response.error()
        return pb.InferenceResponse(error=pb.TritonError(f"{e.code().name}: {e.message()}", e.code()))
    array = pb.get_output_tensor_by_name(response, "y").as_numpy()
    array += 1  # it may be written to
    return pb.InferenceResponse([pb.Tensor("OUT", array)])

class Plain(Base):
    def execute(self, requests):
        return [out(to("m", r, request_id="a", correlation_id=7, flags=3, timeout=9, model_version=2, parameters={"k": 1}).exec()) for r in requests]

class Threaded(Base):
    def execute(self, requests):
        got = []
        t = threading.Thread(target=lambda: got.append(to("m", requests[0]).exec()))
        t.start()
        t.join()
        return [out(got[0])]

class Asynchronous(Base):
    async def execute(self, requests):
        both = [to(m, requests[0]).async_exec() for m in ("m", "n")]
        first, second = await asyncio.gather(*both)
        return [out(second)]

class OwnLoop(Base):
    def execute(self, requests):
        async def both():
            return await asyncio.gather(to("m", requests[0]).async_exec(), to("n", requests[0]).async_exec())
        return [out(asyncio.run(both())[1])]

class Many(Base):
    def execute(self, requests):
        said = []
        for r in to("m", requests[0]).exec(decoupled=True):
            said.append(r.error().message() if r.has_error() else int(r.output_tensors()[0].as_numpy()[0]))
        return [pb.InferenceResponse(error=pb.TritonError(str(said)))]

class ManyAwaited(Base):
    async def execute(self, requests):
        said = []
        async for r in await to("m", requests[0]).async_exec(decoupled=True):
            said.append(r.error().message() if r.has_error() else int(r.output_tensors()[0].as_numpy()[0]))
        return [pb.InferenceResponse(error=pb.TritonError(str(said)))]

class Early(Base):
    def initialize(self, args):
        class request:
            inputs = staticmethod(lambda: [pb.Tensor("x", np.zeros(1, np.int32))])
        try:
            to("m", request).exec()
        except pb.TritonModelException as exc:
            self.said = str(exc)
    def execute(self, requests):
        return [pb.InferenceResponse(error=pb.TritonError(self.said))]

class Changes(Base):
    def execute(self, requests):
        pb.load_model("m", config="{}", files={"file:1/model.py": b"code"})
        try:
            pb.unload_model("n")
        except pb.TritonModelException as exc:
            return [pb.InferenceResponse(error=pb.TritonError(f"{pb.is_model_ready('m', '3')} {exc}"))]

class Wrong(Base):
    def execute(self, requests):
        said = []
        for make in (
            lambda: pb.InferenceRequest(model_name="m", inputs=[]),
            lambda: pb.InferenceRequest(model_name="m", inputs=[None], requested_output_names=[]),
            lambda: pb.InferenceRequest(model_name="m", inputs=[1], requested_output_names=[]),
            lambda: pb.InferenceRequest(model_name="m", inputs=[], requested_output_names=[""]),
            lambda: to("m", requests[0], parameters={"a": 1.5}),
            lambda: to("m", requests[0], parameters="{}"),
            lambda: to("m", requests[0], correlation_id=1.5),
            lambda: pb.is_model_ready("m", "x"),
            lambda: pb.load_model("m", files=[]),
            lambda: to("m", requests[0]).async_exec(),
        ):
            try:
                make()
            except Exception as exc:
                said.append(type(exc).__name__)
        return [pb.InferenceResponse(error=pb.TritonError(" ".join(said)))]

for c in Base.__subclasses__():
    c.__name__ = "TritonPythonModel"  # which makes it one
"""
META = {"tensors": [tensor("IN", "INT32", [1])]}
DONE = {"tensors": [tensor("y", "INT32", [1])]}


@unittest.skipUnless(has_numpy(), f"{PYTHON} has no numpy")
class Calls(unittest.TestCase):
    def asked(self, name: str, *answers: tuple[dict, int]) -> tuple[Answer, list[Answer]]:
        """Calls a model once, and answers what it asks in turn: its answer, and what it asked."""
        asked: list[Answer] = []
        with Process(CODE) as p:
            created = p.create(kind="triton", name="s", **{"class": name})
            self.assertEqual(created.kind, OK, created)
            p.send(CALL, META, struct.pack("<i", 5), TENSORS, 1, 99)
            while True:
                frame = p.read()
                if frame.kind == ASK and frame.call:
                    meta, value = answers[len(asked)]
                    asked.append(frame)
                    payload = struct.pack("<ii", value, 0) if meta is DONE else b""
                    p.send(ANSWER, meta, payload, TENSORS if payload else 0, call=frame.call)
                elif frame.kind not in (ASK, LOG):
                    return frame, asked

    def test_one(self) -> None:
        answer, asked = self.asked("Plain", (DONE, 40))
        self.assertEqual((answer.kind, answer.payload[:4]), (OK, struct.pack("<i", 41)))
        want = {
            "ask": "infer", "model": "m", "version": "2", "id": "a", "outputs": ["y"], "call": 99, "blocks": True,
            "params": {"k": 1, "sequence_id": 7, "sequence_start": True, "sequence_end": True, "timeout": 9},
            "tensors": [tensor("x", "INT32", [1])],
        }  # fmt: skip
        self.assertEqual((asked[0].meta, asked[0].payload[:4]), (want, struct.pack("<i", 5)))

    def test_a_failure_is_a_response(self) -> None:
        answer, _ = self.asked("Plain", ({"failed": "no such model", "code": 4}, 0))
        self.assertEqual((answer.kind, answer.meta["message"], answer.meta["status"]), (ERROR, "UNAVAILABLE: no such model", 503))

    def test_several(self) -> None:
        for name, blocks in (("Asynchronous", False), ("OwnLoop", True)):
            with self.subTest(name):
                answer, asked = self.asked(name, (DONE, 1), (DONE, 2))
                values = {a.meta["model"]: value for a, value in zip(asked, (1, 2))}
                self.assertEqual((answer.kind, answer.payload[:4]), (OK, struct.pack("<i", values["n"] + 1)))
                self.assertEqual([(a.meta["call"], a.meta["blocks"]) for a in asked], [(99, blocks)] * 2)

    def test_a_thread_of_its_own(self) -> None:
        answer, asked = self.asked("Threaded", (DONE, 1))
        self.assertEqual((answer.kind, asked[0].meta["call"], asked[0].meta["blocks"]), (OK, 99, True))

    def test_many(self) -> None:
        for name, blocks in (("Many", True), ("ManyAwaited", False)):
            with self.subTest(name):
                answer, asked = self.asked(name, ({"number": 3}, 0), (DONE, 1), ({"failed": "two", "code": 1}, 0), (DONE, 3), ({"over": True}, 0))
                self.assertEqual((answer.kind, answer.meta["message"]), (ERROR, "[1, 'two', 3]"))
                self.assertTrue(asked[0].meta["many"])
                self.assertEqual([a.meta for a in asked[1:]], [{"ask": "next", "number": 3, "blocks": blocks}] * 4)
                answer, asked = self.asked(name, ({"failed": "none", "code": 1}, 0))
                self.assertEqual((answer.meta["message"], len(asked)), ("['none']", 1))

    def test_only_in_execute(self) -> None:
        answer, asked = self.asked("Early")
        self.assertEqual((answer.meta["message"], asked), ("BLS is only supported during the 'execute' function.", []))

    def test_changes(self) -> None:
        answer, asked = self.asked("Changes", ({}, 0), ({"failed": "no", "code": 1}, 0), ({"ready": False}, 0))
        self.assertEqual(answer.meta["message"], "False Failed to unload model: no")
        self.assertEqual((asked[0].meta["files"], asked[0].meta["config"], asked[0].payload), ([{"name": "file:1/model.py", "size": 4}], "{}", b"code"))
        self.assertEqual((asked[1].meta["model"], asked[2].meta["version"]), ("n", "3"))

    def test_what_is_refused(self) -> None:
        answer, asked = self.asked("Wrong")
        model = "TritonModelException"
        want = ["TypeError", model, "TypeError", model, model, model, model, model, model, "RuntimeError"]
        self.assertEqual((answer.meta["message"].split(), asked), (want, []))


if __name__ == "__main__":
    unittest.main()
