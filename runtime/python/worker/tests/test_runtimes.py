"""Custom runtimes of MLServer, models of Triton's Python backend, and files that models come in."""

from __future__ import annotations

import os
import struct
import subprocess
import unittest

from tests.harness import CALL, CLOSE, ERROR, OK, PART, PYTHON, TENSORS, Process
from tests.test_tensors import has_numpy, tensor

MLSERVER = '''
import asyncio, json
from mlserver import MLModel, types
from mlserver.codecs import StringCodec
from mlserver.errors import InferenceError
from mlserver.utils import get_model_uri

class Hello(MLModel):
    async def load(self) -> bool:
        print("loaded", self.name, self.version, self.settings.parameters.extra)
        return True

    async def predict(self, payload: types.InferenceRequest) -> types.InferenceResponse:
        asked = {i.name: json.loads("".join(self.decode(i, default_codec=StringCodec))) for i in payload.inputs}
        said = json.dumps({"request": asked, "from": "server"}).encode("UTF-8")
        return types.InferenceResponse(
            id=payload.id, model_name=self.name, model_version=self.version,
            outputs=[types.ResponseOutput(name="echo", shape=[len(said)], datatype="BYTES", data=[said],
                                          parameters=types.Parameters(content_type="str"))])
    async def unload(self): print("unloaded")

class Sum(MLModel):
    async def predict(self, payload):
        await asyncio.sleep(0.01)
        total = sum(payload.inputs[0].data.root)
        if total < 0: raise InferenceError("negative")
        return types.InferenceResponse(model_name=self.name, outputs=[types.ResponseOutput(name="sum", shape=[1, 1], datatype="FP32", data=[total])])

class File(MLModel):
    async def load(self):
        self.file = await get_model_uri(self._settings, wellknown_filenames=["model.txt"])
        return True
    async def predict(self, payload):
        return types.InferenceResponse(model_name=self.name, outputs=[types.ResponseOutput(name="f", shape=[1], datatype="BYTES", data=[open(self.file).read()])])

from mlserver.codecs import InputCodec, register_input_codec
from mlserver.codecs.string import StringCodec as _

@register_input_codec
class UpperCodec(InputCodec):
    ContentType = "upper"
    @classmethod
    def decode_input(cls, request_input): return [str(v).upper() for v in request_input.data.root]

class Own(MLModel):
    async def load(self):
        self.inputs = [types.MetadataTensor(name="x", datatype="BYTES", shape=[1])]
        return True
    async def predict(self, payload):
        texts = self.decode(payload.inputs[0])
        return types.InferenceResponse(model_name=self.name, outputs=[types.ResponseOutput(name="u", shape=[len(texts)], datatype="BYTES", data=texts)])

class Told(MLModel):
    async def predict(self, payload):
        s, p = self.settings, self.settings.parameters
        said = [self.decode(payload.inputs[0]), s.platform, s.max_batch_size, s.inputs[0].name, p.uri, p.version, p.content_type, p.depth, p.extra, hasattr(s, "other")]
        return types.InferenceResponse(model_name=self.name, outputs=[types.ResponseOutput(name="t", shape=[1], datatype="BYTES", data=[json.dumps(said)])])

class NotReady(MLModel):
    async def load(self): return False

class Echo(MLModel):
    async def predict(self, payload):
        return types.InferenceResponse(model_name=self.name, outputs=[
            types.ResponseOutput(name=i.name, shape=i.shape, datatype=i.datatype, data=i.data) for i in payload.inputs])

class Wrong(MLModel):
    async def predict(self, payload):
        return types.InferenceResponse(model_name=self.name, outputs=[types.ResponseOutput(name="w", shape=[3], datatype="INT8", data=payload.inputs[0].data)])
'''
CODECS = '''
import numpy as np
class Narrow(MLModel):
    async def predict(self, payload):
        return types.InferenceResponse(model_name=self.name, outputs=[
            types.ResponseOutput(name="y", shape=[2], datatype="BF16", data=np.array([1.5, 2], "float32"))])
from typing import List, Optional
from mlserver.codecs import NumpyCodec, NumpyRequestCodec, decode_args
class Args(MLModel):
    @decode_args
    async def predict(self, a: np.ndarray, names: Optional[List[str]] = None) -> np.ndarray:
        return a * (2 if names is None else len(names))
class Codec(MLModel):
    async def predict(self, payload):
        x = self.decode_request(payload, default_codec=NumpyRequestCodec)
        return types.InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("y", x.sum(axis=1))])
'''
TRITON = '''
import json
import numpy as np
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def initialize(self, args):
        config = json.loads(args["model_config"])
        self.types = [pb_utils.triton_string_to_numpy(pb_utils.get_output_config_by_name(config, n)["data_type"]) for n in ("OUTPUT0", "OUTPUT1")]
        self.parameter = config["parameters"]["scale"]["string_value"]
        pb_utils.Logger.log_info(f"initialized {args['model_name']}")

    def execute(self, requests):
        responses = []
        for request in requests:
            a = pb_utils.get_input_tensor_by_name(request, "INPUT0").as_numpy()
            b = pb_utils.get_input_tensor_by_name(request, "INPUT1").as_numpy()
            if (a < 0).any():
                responses.append(pb_utils.InferenceResponse(output_tensors=[], error=pb_utils.TritonError("negative")))
                continue
            out = [pb_utils.Tensor("OUTPUT0", (a + b).astype(self.types[0])), pb_utils.Tensor("OUTPUT1", (a - b).astype(self.types[1]))]
            responses.append(pb_utils.InferenceResponse(output_tensors=out))
        return responses

    def finalize(self): print("finalized")
'''
CONFIG = """
# add and subtract
name: "add_sub"
backend: 'python'
max_batch_size: 8
input [
  { name: "INPUT0" data_type: TYPE_FP32 dims: [ 4 ] },
  { name: "INPUT1", data_type: TYPE_FP32, dims: 4 }
]
output { name: "OUTPUT0" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "OUTPUT1" data_type: TYPE_INT32 dims: [ 4 ] }
instance_group [{ kind: KIND_CPU count: 2 }]
parameters { key: "scale" value: { string_value: "a\\"b" } }
dynamic_batching { max_queue_delay_microseconds: 100 }
"""
STREAM = '''
import numpy as np
import triton_python_backend_utils as pb_utils
class TritonPythonModel:
    def execute(self, requests):
        for request in requests:
            sender = request.get_response_sender()
            for i in range(int(request.inputs()[0].as_numpy()[0])):
                sender.send(pb_utils.InferenceResponse([pb_utils.Tensor("o", np.array([i], dtype=np.int8))]))
            sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
'''


