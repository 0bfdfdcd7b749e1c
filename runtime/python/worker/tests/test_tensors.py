"""Tensors in and out, with and without numpy, and the shared file."""

from __future__ import annotations

import mmap
import os
import struct
import subprocess
import tempfile
import unittest

from tests.harness import CALL, ERROR, JSON, OK, PYTHON, SHM, TENSORS, Process

CODE = '''
from mlrun.serving import V2ModelServer
class Echo(V2ModelServer):
    def load(self): pass
    def predict(self, request): return request["inputs"]
def kind(event): return type(event).__name__
def echo(event): return event
'''
NUMPY = '''
import numpy as np
kept = []
class Eval(V2ModelServer):
    def load(self): pass
    def predict(self, request): return eval(request["inputs"][0])
class Flags(V2ModelServer):
    def load(self): pass
    def predict(self, request):
        x = request["inputs"]
        kept.append(x)
        return [str(x.dtype), list(x.shape), bool(x.flags.writeable), bool(x.flags.aligned), x.sum().item(), kept[0].sum().item()]
def evaluate(event): return eval(event)
'''


def has_numpy() -> bool:
    return subprocess.run([PYTHON, "-c", "import numpy"], capture_output=True).returncode == 0


def tensor(name: str, datatype: str, shape: list, **more: object) -> dict:
    return {"name": name, "datatype": datatype, "shape": shape, **more}


class WithoutNumpy(unittest.TestCase):
    def setUp(self):
        self.p = Process(CODE)
        self.p.__enter__()
        self.addCleanup(self.p.__exit__)
        self.p.create(kind="model", name="m", **{"class": "Echo"})

    def put(self, tensors, payload):
        return self.p.ask(CALL, {"op": "infer", "tensors": tensors}, payload, TENSORS, 1)

    def test_nested_lists(self):
        for datatype, code, values in (
            ("BOOL", "?", [True, False, True, True]),
            ("UINT8", "B", [0, 255, 3, 4]),
            ("UINT16", "H", [0, 65535, 3, 4]),
            ("UINT32", "I", [0, 4294967295, 3, 4]),
            ("UINT64", "Q", [0, 18446744073709551615, 3, 4]),
            ("INT8", "b", [-128, 127, 3, 4]),
            ("INT16", "h", [-32768, 2, 3, 4]),
            ("INT32", "i", [-2147483648, 2, 3, 4]),
            ("INT64", "q", [-9223372036854775808, 2, 3, 4]),
            ("FP16", "e", [0.5, -2, 3, 4]),
            ("FP32", "f", [0.5, -2, 3, 4]),
            ("FP64", "d", [0.1, -2, 3, 4]),
        ):
            payload = struct.pack("<4" + code, *values)
            for shape, expected in (([2, 2], [values[:2], values[2:]]), ([4], values), ([1, 1, 4], [[values]])):
                answer = self.put([tensor("x", datatype, shape)], payload)
                self.assertEqual((answer.kind, answer.value), (OK, expected), datatype)
        self.assertEqual(self.put([tensor("x", "BF16", [2])], b"\x80\x3f\x00\xc0").value, [1.0, -2.0])

    def test_several_and_odd_shapes(self):
        payload = struct.pack("<3f", 1, 2, 3) + bytes(4) + struct.pack("<q", 7)
        self.assertEqual(self.put([tensor("a", "FP32", [3]), tensor("b", "INT64", [1])], payload).value, [[1, 2, 3], [7]])
        self.assertEqual(self.put([tensor("a", "FP32", [0, 4])], b"").value, [])
        self.assertEqual(self.put([tensor("a", "FP32", [2, 0])], b"").value, [[], []])
        self.assertEqual(self.put([tensor("a", "INT8", [])], b"\5").value, 5)
        self.assertEqual(self.put([tensor("a", "BYTES", [2, 1], data=["x", "y"])], b"").value, [["x"], ["y"]])

    def test_what_does_not_fit(self):
        for tensors, payload in (
            ([tensor("x", "FP32", [4])], b"\0" * 15),
            ([tensor("x", "FP32", [-1, -4])], b"\0" * 15),
            ([tensor("x", "FP32", [1 << 40, 1 << 40])], b""),
            ([tensor("x", "FP32", "4")], b"\0" * 16),
            ([tensor("x", "COMPLEX", [1])], b"\0" * 16),
            ([tensor("x", "FP32", [2]), tensor("y", "FP32", [2])], b"\0" * 8),
            ([tensor("x", "BYTES", [3], data=["a"])], b""),
            ([tensor("x", "BYTES", [1])], b""),
            ("x", b""),
            (None, b""),
        ):
            answer = self.put(tensors, payload)
            self.assertEqual((answer.kind, answer.meta["class"], answer.meta["status"]), (ERROR, "ValueError", 400), tensors)


