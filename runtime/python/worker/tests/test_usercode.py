"""What is found in the user's files and folders, and how it is described."""

from __future__ import annotations

import json
import os
import unittest

from tests.harness import ANSWER, ASK, CALL, DESCRIBE, ERROR, EVENT, JSON, OK, Process

CODE = '''
import json
from json import dumps
from helper import Helped, help_me
from mlrun.serving import V2ModelServer
from mlrun.serving.routers import VotingEnsemble
import mlrun.frameworks.sklearn
from mlrun.frameworks.sklearn import SKLearnModelServer

class Model(V2ModelServer):
    def load(self): pass
    async def predict(self, request): return 1
    def op_one(self, event): pass
    def op_two(self, event): pass

class Sub(Model):
    def validate(self, request, operation): return request

class Ensemble(VotingEnsemble):
    def logic(self, predictions, weights): return [max(row) for row in predictions]
    def preprocess(self, event):
        event.body["seen"] = True
        return event

class Step:
    def __init__(self, context, a, b=1, *args, c, d=2, **kwargs): pass
    def do(self, event): return event
    def _hidden(self): pass

class Bare:
    def do(self, event): return event

class TritonPythonModel:
    def execute(self, requests): return []

def function(event, context=None): return event
alias = function
_private = function
constant = 5
if __name__ == "__main__":
    raise SystemExit("not to be run")
'''
HELPER = "class Helped:\n    def do(self, event): return ['helped', event]\ndef help_me(event): return 'me'\n"


class Describing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with Process(CODE, files={"helper.py": HELPER}) as p:
            cls.file = p.file
            cls.answer = p.ask(DESCRIBE, {"names": ["json.dumps", "Model", "dumps", "no.such.thing", "json.nothing", "mlrun.serving.V2ModelServer"]})
            if p.hello.meta["mlrun"] and cls.answer.kind == ERROR:
                raise unittest.SkipTest("MLRun's own frameworks need the frameworks")
            cls.objects = cls.answer.meta["objects"]

    def test_what_there_is(self):
        bare = {name for name in self.objects if "." not in name}
        users = {"Model", "Sub", "Ensemble", "Step", "Bare", "TritonPythonModel", "function", "alias", "Helped", "help_me"}
        self.assertEqual(bare, users | {"SKLearnModelServer", "dumps"})
        self.assertEqual(self.objects["usercode.Model"], self.objects["Model"])

    def test_kinds(self):
        kinds = {"Model": "model", "Sub": "model", "Ensemble": "router", "Step": "class", "TritonPythonModel": "triton"}
        kinds.update({"function": "function", "json.dumps": "function", "mlrun.serving.V2ModelServer": "model"})
        self.assertEqual({name: self.objects[name]["kind"] for name in kinds}, kinds)

    def test_models(self):
        said = self.objects["Sub"]
        self.assertEqual(said["hooks"], ["load", "validate", "predict"])
        self.assertEqual(said["ops"], ["one", "two"])
        self.assertTrue(said["async"] and said["context"] and said["any_args"])
        self.assertEqual(said["line"], CODE.splitlines().index("class Sub(Model):") + 1)
        self.assertEqual(said["file"], self.file)
        self.assertEqual(self.objects["Ensemble"]["hooks"], ["logic", "preprocess"])

    def test_signatures(self):
        said = self.objects["Step"]
        self.assertEqual(said["args"], ["context", "a", "b", "c", "d"])
        self.assertEqual(said["required"], ["context", "a", "c"])
        self.assertTrue(said["any_args"] and said["context"])
        self.assertEqual(said["methods"], ["do"])
        self.assertEqual(self.objects["Bare"]["args"], [])
        said = self.objects["function"]
        self.assertEqual((said["args"], said["required"], said["context"]), (["event", "context"], ["event"], True))

    def test_what_is_missing(self):
        missing = self.answer.meta["missing"]
        self.assertEqual(set(missing), {"no.such.thing", "json.nothing"})
        self.assertIn("json has no nothing", missing["json.nothing"])

    def test_files(self):
        self.assertEqual(self.answer.meta["files"], sorted([self.file, os.path.join(os.path.dirname(self.file), "helper.py")]))