class MLServer(unittest.TestCase):
    def text(self, text):
        return {"id": "q", "inputs": [{"name": "x", "datatype": "BYTES", "shape": [1], "data": [text]}]}

    def test_custom_json(self):
        with Process(MLSERVER) as p:
            self.assertEqual(p.create(kind="mlserver", name="hello", version="v3", args={"a": 1}, **{"class": "Hello"}).kind, OK)
            self.assertTrue(p.created.meta["async"])
            self.assertTrue(p.wait_output(b"loaded hello v3 {'a': 1}"))
            answer = p.call(self.text('{"b": 2}'))
            self.assertEqual(answer.flags, TENSORS)
            said = {"name": "echo", "datatype": "BYTES", "shape": [1], "data": ['{"request": {"x": {"b": 2}}, "from": "server"}']}
            self.assertEqual(answer.meta["tensors"], [{**said, "parameters": {"content_type": "str"}}])
            p.ask(CLOSE, obj=1)
            self.assertTrue(p.wait_output(b"unloaded"))

    def test_numbers(self):
        with Process(MLSERVER) as p:
            p.create(kind="mlserver", name="s", **{"class": "Sum"})
            answer = p.call({"inputs": [{"name": "x", "datatype": "FP32", "shape": [2], "data": [1.5, 2]}]})
            self.assertEqual((answer.payload[:4], answer.meta["tensors"][0]["shape"]), (struct.pack("<f", 3.5), [1, 1]))
            answer = p.call({"inputs": [{"name": "x", "datatype": "FP32", "shape": [1], "data": [-1]}]})
            self.assertEqual((answer.kind, answer.meta["class"], answer.meta["status"]), (ERROR, "InferenceError", 400))
            self.assertEqual(p.call({"inputs": [1]}).meta["status"], 400)

    def test_bf16(self):
        """A BF16 is a float to a class, and what it answers is the nearest one."""
        with Process(MLSERVER) as p:
            p.create(kind="mlserver", name="e", **{"class": "Echo"})
            bits = [0x3F80, 0xC000, 0x8000, 0x7F80, 0xFF80, 0x0001, 0x7F7F]
            payload = struct.pack("<7H", *bits)
            answer = p.ask(CALL, {"tensors": [tensor("x", "BF16", [7])]}, payload, TENSORS, 1)
            self.assertEqual((answer.kind, answer.payload[:14], answer.meta.get("tensors")), (OK, payload, [tensor("x", "BF16", [7])]))
            numbers = [1, 1.00390625, 1.01171875, 1.005, -0.0, float("nan")]  # two lie between neighbours
            answer = p.call({"inputs": [{"name": "x", "datatype": "BF16", "shape": [6], "data": numbers}]})
            self.assertEqual(answer.payload[:12], struct.pack("<6H", 0x3F80, 0x3F80, 0x3F82, 0x3F81, 0x8000, 0x7FC0))
            for datatype, number in (("BF16", 1e39), ("FP32", 1e39), ("FP16", 1e5), ("BF16", "a")):
                answer = p.call({"inputs": [{"name": "x", "datatype": datatype, "shape": [1], "data": [number]}]})
                self.assertIn(f"output x, {datatype}: ", answer.meta["message"])

    def test_codecs_of_its_own(self):
        with Process(MLSERVER) as p:
            answer = p.create(kind="mlserver", name="o", **{"class": "Own"})
            self.assertEqual(answer.meta, {"inputs": [{"name": "x", "datatype": "BYTES", "shape": [1]}], "outputs": []})
            body = self.text("ab")
            body["inputs"][0]["parameters"] = {"content_type": "upper"}
            self.assertEqual(p.call(body).meta["tensors"][0]["data"], ["AB"])

    def test_settings(self):
        """A class is told what its model-settings.json says, and inputs are decoded by it."""
        settings = {
            "name": "n", "implementation": "a.Told", "platform": "p", "max_batch_size": 4, "other": 1,
            "inputs": [{"name": "x", "datatype": "BYTES", "shape": [9], "parameters": {"content_type": "upper"}}],
            "parameters": {"uri": "./m", "version": "v0", "content_type": "str", "depth": [3], "extra": {"a": 1}},
        }  # fmt: skip
        with Process(MLSERVER) as p:
            answer = p.create(kind="mlserver", name="t", version="v1", args={"settings": settings, "uri": "/there"}, **{"class": "Told"})
            self.assertEqual(answer.meta, {"inputs": [], "outputs": []})
            said = '[["AB"], "p", 4, "x", "/there", "v1", "str", [3], {"a": 1}, false]'
            self.assertEqual(p.call(self.text("ab")).meta["tensors"][0]["data"], [said])
            body = self.text("ab")
            body["inputs"][0]["parameters"] = {"content_type": "str"}
            self.assertIn('[["ab"], "p"', p.call(body).meta["tensors"][0]["data"][0])

    def test_files_and_failures(self):
        with Process(MLSERVER, files={"model.txt": "text"}) as p:
            p.create(kind="mlserver", name="f", model_path=p.folder.name, **{"class": "File"})
            self.assertEqual(p.call(self.text("")).meta["tensors"][0]["data"], ["text"])
            answer = p.create(kind="mlserver", name="f", model_path="/nowhere", **{"class": "File"})
            self.assertIn("Invalid URI specified for model f (/nowhere)", answer.meta["message"])
            answer = p.create(kind="mlserver", name="n", **{"class": "NotReady"})
            self.assertIn("not ready", answer.meta["message"])
            p.create(kind="mlserver", name="w", **{"class": "Wrong"})
            answer = p.call(self.text("a"))
            self.assertEqual((answer.kind, answer.meta["class"]), (ERROR, "TypeError"))
            self.assertIn("output w: 1 elements for shape [3]", answer.meta["message"])

    @unittest.skipUnless(has_numpy(), f"{PYTHON} has no numpy")
    def test_codecs(self):
        with Process(MLSERVER + CODECS) as p:
            p.create(1, kind="mlserver", name="a", **{"class": "Args"})
            payload = struct.pack("<2f", 1, 2)
            answer = p.ask(CALL, {"tensors": [tensor("a", "FP32", [2])]}, payload, TENSORS, 1)
            self.assertEqual((answer.payload, answer.meta["tensors"][0]["shape"]), (struct.pack("<2f", 2, 4), [2, 1]))
            three = tensor("names", "BYTES", [3], data=["x", "y", "z"])
            answer = p.ask(CALL, {"tensors": [tensor("a", "FP32", [2]), three]}, payload, TENSORS, 1)
            self.assertEqual(answer.payload, struct.pack("<2f", 3, 6))
            p.create(4, kind="mlserver", name="n", **{"class": "Narrow"})
            answer = p.ask(CALL, {"tensors": [tensor("a", "FP32", [2])]}, payload, TENSORS, 4)
            self.assertEqual((answer.payload[:4], answer.meta["tensors"][0]["datatype"]), (struct.pack("<2H", 0x3FC0, 0x4000), "BF16"))
            p.create(3, kind="mlserver", name="s", **{"class": "Sum"})
            answer = p.ask(CALL, {"tensors": [tensor("a", "FP32", [2])]}, payload, TENSORS, 3)
            self.assertEqual(answer.payload[:4], struct.pack("<f", 3))
            p.create(2, kind="mlserver", name="c", **{"class": "Codec"})
            answer = p.ask(CALL, {"tensors": [tensor("a", "FP32", [1, 2])]}, payload, TENSORS, 2)
            self.assertEqual(answer.payload[:4], struct.pack("<f", 3))


