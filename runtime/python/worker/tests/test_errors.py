"""What goes wrong in the user's code: every answer names the file and the line."""

from __future__ import annotations

import unittest

from tests.harness import DESCRIBE, ERROR, OK, Process

CODE = '''\
import sys, os
from mlrun.serving import V2ModelServer

class InInit:
    def __init__(self): raise ValueError("in init")
    def do(self, event): return event

class InLoad(V2ModelServer):
    def load(self): raise RuntimeError("in load")

class InPredict(V2ModelServer):
    def load(self): pass
    def preprocess(self, request, op):
        if request["inputs"] == ["preprocess"]: raise ValueError("in preprocess")
        return request
    def validate(self, request, op):
        if request["inputs"] == ["validate"]: raise ValueError("in validate")
        return request
    def predict(self, request):
        if request["inputs"] == ["object"]: return {"a": [object()]}
        return helper(request["inputs"])
    def explain(self, request): raise NotImplementedError
    def postprocess(self, response):
        if response["outputs"] == "postprocess": raise ValueError("in postprocess")
        return response

def helper(inputs):
    if inputs == ["postprocess"]: return "postprocess"
    raise KeyError("in helper")

def exits(event): sys.exit(3)
def interrupts(event): raise KeyboardInterrupt
def base(event): raise BaseException("base")
def chained(event):
    try: {}["inner"]
    except KeyError as exc: raise RuntimeError("outer") from exc
def library(event):
    import json
    return json.loads("{x")
class Status(Exception): error_status_code = 429
def status(event): raise Status("too many")
class Unprintable(Exception):
    def __str__(self): raise ValueError
def unprintable(event): raise Unprintable
def recursion(event): return recursion(event)
def long(event): raise ValueError("x" * 1000000)
def mlrun_error(event):
    import mlrun
    raise mlrun.errors.MLRunNotFoundError("not there")
def no_such(event):
    import mlrun
    return mlrun.no_such()
def builds(event):
    import mlrun
    return mlrun.get_run_db()
def imports(event):
    from mlrun.feature_store import steps
def imports_name(event):
    from mlrun.serving import Nothing
def generator(event):
    yield 1
    raise ValueError("in generator")
class Args:
    def __init__(self, a): pass
    def do(self, event): return event
'''


def line_of(text: str) -> int:
    return next(n for n, line in enumerate(CODE.splitlines(), 1) if text in line)


