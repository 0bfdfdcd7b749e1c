"""Steps and functions: handlers, events, responses, generators, coroutines."""

from __future__ import annotations

import json
import unittest

from tests.harness import BYTES, CALL, ERROR, EVENT, JSON, OK, PART, TEXT, WHOLE, Process

CODE = '''
import asyncio, functools, json
from storey import MapClass

class Chain:
    def __init__(self, name=None): self.name = name
    def do(self, event): return list(event) + [self.name]

class WithContext:
    def __init__(self, context, factor=1): self.context, self.factor = context, factor
    def do(self, event):
        self.context.seen = getattr(self.context, "seen", 0) + 1
        return [event * self.factor, self.context.seen, self.context.get_param("p", "none")]

class Everything:
    def __init__(self, **kwargs): self.kwargs = kwargs
    def do(self, event): return sorted(k for k in self.kwargs if k != "context")

class Whole:
    def do_event(self, event):
        event.body = {"id": event.id, "path": event.path, "method": event.method, "header": event.get_header("x-one"),
                      "trigger": event.trigger.kind, "hour": event.timestamp.hour, "was": event.body,
                      "error": event.error, "origin": event.origin_state, "key": event.key}
        return event

class Other:
    def first(self, event): return ["first", event]
    def second(self, event): return ["second", event]

class Fn:
    def __init__(self, fn, other=None): self.fn, self.other = fn, other
    def do(self, event): return [self.fn(event), self.other(event) if self.other else None]

class Nothing:
    pass

class Odd(MapClass):
    def __init__(self, least=0, **kwargs):
        super().__init__(**kwargs)
        self.least = least
    def do(self, event):
        if event % 2 == 0: self.filter()
        return event

class Closing:
    def do(self, event): return event
    def terminate(self): print("terminated", flush=True)

class PostInit:
    def post_init(self, mode="sync"): self.mode = mode
    def do(self, event): return self.mode

def double(event): return event * 2
def with_context(event, context): return [event, context.worker_id, context.project, context.is_mock]
def nuclio(context, event): return context.Response(body={"got": event.body}, status_code=201, headers={"x-y": 1})
def typed(event): return type(event).__name__
def change(event):
    event.path = "/new"; event.headers["a"] = "b"; event.key = "k"; event.terminated = True; event.body = 7
    return event
def untouched(event): return event
def teapot(event):
    from mlrun.serving.server import Response
    return Response(body="short and stout", content_type="text/tea", status_code=418)
def answered(event, context):
    event.body = context.Response(body=b"\\x00", status_code=202, content_type="application/octet-stream")
    return event
def values(event): return eval(event)
def parts(event):
    for i in range(event): yield {"i": i}
    yield "text"
met = 0
async def meets(event):
    global met
    met += 1
    while met < 50: await asyncio.sleep(0.001)
    return event
async def aparts(event):
    for i in range(event):
        await asyncio.sleep(0)
        yield i
def wrapped(function):
    @functools.wraps(function)
    def inner(*args, **kwargs): return function(*args, **kwargs)
    return inner
@wrapped
def decorated(event, context): return [event, context.worker_id]
async def fails(event): raise KeyError("later")
'''