@unittest.skipUnless(has_numpy(), f"{PYTHON} has no numpy")
class Triton(unittest.TestCase):
    META = {"op": "infer", "tensors": [tensor("INPUT0", "FP32", [1, 4]), tensor("INPUT1", "FP32", [1, 4])]}

    def test_add_sub(self):
        files = {"add_sub/1/model.py": TRITON, "add_sub/config.pbtxt": CONFIG}
        with Process(files=files) as p:
            p.ask(1, {"version": 1, "paths": [os.path.join(p.folder.name, "add_sub/1/model.py")]})
            answer = p.create(kind="triton", name="add_sub", **{"class": "TritonPythonModel"})
            self.assertEqual([t["datatype"] for t in answer.meta["outputs"]], ["FP32", "INT32"])
            self.assertEqual(answer.meta["inputs"][1], {"name": "INPUT1", "datatype": "FP32", "shape": [-1, 4]})
            self.assertEqual(p.logs[-1]["message"], "initialized add_sub")
            answer = p.ask(CALL, self.META, struct.pack("<8f", 1, 2, 3, 4, 1, 1, 1, 1), TENSORS, 1)
            self.assertEqual(answer.payload, struct.pack("<4f4i", 2, 3, 4, 5, 0, 1, 2, 3))
            answer = p.ask(CALL, self.META, struct.pack("<8f", -1, 2, 3, 4, 1, 1, 1, 1), TENSORS, 1)
            self.assertEqual((answer.meta["class"], answer.meta["message"]), ("TritonModelException", "negative"))
            several = {**self.META, "rows": [1, 2], "tensors": [tensor("INPUT0", "FP32", [3, 4]), tensor("INPUT1", "FP32", [3, 4])]}
            answer = p.ask(CALL, several, struct.pack("<24f", -1, *[1] * 23), TENSORS, 1)
            self.assertEqual(answer.meta["responses"], [{"failed": True, "error": "negative"}, {"tensors": 2}])
            self.assertEqual(answer.payload, struct.pack("<8f8i", *[2] * 8, *[0] * 8))
            p.ask(CLOSE, obj=1)
            self.assertTrue(p.wait_output(b"finalized"))

    def test_a_response_that_is_sent(self):
        with Process(STREAM) as p:
            p.create(kind="triton", name="s", **{"class": "TritonPythonModel"})
            answers = [p.ask(CALL, {"tensors": [tensor("n", "INT8", [1])]}, bytes([n]), TENSORS, 1) for n in (1, 0, 2)]
            self.assertEqual((answers[0].kind, answers[0].payload[:1]), (OK, b"\0"))
            self.assertIn("cannot send complete final before sending a response", answers[1].meta["message"])
            self.assertIn("cannot send more than one response", answers[2].meta["message"])


