"""Models: the order of hooks, requests, answers, what the server is asked for."""

from __future__ import annotations

import os
import unittest

from tests.harness import CALL, ERROR, EVENT, JSON, OK, TENSORS, WHOLE, Process

CODE = '''
import asyncio
from mlrun.serving import V2ModelServer
import mlrun

order = []

class Plain(V2ModelServer):
    def load(self): pass
    def predict(self, request): return request["inputs"][0] * self.get_param("multiplier", 1)
    def explain(self, request): return {"explained": request["inputs"][0]}
    def op_mine(self, event): return {"was": event.body, "path": event.path}
    def op_response(self, event): return self.context.Response(body="x", status_code=299)

class Hooks(V2ModelServer):
    def load(self): order.append("load")
    def preprocess(self, request, operation):
        order.append("preprocess " + operation)
        return {"inputs": [x + 1 for x in request["inputs"]], "id": request.get("id", "none")} if "id" in request else {"inputs": [x + 1 for x in request["inputs"]]}
    def validate(self, request, operation):
        order.append("validate")
        return super().validate(request, operation)
    def predict(self, request):
        order.append("predict")
        self.set_metric("rows", len(request["inputs"]))
        return [x * 10 for x in request["inputs"]]
    def postprocess(self, response):
        order.append("postprocess")
        response["order"] = list(order)
        order.clear()
        return response
    def logged_results(self, request, response, op):
        order.append("logged_results")
        if request["inputs"] == [0]: raise ValueError("no")
        return [[1]], [op]

class Logged(V2ModelServer):
    def load(self): self.labels["a"] = "b"
    def predict(self, request): return request["inputs"]
    def logged_results(self, request, response, op): return (None, None) if request["inputs"] == [0] else ([[1]], None)

class Files(V2ModelServer):
    def load(self):
        self.file, self.extra = self.get_model(".bin")
    def predict(self, request):
        with open(self.file) as f: text = f.read()
        return [text, self.extra["more"].get(encoding="utf-8"), self.extra["more"].local(), self.get_param("k"), self.model_spec.inputs[0].name]

class Data(V2ModelServer):
    def load(self): self.item = mlrun.get_dataitem("s3://bucket/x.csv")
    def predict(self, request):
        return [self.item.get().decode(), self.item.suffix, self.context.get_secret("token"), self.context.get_secret("other")]

class Own(V2ModelServer):
    def load(self): pass
    def do_event(self, event, *args, **kwargs):
        if event.body == "super": return super().do_event(event)
        event.body = {"own": event.body, "path": event.path}
        return event
    def predict(self, request): return 1

class Super(V2ModelServer):
    def load(self): pass
    def predict(self, request): return [x * 2 for x in request["inputs"]]
    def do_event(self, event, *args, **kwargs):
        event.body["inputs"] = [x + 1 for x in event.body["inputs"]]
        return super().do_event(event)

class NoLoad(V2ModelServer):
    def predict(self, request): return self.model

class Init(V2ModelServer):
    def __init__(self, context, name, model_path, threshold, **kwargs):
        super().__init__(context, name, model_path, **kwargs)
        self.threshold = threshold
    def load(self): pass
    def predict(self, request): return [self.threshold, self.model_path, self.name, self.version, self.get_param("extra")]

class Async(V2ModelServer):
    def load(self): pass
    async def preprocess(self, request, operation):
        await asyncio.sleep(0)
        request["inputs"].append(1)
        return request
    async def predict(self, request):
        await asyncio.sleep(0.01)
        return request["inputs"]
    async def postprocess(self, response):
        response["done"] = True
        return response

class AsyncLoad(V2ModelServer):
    async def load(self):
        await asyncio.sleep(0)
        self.model = 5
    def predict(self, request): return self.model

class V1(V2ModelServer):
    def load(self): pass
    def predict(self, request): return request

class Logs(V2ModelServer):
    def load(self): pass
    def predict(self, request):
        self.context.logger.debug("unseen")
        self.context.logger.info("hello", a=1, b=[object])
        self.context.logger.warning("%s of %d", "one", 2)
        mlrun.utils.logger.error("bad")
        self.context.push_error(type("E", (), {"id": 1, "body": {2}})(), "reason", source="here", more=1)
        print("printed")
        return 0

def predict(inputs): return [sum(row) for row in inputs]
def whole(request): return sorted(request)
async def slowly(inputs): return inputs
'''


