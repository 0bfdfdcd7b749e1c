"""Parts that need no process: JSON, configurations of Triton's, signatures."""

from __future__ import annotations

import functools
import json
import os
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [ROOT]

from leat_worker import events, pbtxt, signatures, values  # noqa: E402


class Values(unittest.TestCase):
    def test_the_same_as_json(self):
        for value in ([], {}, [1, 2.5, -0.0, 1e300, 10**40, True, None, "é\n\u2028\U0001f600"], {"a": {"b": [[]]}}, "x", 5, {1: 2, None: 3, True: 4, 1.5: 5}):
            data = values.dumps(value)
            self.assertEqual(json.loads(data), json.loads(json.dumps(value)))
            self.assertEqual(values.loads(data), json.loads(data))
            self.assertEqual(values.loads(b" " + data + b"\n"), json.loads(data))
            self.assertEqual(values.loads(memoryview(data)), json.loads(data))

    def test_what_is_no_json(self):
        for data in (b"", b"{", b"[1,]", b"{} x", b"[1] 2", b"nope", b"\xff"):
            with self.assertRaises(ValueError):
                values.loads(data)

    def test_depth(self):
        deep: list = []
        for _ in range(200000):
            deep = [deep]
        with self.assertRaises(values.Unwritable):
            values.dumps(deep)
        with self.assertRaises(RecursionError):
            values.loads(b"[" * 200000)
        while deep:  # so that it can be let go of without as deep a recursion
            deep = deep.pop()

    def test_no_finite_numbers(self):
        value = {"a": [float("nan"), {"b": float("-inf")}, 1.5], "t": (float("inf"),)}
        self.assertEqual(json.loads(values.dumps(value)), {"a": [None, {"b": None}, 1.5], "t": [None]})


class Configurations(unittest.TestCase):
    def test_forms(self):
        for text, expected in {
            "": {},
            'a: "x" "y"': {"a": "xy"},
            "a: 1 b: -2.5 c: 0x10 d: 1e3f # end": {"a": 1, "b": -2.5, "c": 16, "d": 1000.0},
            "a: true, b: false; c: WORD": {"a": True, "b": False, "c": "WORD"},
            "a { b < c: [1, 2] > }": {"a": {"b": {"c": [1, 2]}}},
            "dims: 1 dims: 2 dims: [3]": {"dims": [1, 2, 3]},
            'parameters: { key: "k" value: { string_value: "v" } }': {"parameters": {"k": {"string_value": "v"}}},
            "a: 'it\\'s\\n'": {"a": "it's\n"},
            "# only a comment": {},
        }.items():
            self.assertEqual(pbtxt.loads(text), expected, text)

    def test_what_is_none(self):
        for text in ("a", "a:", "a {", "a: [1", "}", ": 1", 'a: "x', "a: }", "a: @", "a {" * 1000, "a: [" * 1000, "a: 1.2.3"):
            with self.assertRaises(pbtxt.Unreadable):
                pbtxt.loads(text)


class Signatures(unittest.TestCase):
    def test_of_callables(self):
        def plain(a, b=1, *args, c, **kwargs):
            return a, b, args, c, kwargs

        async def later(a):
            return a

        class Callable:
            def __call__(self, x, y=2):
                return x + y

        @functools.wraps(later)
        def wrapper(*args):
            return later(*args)

        for target, args, required, any_args in (
            (plain, ["a", "b", "c"], ["a", "c"], True),
            (functools.partial(plain, 1, c=2), ["b"], [], True),
            (Callable(), ["x", "y"], ["x"], False),
            (Callable().__call__, ["x", "y"], ["x"], False),
            (wrapper, ["a"], ["a"], False),
            (len, [], [], False),
        ):
            found = signatures.of(target)
            self.assertEqual((found.args, found.required, found.any_args), (args, required, any_args))
        self.assertTrue(signatures.is_async(later) and signatures.is_async(functools.partial(later, 1)))
        self.assertFalse(signatures.is_async(plain) or signatures.is_async(Callable()))


class Moments(unittest.TestCase):
    def test_rfc3339(self):
        for text, expected in {
            "2024-01-02T03:04:05Z": "2024-01-02T03:04:05+00:00",
            "2024-01-02T03:04:05.1Z": "2024-01-02T03:04:05.100000+00:00",
            "2024-01-02T03:04:05.123456789+02:00": "2024-01-02T03:04:05.123456+02:00",
            "2024-01-02 03:04:05.5-01:30": "2024-01-02T03:04:05.500000-01:30",
        }.items():
            self.assertEqual(events.moment(text).isoformat(), expected)