class Errors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.p = Process(CODE)
        cls.p.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.p.__exit__()

    def check(self, answer, cls, text, line, **more):
        said = answer.meta
        self.assertEqual((answer.kind, said["class"]), (ERROR, cls))
        self.assertIn(text, said["message"])
        self.assertEqual((said["file"], said["line"]), (self.p.file, line_of(line)))
        self.assertNotIn("leat_worker", said.get("traceback", ""))
        for key, value in more.items():
            self.assertEqual(said[key], value)

    def test_making_and_loading(self):
        answer = self.p.create(1, kind="class", name="s", **{"class": "InInit"})
        self.check(answer, "ValueError", "in init", '"in init"', doing="create", function="__init__")
        answer = self.p.create(1, kind="model", name="s", **{"class": "InLoad"})
        self.check(answer, "RuntimeError", "in load", '"in load"', doing="load", function="load")
        answer = self.p.create(1, kind="class", name="s", **{"class": "Args"})
        self.assertEqual(answer.meta["class"], "TypeError")
        self.assertIn("'a'", answer.meta["message"])
        answer = self.p.create(1, kind="class", name="s", **{"class": "Missing"})
        self.assertIn("Missing is in none of the user's modules (usercode)", answer.meta["message"])

    def test_hooks(self):
        self.p.create(2, kind="model", name="m", **{"class": "InPredict"})
        for doing in ("preprocess", "validate", "postprocess"):
            answer = self.p.call({"inputs": [doing]}, 2, op="infer")
            self.check(answer, "ValueError", "in " + doing, f'"in {doing}"', doing=doing)
        answer = self.p.call({"inputs": [1]}, 2, op="infer")
        self.check(answer, "KeyError", "in helper", '"in helper"', doing="predict", function="helper")
        self.assertIn('return helper(request["inputs"])', answer.meta["traceback"])
        answer = self.p.call({"inputs": [1]}, 2, op="explain")
        self.check(answer, "NotImplementedError", "", "def explain", doing="explain")
        answer = self.p.call({"inputs": ["object"]}, 2, op="infer")
        self.assertEqual(answer.meta["class"], "TypeError")
        self.assertIn("outputs.a[0]: Object of type object", answer.meta["message"])
        self.assertEqual(answer.meta["file"], self.p.file)

    def fails(self, name):
        self.assertEqual(self.p.create(3, kind="function", name="f", **{"class": name}).kind, OK)
        return self.p.call(1, 3)

    def test_what_is_no_exception(self):
        self.check(self.fails("exits"), "SystemExit", "status 3", "def exits")
        self.check(self.fails("interrupts"), "KeyboardInterrupt", "", "def interrupts")
        self.check(self.fails("base"), "BaseException", "base", "def base")
        self.assertEqual(self.p.call(1, 3).kind, ERROR, "and the worker goes on")

    def test_causes(self):
        answer = self.fails("chained")
        self.check(answer, "RuntimeError", "outer, caused by: 'inner'", 'RuntimeError("outer")')
        self.assertIn("direct cause", answer.meta["traceback"])

    def test_the_users_line_is_named_where_a_library_raises(self):
        answer = self.fails("library")
        self.check(answer, "JSONDecodeError", "Expecting", 'json.loads("{x")', function="library")
        self.assertIn("decoder.py", answer.meta["traceback"])

    def test_status(self):
        self.assertEqual(self.fails("status").meta["status"], 429)
        self.assertEqual(self.fails("mlrun_error").meta["status"], 404)
        self.assertNotIn("status", self.fails("exits").meta)

    def test_odd_exceptions(self):
        self.check(self.fails("unprintable"), "Unprintable", "cannot be had", "raise Unprintable")
        answer = self.fails("recursion")
        self.check(answer, "RecursionError", "recursion", "def recursion")
        answer = self.fails("long")
        self.assertLess(len(answer.meta["message"]), 70000)
        self.assertLess(len(answer.meta["traceback"]), 70000)

    def test_what_the_shim_does_not_have(self):
        if self.p.hello.meta["mlrun"]:
            self.skipTest("MLRun itself has it")
        self.check(self.fails("no_such"), "AttributeError", "pip install mlrun", "mlrun.no_such()")
        self.check(self.fails("builds"), "NotImplementedError", "pip install mlrun", "mlrun.get_run_db()")
        self.check(self.fails("imports"), "ModuleNotFoundError", "pip install mlrun", "from mlrun.feature_store")
        self.check(self.fails("imports_name"), "ImportError", "pip install mlrun", "from mlrun.serving import Nothing")

    def test_generators(self):
        self.assertEqual(self.fails("generator").value, 1)
        self.check(self.p.next(), "ValueError", "in generator", '"in generator"')


class Imports(unittest.TestCase):
    def described(self, code, **options):
        with Process(code, **options) as p:
            self.file = p.file
            first = p.ask(DESCRIBE)
            again = p.ask(DESCRIBE)
            self.assertEqual((first.kind, first.meta.get("message")), (again.kind, again.meta.get("message")))
            created = p.create(1, kind="function", name="f", **{"class": "f"})
            self.assertEqual(created.meta.get("message"), first.meta.get("message"))
            return first.meta

    def test_a_syntax_error(self):
        said = self.described("x = 1\ndef f(:\n    pass\n")
        self.assertEqual((said["class"], said["file"], said["line"], said["column"]), ("SyntaxError", self.file, 2, 7))
        self.assertIn("def f(:", said["traceback"])
        self.assertNotIn("line 2", said["message"])  # the file and line are beside it

    def test_a_missing_module(self):
        said = self.described("x = 1\n\nimport no_such_package_anywhere\n")
        self.assertEqual((said["class"], said["file"], said["line"]), ("ModuleNotFoundError", self.file, 3))
        self.assertIn("no_such_package_anywhere", said["message"])

    def test_an_exception_at_the_top(self):
        said = self.described("def g():\n    raise OSError('no')\ng()\n")
        self.assertEqual((said["class"], said["line"], said["function"], said["doing"]), ("OSError", 2, "g", "import"))
        self.assertNotIn("importlib", said["traceback"])

    def test_exit_at_the_top(self):
        self.assertEqual(self.described("import sys\nsys.exit(4)\n")["class"], "SystemExit")

    def test_a_file_that_is_not_there(self):
        with Process("", config={"paths": ["/nowhere/at/all.py"]}) as p:
            answer = p.ask(DESCRIBE)
            self.assertEqual((answer.kind, answer.meta["class"]), (ERROR, "FileNotFoundError"))