class Models(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.p = Process(CODE, config={"context": {"log_level": "info", "parameters": {"multiplier": 7}, "secrets": {"token": "t"}}})
        cls.p.__enter__()
        cls.number = 0

    @classmethod
    def tearDownClass(cls):
        cls.p.__exit__()

    def make(self, of, /, **spec):
        type(self).number += 1
        self.loaded = self.p.create(self.number, **{"kind": "model", "name": "m", "class": of, **spec})
        self.assertEqual(self.loaded.kind, OK, self.loaded)
        return self.number

    def got(self, of, body, meta=None, /, **spec):
        return self.p.call(body, self.make(of, **spec), **(meta or {"op": "infer"}))

    def test_predict_and_explain(self):
        number = self.make("Plain", args={"multiplier": 3})
        self.assertEqual(self.p.call({"inputs": [5]}, number, op="infer").value, 15)
        self.assertEqual(self.p.call({"inputs": [5]}, number, op="explain").value, {"explained": 5})
        self.assertEqual(self.got("Plain", {"inputs": [5]}).value, 35)

    def test_operations_of_its_own(self):
        number = self.make("Plain")
        self.assertEqual(self.p.call({"a": 1}, number, op="op:mine", path="mine").value, {"was": {"a": 1}, "path": "mine"})
        answer = self.p.call({"a": 1}, number, op="op:response")
        self.assertEqual((answer.value, answer.meta["status"]), ("x", 299))
        self.assertIn("illegal model operation none", self.p.call({}, number, op="op:none").meta["message"])

    def test_validation(self):
        number = self.make("Plain")
        for body, cls, text in (
            ({}, "Exception", 'Expected key "inputs" in request body'),
            ({"inputs": 5}, "Exception", 'Expected "inputs" to be a list'),
            (None, "TypeError", "argument of type 'NoneType' is not"),
        ):
            answer = self.p.call(body, number, op="infer")
            self.assertEqual((answer.kind, answer.meta["class"], answer.meta["doing"]), (ERROR, cls, "validate"))
            self.assertIn(text, answer.meta["message"])
        self.assertEqual(self.got("V1", {"a": 1}, protocol="v1").value, {"a": 1})

    def test_hooks_run_in_mlruns_order(self):
        number = self.make("Hooks")
        hooks = ["load", "preprocess", "validate", "predict", "postprocess", "logged_results"]
        self.assertEqual(self.p.created.meta["hooks"], hooks)
        meta = {"op": "predict", "id": "e1", "timestamp": "2024-01-01 00:00:00.000000+00:00"}
        answer = self.p.call({"inputs": [1, 2]}, number, **meta)
        self.assertEqual(answer.flags, JSON | WHOLE)
        self.assertEqual(list(answer.value), ["id", "model_name", "outputs", "timestamp", "order"])
        self.assertEqual(answer.value["outputs"], [20, 30])
        self.assertEqual(answer.value["id"], "e1")
        self.assertEqual(answer.value["order"], ["load", "preprocess predict", "validate", "predict", "postprocess"])
        self.assertEqual(answer.meta, {"metrics": {"rows": 2}, "logged": {"inputs": [[1]], "outputs": ["predict"]}})
        answer = self.p.call({"inputs": [1, 2], "id": 9}, number, op="infer", id="e2", record=False)
        self.assertEqual((answer.value["id"], answer.meta), (9, {}), "metrics have not changed, nothing is recorded")
        self.assertNotIn("timestamp", answer.value)
        answer = self.p.call({"inputs": [-1]}, number, op="infer")
        self.assertNotIn("logged", answer.meta, "what fails to choose chooses nothing")
        self.assertIn("logged_results of model m failed", self.p.logs[-1]["message"])

    def test_logged_results(self):
        number = self.make("Logged")
        self.assertEqual(self.loaded.meta, {"labels": {"a": "b"}})
        self.assertEqual(self.p.call({"inputs": [1]}, number).meta, {"logged": {"inputs": [[1]], "outputs": []}})
        self.assertEqual(self.p.call({"inputs": [0]}, number).meta, {})

    def test_versions(self):
        value = self.got("Init", {"inputs": []}, name="m3", version="v1", args={"threshold": 0.5, "extra": 1}, model_path="/p").value
        self.assertEqual(value, [0.5, "/p", "m3", "v1", 1])
        self.assertEqual(self.got("Init", {"inputs": []}, name="m3:v2", args={"threshold": 1, "model_path": ""}).value[1:4], ["", "m3", "v2"])

    def test_get_model(self):
        folder = self.p.folder.name
        for name, text in (("m.bin", "model"), ("more.txt", "more")):
            with open(os.path.join(folder, name), "w") as file:
                file.write(text)
        asked = []
        spec = {"name": "x", "value_type": "int"}
        said = {"file": folder + "/m.bin", "extra": {"more": folder + "/more.txt"}, "parameters": {"k": 4}, "inputs": [spec]}
        self.p.answers["artifact"] = lambda meta: asked.append(meta) or said
        number = self.make("Files", model_path="store://models/p/m", args={"k": 1})
        self.assertEqual(asked, [{"ask": "artifact", "path": "store://models/p/m", "suffix": ".bin"}])
        self.assertEqual(self.loaded.meta["parameters"], {"k": 4})
        self.assertEqual(self.loaded.meta["inputs"][0], {**self.loaded.meta["inputs"][0], **spec})
        self.assertEqual(self.p.call({"inputs": []}, number).value, ["model", "more", folder + "/more.txt", 4, "x"])

    def test_a_model_that_is_not_found(self):
        self.p.answers["artifact"] = lambda _: {"error": "cant resolve model file"}
        answer = self.p.create(901, kind="model", name="m", model_path="store://models/p/none", **{"class": "Files"})
        self.assertEqual((answer.kind, answer.meta["class"], answer.meta["doing"]), (ERROR, "ValueError", "load"))
        self.assertEqual(answer.meta["function"], "load")
        self.assertIn("cant resolve model file", answer.meta["message"])

    def test_data_and_secrets(self):
        if self.p.hello.meta["mlrun"]:
            self.skipTest("MLRun itself reads what is at a URL")
        path = os.path.join(self.p.folder.name, "x.csv")
        with open(path, "w") as file:
            file.write("a,b")
        self.p.answers["dataitem"] = lambda meta: {"file": path} if meta["url"] == "s3://bucket/x.csv" else {"error": "no"}
        self.p.answers["secret"] = lambda meta: {"value": "from " + meta["key"]}
        self.assertEqual(self.got("Data", {"inputs": []}).value, ["a,b", ".csv", "t", "from other"])

    def test_do_event(self):
        number = self.make("Own")
        self.assertIn("do_event", self.p.created.meta["hooks"])
        self.assertEqual(self.p.call([1], number, EVENT, path="/x").value, {"own": [1], "path": "/x"})
        answer = self.p.call([1], number, op="infer")
        self.assertEqual((answer.flags, answer.value), (JSON | WHOLE, {"own": [1], "path": "infer"}))
        x = {"name": "x", "datatype": "INT8", "shape": [2]}
        answer = self.p.ask(CALL, {"op": "infer", "tensors": [x]}, b"\1\2", TENSORS, number)
        self.assertEqual(answer.value, {"own": {"inputs": [1, 2]}, "path": "infer"})
        answer = self.p.call([1], number, EVENT, op="op:other")
        self.assertEqual((answer.flags, answer.value), (JSON, {"own": [1], "path": "other"}))
        answer = self.p.call({"inputs": [2]}, self.make("Super"), op="infer", id="i")
        self.assertEqual((answer.value["outputs"], answer.value["id"], answer.value["model_name"]), ([6], "i", "m"))
        answer = self.p.call({"inputs": [1], "id": "q"}, self.make("Super"), EVENT, path="infer", method="POST")
        self.assertEqual((answer.value["id"], answer.value["outputs"]), ("q", [4]))
        answer = self.p.call(None, self.make("Super"), EVENT, path="ready", method="GET")
        self.assertEqual(answer.kind, ERROR, "its do_event wants a body")

    def test_a_model_without_load(self):
        answer = self.p.create(902, kind="model", name="m", **{"class": "NoLoad"})
        self.assertIn("please specify a load method or a model object", answer.meta["message"])
        line = next(i for i, text in enumerate(CODE.splitlines(), 1) if text.startswith("class NoLoad"))
        self.assertEqual((answer.meta["line"], answer.meta["function"]), (line, "NoLoad"), "the user's class is named, not its base")
        self.assertEqual(self.got("NoLoad", {"inputs": []}, args={"model": "given"}).value, "given")

    def test_coroutines(self):
        number = self.make("Async")
        self.assertTrue(self.p.created.meta["async"])
        self.assertEqual(self.p.call({"inputs": [0]}, number).value["outputs"], [0, 1])
        answer = self.p.call({}, number)
        self.assertEqual((answer.meta["class"], answer.meta["doing"]), ("KeyError", "preprocess"))
        self.assertEqual(self.got("AsyncLoad", {"inputs": []}).value, 5)

    def test_functions_as_models(self):
        self.assertEqual(self.got("predict", {"inputs": [[1, 2], [3, 4]]}).value, [3, 7])
        self.assertEqual(self.got("whole", {"inputs": [], "x": 1}).value, ["inputs", "x"])
        self.assertEqual(self.got("slowly", {"inputs": [1]}).value, [1])
        self.assertIn("inputs", self.got("predict", {"x": 1}).meta["message"])

    def test_logs(self):
        self.p.logs.clear()
        self.p.others.clear()
        self.assertEqual(self.got("Logs", {"inputs": []}).value, 0)
        texts = [(r["level"], r["message"]) for r in self.p.logs]
        self.assertEqual(texts[0], ("info", "hello"))
        self.assertIn(("warning", "one of 2"), texts)
        if not self.p.hello.meta["mlrun"]:  # MLRun's own logger prints
            self.assertIn(("error", "bad"), texts)
        self.assertEqual(self.p.logs[0]["with"]["a"], 1)
        self.assertEqual(self.p.others[0].meta["ask"], "push_error")
        self.assertEqual(self.p.others[0].call, 0)
        self.assertTrue(self.p.wait_output(b"printed\n"))

    def test_the_wrong_kind(self):
        answer = self.p.create(903, kind="triton", name="m", **{"class": "Plain"})
        self.assertIn("Plain is no triton, but a model", answer.meta["message"])