@unittest.skipUnless(has_numpy(), f"{PYTHON} has no numpy")
class WithNumpy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.p = Process(CODE + NUMPY)
        cls.p.__enter__()
        for number, name in enumerate(("Echo", "Eval", "Flags"), 1):
            cls.p.create(number, kind="model", name="m", **{"class": name})
        cls.p.create(4, kind="function", name="f", **{"class": "evaluate"})

    @classmethod
    def tearDownClass(cls):
        cls.p.__exit__()

    def put(self, tensors, payload, number=1, **meta):
        return self.p.ask(CALL, {"op": "infer", "tensors": tensors, **meta}, payload, TENSORS, number)

    def test_bytes_go_round(self):
        for datatype, size in (("BOOL", 1), ("INT8", 1), ("UINT16", 2), ("FP16", 2), ("FP32", 4), ("INT32", 4), ("UINT32", 4), ("FP64", 8), ("INT64", 8), ("UINT64", 8)):
            for shape, n in (([3, 5], 15), ([], 1), ([0, 2], 0), ([40000], 40000)):
                payload = os.urandom(n * size) if datatype != "BOOL" else bytes(n)
                answer = self.put([tensor("x", datatype, shape)], payload)
                self.assertEqual((answer.kind, answer.flags), (OK, TENSORS), answer)
                self.assertEqual(answer.meta["tensors"], [{"name": "", "datatype": datatype, "shape": shape}])
                self.assertEqual(answer.payload[: n * size], payload)
                self.assertEqual(len(answer.payload) % 8, 0)

    def test_views_are_read_only_and_stay(self):
        first = None
        for n in (8, 100000, 8):
            answer = self.put([tensor("x", "FP64", [1, n])], struct.pack("<d", n) * n, 3)
            first = first or answer.value[4]
            self.assertEqual(answer.value, ["float64", [1, n], False, True, n * n, first])

    def evaluated(self, code, **meta):
        return self.p.call({"inputs": [code]}, 2, op="infer", **meta)

    def test_results(self):
        answer = self.evaluated("np.arange(6, dtype='>i4').reshape(2, 3).T")
        self.assertEqual(answer.meta["tensors"][0], {"name": "", "datatype": "INT32", "shape": [3, 2]})
        self.assertEqual(answer.payload, struct.pack("<6i", 0, 3, 1, 4, 2, 5))
        answer = self.evaluated("np.arange(100000, dtype='f8')[::2]")
        self.assertEqual(answer.payload, struct.pack("<50000d", *range(0, 100000, 2)))
        self.assertEqual(self.evaluated("np.int64(5)").value, 5)
        self.assertEqual(self.evaluated("{np.int64(5): 1, np.str_(\"a\"): 2, np.bool_(True): 3}").value, {"5": 1, "a": 2, "true": 3})
        self.assertEqual(self.evaluated("[np.float32(0.5), np.bool_(True), np.array([1, np.nan]), (np.int8(1),)]").value, [0.5, True, [1, None], [1]])
        self.assertEqual(self.evaluated("{'a': np.zeros((1, 2))}").value, {"a": [[0, 0]]})
        self.assertEqual(self.evaluated("np.array(['a', 'b'])").value, ["a", "b"])
        self.assertEqual(self.evaluated("np.array([1, 'b', None], dtype=object)").value, [1, "b", None])
        self.assertEqual(self.evaluated("np.array(['2020-01-02'], dtype='M8[D]')").value, ["2020-01-02"])
        answer = self.evaluated("np.array([1j])")
        self.assertEqual((answer.kind, answer.meta["class"]), (ERROR, "TypeError"))
        self.assertIn("outputs[0]", answer.meta["message"])

    def test_several_outputs(self):
        answer = self.evaluated("{'a': np.zeros(1, 'f4'), 'b': np.ones((1, 1), 'i8')}", dialect="oip")
        self.assertEqual([t["name"] for t in answer.meta["tensors"]], ["a", "b"])
        self.assertEqual(answer.payload, bytes(8) + struct.pack("<q", 1))
        self.assertEqual(self.evaluated("[np.zeros(1), np.ones(1)]", dialect="oip").flags, TENSORS)
        self.assertEqual(self.evaluated("[np.zeros(1), np.ones(1)]").flags, JSON)

    def test_steps(self):
        answer = self.p.call("np.float32([1, 2])", 4)
        self.assertEqual((answer.flags, answer.payload), (TENSORS, struct.pack("<2f", 1, 2)))

    def test_numpy_is_not_imported_for_those_who_do_not(self):
        with Process(CODE) as p:
            p.create(1, kind="function", name="m", **{"class": "kind"})
            self.assertEqual(p.ask(CALL, {"tensors": [tensor("x", "INT8", [1])]}, b"\1", TENSORS, 1).value, "list")