class Folders(unittest.TestCase):
    FILES = {
        "code/models.py": "import shared.deep\nclass A:\n    def do(self, event): return shared.deep.f(event)\n",
        "code/shared/__init__.py": "from .deep import f as g\n",
        "code/shared/deep.py": "def f(event): return ['deep', event]\n",
        "code/broken.py": "class B:\n    pass\nimport no_such_package_anywhere\n",
        "code/test_models.py": "raise SystemExit('tests are not imported')\n",
        "code/setup.py": "raise SystemExit('neither is this')\n",
        "code/data.txt": "",
        "code/.hidden.py": "raise SystemExit('nor this')\n",
    }

    def test_a_folder(self):
        with Process(files=self.FILES) as p:
            p.config["paths"] = [os.path.join(p.folder.name, "code")]
            p.ask(1, {"version": 1, **p.config})
            said = p.ask(DESCRIBE).meta
            self.assertEqual(set(said["objects"]), {"A", "models.A", "g", "shared.g"})
            self.assertEqual(said["failed"]["broken"]["class"], "ModuleNotFoundError")
            self.assertEqual(said["failed"]["broken"]["line"], 3)
            files = [os.path.relpath(f, p.config["paths"][0]) for f in said["files"]]
            self.assertEqual(files, ["models.py", "shared/__init__.py", "shared/deep.py"])
            p.create(kind="class", name="a", **{"class": "A"})
            self.assertEqual(p.call(1).value, ["deep", 1])
            p.create(kind="function", name="a", **{"class": "shared.deep.f"})
            self.assertEqual(p.call(2).value, ["deep", 2])
            answer = p.create(kind="class", name="b", **{"class": "B"})
            self.assertEqual(answer.kind, ERROR)
            self.assertIn("broken could not be imported: ModuleNotFoundError", answer.meta["message"])

    def test_a_file_named_like_a_module_of_pythons(self):
        files = {"json.py": "def f(event):\n    import json\n    return json.dumps(event)\n", "code.py": "def g(event): return 'g'\n"}
        with Process(files=files) as p:
            p.ask(1, {"version": 1, "paths": [os.path.join(p.folder.name, n) for n in files]})
            p.create(kind="function", name="f", **{"class": "json.f"})
            self.assertEqual(p.call([1]).value, "[1]")
            p.create(kind="function", name="g", **{"class": "code.g"})
            self.assertEqual(p.call([1]).value, "g")

    def test_a_function_file(self):
        with Process(files={"x9f.py": "# mlrun: start-code\nclass M:\n    def do(self, event): return __name__\n"}) as p:
            p.ask(1, {"version": 1, "source": {"name": "my-function", "file": os.path.join(p.folder.name, "x9f.py")}})
            self.assertIn("my-function.M", p.ask(DESCRIBE).meta["objects"])
            p.create(kind="class", name="m", **{"class": "M"})
            self.assertEqual(p.call(1).value, "my-function")

    def test_marks(self):
        code = """
        raise SystemExit("before")
        # mlrun: start-code
        def f(event): raise ValueError(event)
        # mlrun: end-code
        raise SystemExit("behind")
        """
        with Process(code) as p:
            self.assertEqual(p.create(kind="function", name="f", **{"class": "f"}).kind, OK)
            self.assertEqual(p.call(1).meta["line"], 4)
            self.assertNotIn("__pycache__", os.listdir(p.folder.name))

    def test_init_context(self):
        code = """
        def init_context(context): context.user_data.n = 41
        def handler(context, event):
            context.user_data.n += 1
            return [context.user_data.n, event.body, event.path]
        """
        with Process(code) as p:
            for number in (1, 2):
                p.create(number, kind="function", name="f", **{"class": "handler"})
                self.assertTrue(p.created.meta["event"])
                self.assertEqual(p.call("x", number, path="/p").value, [41 + number, "x", "/p"])

    def test_what_mlrun_appends_to_a_function(self):
        footer = """
        from mlrun.runtimes import nuclio_init_hook
        def init_context(context):
            nuclio_init_hook(context, globals(), 'serving_v2')
        def handler(context, event):
            return context.mlrun_handler(context, event)
        def step(event): return 1
        """
        with Process(footer) as p:
            self.assertEqual(p.create(kind="function", name="s", **{"class": "step"}).kind, OK)
            self.assertEqual(p.call(0).value, 1)

    def test_pickles_of_a_script(self):
        code = """
        import pickle
        class Net:
            def __init__(self): self.w = 3
        def train(event):
            Net.__module__ = "__main__"  # as where a script or notebook has made it
            data = pickle.dumps(Net(), protocol=0)
            return pickle.loads(data).w
        """
        with Process(code) as p:
            p.create(kind="function", name="t", **{"class": "train"})
            answer = p.call(0)
            self.assertEqual((answer.meta, answer.value), ({}, 3))