class Steps(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        context = {"parameters": {"p": 5}, "worker_id": 3, "project": "pr", "mock": True}
        cls.p = Process(CODE, config={"context": context})
        cls.p.__enter__()
        cls.number = 0

    @classmethod
    def tearDownClass(cls):
        cls.p.__exit__()

    def make(self, of, /, **spec):
        type(self).number += 1
        answer = self.p.create(self.number, name="s", **{"class": of, **spec})
        self.assertEqual(answer.kind, OK, answer)
        return self.number

    def got(self, of, body, flags=0, meta=None, /, **spec):
        return self.p.call(body, self.make(of, **spec), flags, **(meta or {}))

    def test_classes_get_what_they_take(self):
        self.assertEqual(self.got("Chain", [1]).value, [1, "s"])
        self.assertEqual(self.got("WithContext", 2, args={"factor": 4}).value[::2], [8, 5])
        expected = ["a", "full_event", "input_path", "name", "result_path"]
        self.assertEqual(self.got("Everything", 1, args={"a": 1}).value, expected)

    def test_the_context_is_shared(self):
        first, second = self.make("WithContext"), self.make("WithContext")
        seen = self.p.call(1, first).value[1]
        self.assertEqual(self.p.call(1, second).value[1], seen + 1)

    def test_handlers(self):
        self.assertEqual(self.got("Other", 1, handler="first").value, ["first", 1])
        self.assertEqual(self.got("Other", 1, handler="second").value, ["second", 1])
        for spec, text in (({"class": "Other", "handler": "third"}, "handler (third)"), ({"class": "Nothing"}, "does not have a handler")):
            answer = self.p.create(900, name="s", **spec)
            self.assertEqual(answer.kind, ERROR)
            self.assertIn(text, answer.meta["message"])

    def test_function_arguments(self):
        self.assertEqual(self.got("Fn", 3, args={"_fn": "double"}).value, [6, None])
        self.assertEqual(self.got("Fn", 3, args={"_fn": "(event + 1)"}, function_args={"other": "usercode.double"}).value, [4, 6])

    def test_functions(self):
        self.assertEqual(self.got("double", 4).value, 8)
        self.assertEqual(self.got("usercode.double", "a").value, "aa")
        self.assertEqual(self.got("with_context", 1).value, [1, 3, "pr", True])
        self.assertEqual(self.got("decorated", 1).value, [1, 3])
        self.assertEqual(self.got("json.dumps", [1]).value, "[1]")
        self.assertEqual(self.got("(event['x'] * 2)", {"x": 4}).value, 8)

    def test_bodies_come_as_they_are(self):
        number = self.make("typed")
        for body, name in ((1, "int"), ([], "list"), ({}, "dict"), ("x", "str"), (b"x", "bytes"), (1.5, "float"), (True, "bool")):
            self.assertEqual(self.p.call(body, number).value, name)
        self.assertEqual(self.p.ask(CALL, {}, b"", 0, number).value, "NoneType")

    def test_results_go_as_they_are(self):
        number = self.make("values")
        for code, flags, payload in (
            ("None", 0, b""),
            ("'text'", TEXT, b"text"),
            ("''", TEXT, b""),
            ("b'\\x00\\xff'", BYTES, b"\x00\xff"),
            ("bytearray(b'a')", BYTES, b"a"),
            ("[]", JSON, b"[]"),
            ("False", JSON, b"false"),
            ("(1, 2)", JSON, b"[1,2]"),
            ("type('T', (str,), {})('t')", TEXT, b"t"),
            ("type('T', (), {'__getattr__': lambda self, n: 5, 'tolist': lambda self: [n for n in 'ab']})()", JSON, b'["a","b"]'),
            ("__import__('collections').OrderedDict(a=1)", JSON, b'{"a":1}'),
            ("2**70", JSON, b"1180591620717411303424"),
            ("{1: float('nan'), 'b': [float('inf')]}", JSON, b'{"1":null,"b":[null]}'),
            ("'\\ud800'", TEXT, b"?"),
            ("['\\ud800\\xe9']", JSON, b'["\\ud800\\u00e9"]'),
            ("__import__('datetime').datetime(2024, 1, 2, 3, 4)", JSON, b'"2024-01-02 03:04:00"'),
            ("__import__('array').array('i', [1, 2])", JSON, b"[1,2]"),
        ):
            answer = self.p.call(code, number)
            self.assertEqual((answer.kind, answer.flags, answer.payload), (OK, flags, payload), code)

    def test_results_that_cannot_be_written(self):
        number = self.make("values")
        for code, where in (
            ("{1, 2}", "result: Object of type set"),
            ("[1, {'a': {'b c': object()}}]", "result[1].a['b c']: Object of type object"),
            ("{'x': [b'1']}", "result.x[0]: Object of type bytes"),
            ("{(1, 2): 3}", "result: keys must be str"),
            ("(lambda a: a.append(a) or a)([])", "result[0]: the value contains itself"),
            ("1j", "result: Object of type complex"),
        ):
            answer = self.p.call(code, number)
            self.assertEqual((answer.kind, answer.meta["class"]), (ERROR, "TypeError"), code)
            self.assertIn(where, answer.meta["message"])
            self.assertEqual(answer.meta["file"], self.p.file)
            self.assertEqual(answer.meta["function"], "values")

    def test_whole_events(self):
        number = self.make("Whole")
        self.assertTrue(self.p.created.meta["event"])
        meta = {"id": "i1", "path": "/a", "method": "POST", "headers": {"X-One": "1"}, "trigger": "kafka"}
        meta.update(time="2024-05-06T07:08:09.123456789+02:00", error={"s": "bad"}, origin_state="s", key="k")
        answer = self.p.call(3, number, EVENT, **meta)
        self.assertEqual(answer.flags, JSON)
        self.assertEqual(
            answer.value,
            {"id": "i1", "path": "/a", "method": "POST", "header": "1", "trigger": "kafka", "hour": 7, "was": 3,
             "error": {"s": "bad"}, "origin": "s", "key": "k"},
        )  # fmt: skip

    def test_what_is_new_of_an_event(self):
        answer = self.got("change", 1, EVENT, {"path": "/old", "headers": {"c": "d"}}, full_event=True)
        self.assertEqual((answer.flags, answer.value), (JSON | WHOLE, 7))
        self.assertEqual(answer.meta, {"path": "/new", "key": "k", "headers": {"c": "d", "a": "b"}, "terminated": True})
        answer = self.got("untouched", {"a": 1}, EVENT, {"path": "/x", "id": 5, "headers": {"a": "b"}}, full_event=True)
        self.assertEqual((answer.flags, answer.meta, answer.value), (JSON, {}, {"a": 1}))

    def test_responses(self):
        answer = self.got("teapot", 1)
        self.assertEqual((answer.flags, answer.value), (TEXT | WHOLE, "short and stout"))
        self.assertEqual(answer.meta, {"status": 418, "content_type": "text/tea"})
        answer = self.got("nuclio", 1, EVENT)
        self.assertEqual(answer.value, {"got": 1})
        self.assertEqual(answer.meta, {"status": 201, "content_type": "application/json", "headers": {"x-y": "1"}})
        answer = self.got("answered", 1, EVENT, full_event=True)
        self.assertEqual((answer.flags, answer.payload), (BYTES | WHOLE, b"\x00"))
        self.assertEqual(answer.meta, {"status": 202, "content_type": "application/octet-stream"})

    def test_filtered_events(self):
        number = self.make("Odd", args={"least": 1})
        for n in (1, 2, 3, 4, 5):
            answer = self.p.call(n, number)
            self.assertEqual(answer.meta.get("filtered", False), n % 2 == 0)

    def test_generators(self):
        for name in ("parts", "aparts"):
            number = self.make(name)
            self.p.send(CALL, None, b"3", JSON, number, 5)
            got = []
            while (answer := self.p.next()).kind == PART:
                got.append(answer.value)
            self.assertEqual((answer.kind, answer.flags, answer.call), (OK, 0, 5))
            self.assertEqual(got, [{"i": 0}, {"i": 1}, {"i": 2}, "text"] if name == "parts" else [0, 1, 2])

    def test_coroutines_are_beside_each_other(self):
        number = self.make("meets")
        self.assertTrue(self.p.created.meta["async"])
        for i in range(50):
            self.p.send(CALL, None, json.dumps(i).encode(), JSON, number, 100 + i)
        answers = [self.p.next() for _ in range(50)]
        self.assertEqual({a.call - 100 for a in answers}, set(range(50)))
        self.assertTrue(all(a.value == a.call - 100 for a in answers))
        answer = self.p.call(1, self.make("fails"))
        self.assertEqual((answer.meta["class"], answer.meta["function"]), ("KeyError", "fails"))

    def test_closing(self):
        number = self.make("Closing")
        self.p.ask(7, obj=number)
        self.assertTrue(self.p.wait_output(b"terminated"))

    def test_post_init(self):
        self.assertEqual(self.got("PostInit", 1).value, "sync")