class Shared(unittest.TestCase):
    SIZE = 1 << 20

    def setUp(self):
        self.file = tempfile.NamedTemporaryFile()
        self.file.truncate(self.SIZE)
        self.map = mmap.mmap(self.file.fileno(), self.SIZE)
        self.addCleanup(self.file.close)
        self.addCleanup(self.map.close)
        self.p = Process(CODE, config={"shm": {"file": self.file.name, "size": self.SIZE}})
        self.p.__enter__()
        self.addCleanup(self.p.__exit__)
        self.p.create(kind="function", name="e", **{"class": "echo"})

    def test_there_and_back(self):
        data = os.urandom(200000)
        self.map[64 : 64 + len(data)] = data
        meta = {"shm": [64, len(data)], "room": [1 << 19, 300000]}
        answer = self.p.ask(CALL, meta, b"", 8 | SHM, 1)
        self.assertEqual((answer.flags, answer.meta, answer.payload), (8 | SHM, {"shm": [1 << 19, len(data)]}, b""))
        self.assertEqual(self.map[1 << 19 : (1 << 19) + len(data)], data)
        meta["room"] = [1 << 19, 199999]
        answer = self.p.ask(CALL, meta, b"", 8 | SHM, 1)
        self.assertEqual((answer.flags, answer.payload), (8, data), "too long for the room")
        del meta["room"]
        self.assertEqual(self.p.ask(CALL, meta, b"", 8 | SHM, 1).payload, data)

    def test_small_answers_come_in_the_frame(self):
        answer = self.p.ask(CALL, {"room": [0, self.SIZE]}, b"x" * 1000, 8, 1)
        self.assertEqual((answer.flags, answer.meta), (8, {}))

    def test_places_that_are_not_there(self):
        for place in ([0, self.SIZE + 1], [-64, 64], [self.SIZE, 1], [0], "x", None, [0, 1.5], [1 << 70, 1]):
            answer = self.p.ask(CALL, {"shm": place}, b"", 8 | SHM, 1)
            self.assertEqual((answer.kind, answer.meta["class"]), (ERROR, "ValueError"), place)
        answer = self.p.ask(CALL, {"room": [self.SIZE, 100000]}, b"x" * 70000, 8, 1)
        self.assertEqual((answer.kind, answer.meta["class"]), (ERROR, "ValueError"))

    def test_a_file_that_is_too_short(self):
        answer = self.p.ask(1, {"version": 1, "shm": {"file": self.file.name, "size": self.SIZE * 2}})
        self.assertIn("has 1048576 bytes", answer.meta["message"])

    def test_without_one(self):
        with Process(CODE) as p:
            p.create(kind="function", name="e", **{"class": "echo"})
            self.assertEqual(p.ask(CALL, {"shm": [0, 1]}, b"", 8 | SHM, 1).kind, ERROR)