class Routers(unittest.TestCase):
    """A router in the worker, whose routes are answered here."""

    OUTPUTS = {"a": [1, 7], "b": [5, 0], "c": [2, 3]}

    def ask(self, p, body, **meta):
        """A call of the router, and the questions that it asked."""
        p.send(CALL, {"ticket": 5, "method": "POST", **meta}, json.dumps(body).encode(), JSON | EVENT, 1, 99)
        asked = []
        while True:
            frame = p.read()
            if frame.kind != ASK:
                return frame, asked
            asked.append(frame.meta)
            if frame.meta["path"] == "fail":
                p.send(ANSWER, {"error": "no", "class": "ZeroDivisionError", "failure": 3}, call=frame.call)
            else:
                outputs = {"outputs": self.OUTPUTS[frame.meta["route"]]}
                p.send(ANSWER, None, json.dumps(outputs).encode(), JSON, call=frame.call)

    def setUp(self):
        code = CODE.replace("import mlrun.frameworks.sklearn", "").replace("from mlrun.frameworks.sklearn import SKLearnModelServer", "")
        self.process = Process(code, files={"helper.py": HELPER})
        self.process.__enter__()
        self.addCleanup(self.process.__exit__)
        spec = {"class": "Ensemble", "routes": ["a", "b", "c"], "args": {"vote_type": "regression"}}
        self.assertEqual(self.process.create(kind="router", name="", **spec).kind, OK)

    def test_routes_are_asked(self):
        answer, asked = self.ask(self.process, {"inputs": [1, 2]}, path="/v2/models/infer")
        self.assertEqual(answer.value["outputs"], [5, 7], answer)
        said = sorted((a["route"], a["ticket"], a["path"], a["method"]) for a in asked)
        self.assertEqual(said, [(route, 5, "infer", "POST") for route in "abc"])

    def test_one_route_is_asked(self):
        answer, asked = self.ask(self.process, {"inputs": [1]}, path="/v2/models/b/predict")
        self.assertEqual((answer.value, [a["path"] for a in asked]), ({"outputs": [5, 0]}, ["predict"]))

    def test_what_a_route_raises_passes(self):
        answer, _ = self.ask(self.process, {"inputs": [1]}, path="/v2/models/b/fail")
        said = [answer.meta[k] for k in ("class", "message", "route")]
        self.assertEqual((answer.kind, said), (ERROR, ["ZeroDivisionError", "no", 3]))

    def test_refusals_have_a_status(self):
        for path, body, status in (
            ("/x", {}, 404),
            ("/v2/models/none/infer", {"inputs": []}, 404),
            ("/v2/models/infer", {}, 400),
            ("/v2/models/infer", {"inputs": 1}, 400),
        ):
            answer, _ = self.ask(self.process, body, path=path)
            self.assertEqual((answer.kind, answer.meta.get("status")), (ERROR, status), answer)