@unittest.skipUnless(
    subprocess.run([PYTHON, "-c", "import sklearn, xgboost, lightgbm, joblib"], capture_output=True).returncode == 0,
    f"{PYTHON} has no scikit-learn, xgboost and lightgbm",
)
class Frameworks(unittest.TestCase):
    """The answers are those of plain Python, bit for bit."""

    TRAIN = '''
    import joblib, json, pickle, sys, numpy as np
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression
    import xgboost, lightgbm
    x, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=500).fit(x, y)
    joblib.dump(model, "sk.joblib")
    pickle.dump(model, open("sk.pkl", "wb"))
    booster = xgboost.train({"objective": "multi:softprob", "num_class": 3}, xgboost.DMatrix(x, y), 5)
    booster.save_model("xgb.json")
    light = lightgbm.train({"objective": "multiclass", "num_class": 3, "verbose": -1}, lightgbm.Dataset(x, y), 5)
    light.save_model("light.txt")
    rows = x[::7]
    for name, out in (("sk", model.predict(rows)), ("xgb", booster.predict(xgboost.DMatrix(rows))), ("light", light.predict(rows))):
        open(name + ".out", "wb").write(np.ascontiguousarray(out).tobytes())
    json.dump(rows.tolist(), open("rows.json", "w"))
    '''

    def test_bit_for_bit(self):
        import json
        import textwrap

        with Process("import mlrun") as p:
            if p.hello.meta["mlrun"]:
                self.skipTest("MLRun's own servers")
            folder = p.folder.name
            subprocess.run([PYTHON, "-W", "ignore", "-c", textwrap.dedent(self.TRAIN)], cwd=folder, check=True)
            with open(os.path.join(folder, "rows.json")) as file:
                rows = json.load(file)
            for file, name, method, n in (("sk.joblib", "sk", "predict", 1), ("sk.pkl", "sk", "predict", 1), ("sk.joblib", "", "predict_proba", 3)):
                path = os.path.join(folder, file)
                answer = p.create(kind="object", name="o", model_path=path, args={"method": method})
                self.assertEqual(answer.meta["inputs"], [{"name": "input-0", "datatype": "FP64", "shape": [-1, 4]}])
                flat = struct.pack(f"<{len(rows) * 4}d", *(v for row in rows for v in row))
                answer = p.ask(CALL, {"op": "infer", "tensors": [tensor("x", "FP64", [len(rows), 4])]}, flat, TENSORS, 1)
                self.assertEqual(answer.meta["tensors"][0]["shape"], [len(rows)] + [3] * (n == 3))
                if name:
                    with open(os.path.join(folder, name + ".out"), "rb") as expected:
                        self.assertEqual(answer.payload, expected.read())
                self.assertEqual(p.call({"inputs": rows}).payload, answer.payload)
            self.assertIn("has no method fly", p.create(kind="object", model_path=folder, args={"method": "fly"}).meta["message"])
            self.assertEqual(p.create(kind="object", model_path="/nowhere.pkl").meta["class"], "FileNotFoundError")
            p.answers["artifact"] = lambda m: {"file": m["path"]} if m["path"].endswith(m["suffix"]) else {"error": "no " + m["suffix"]}
            for file, name, cls in (
                ("sk.joblib", "sk", "sklearn.SKLearnModelServer"),
                ("sk.pkl", "sk", "sklearn.SKLearnModelServer"),
                ("xgb.json", "xgb", "xgboost.XGBoostModelServer"),
                ("light.txt", "light", "lgbm.LGBMModelServer"),
            ):
                path = os.path.join(folder, file)
                answer = p.create(kind="model", name=name, model_path=path, **{"class": "mlrun.frameworks." + cls})
                self.assertEqual(answer.kind, OK, answer)
                answer = p.call({"inputs": rows}, op="infer")
                with open(os.path.join(folder, name + ".out"), "rb") as expected:
                    data = expected.read()
                self.assertEqual((answer.flags, answer.payload[: len(data)]), (TENSORS, data), file)
