"""Calls of a model in a file that come while it is busy, and are answered together."""

from __future__ import annotations

import json
import os
import pickle
import struct
import subprocess
import unittest

from tests.harness import CALL, CANCEL, ERROR, JSON, OK, PYTHON, TENSORS, Process



def has(module: str) -> bool:
    return subprocess.run([PYTHON, "-c", f"import {module}"], capture_output=True).returncode == 0


MODEL = '''
import os, time
import numpy as np

def hold(rows):
    """Holds the model up until the test says that all calls have come."""
    if (rows == 99).any():
        print("held")
        while not os.path.exists(GO):
            time.sleep(0.001)
        os.remove(GO)

class Doubles:
    """Tells how many rows came together, in the second column."""
    def predict(self, rows):
        hold(rows)
        if (rows == 13).any():
            raise ValueError("thirteen")
        if (rows == 14).any():
            raise SystemExit("fourteen")
        return np.column_stack([rows[:, 0] * 2, np.full(len(rows), len(rows), rows.dtype)])
    def lists(self, rows):
        hold(rows)
        return [len(rows)] * len(rows)
    def text(self, rows):
        hold(rows)
        return np.array(["even" if r[0] % 2 == 0 else "odd" for r in rows])
'''


@unittest.skipUnless(has("numpy"), "numpy is not there")
class Merging(unittest.TestCase):
    def setUp(self):
        self.process = Process("", files={"made.py": MODEL})
        self.go = os.path.join(self.process.folder.name, "go")
        with open(os.path.join(self.process.folder.name, "made.py"), "a") as file:
            file.write(f"GO = {self.go!r}\n")
        self.p = self.process.__enter__()
        self.addCleanup(self.process.__exit__)

    held = 0

    def serve(self, **args):
        folder = self.p.folder.name
        path = os.path.join(folder, "m.pkl")
        code = f"import sys, pickle; sys.path.insert(0, {folder!r}); import made; pickle.dump(made.Doubles(), open({path!r}, 'wb'))"
        subprocess.run([PYTHON, "-c", code], check=True)
        answer = self.p.create(kind="object", name="m", model_path=path, args=args)
        self.assertEqual(answer.kind, OK, answer)

    def ask(self, *bodies, cancel=()):
        """The answers of calls that come while the first of them holds the model up."""
        for call, body in enumerate(((99,), *bodies)):
            rows = body if isinstance(body, dict) else {"inputs": [[v, 0] for v in body]}
            self.p.send(CALL, {"op": "infer"}, json.dumps(rows).encode(), JSON, 1, 100 + call)
            if call == 0:
                self.assertTrue(self.p.wait_output(b"held\n" * (self.held + 1)))
                self.held += 1
        for call in cancel:
            self.p.send(CANCEL, None, b"", 0, 1, 100 + call)
        open(self.go, "w").close()
        got = {}
        for _ in range(len(bodies) + 1):
            answer = self.p.next()
            got[answer.call - 100] = answer
        return [got[i] for i in range(1, len(bodies) + 1)]

    def rows(self, answer):
        self.assertEqual(answer.kind, OK, answer)
        shape = answer.meta["tensors"][0]["shape"]
        form = {"INT64": "q", "FP64": "d"}[answer.meta["tensors"][0]["datatype"]]
        flat = struct.unpack(f"<{shape[0] * 2}{form}", answer.payload)
        return [list(flat[i : i + 2]) for i in range(0, len(flat), 2)]

    def test_each_gets_its_own(self):
        self.serve(batch=100)
        got = self.ask((1,), (2, 3), (4,))
        self.assertEqual([self.rows(a) for a in got], [[[2, 4]], [[4, 4], [6, 4]], [[8, 4]]])

    def test_not_without_being_asked_to(self):
        self.serve()
        self.assertEqual([self.rows(a) for a in self.ask((1,), (2,))], [[[2, 1]], [[4, 1]]])

    def test_never_more_rows_than_asked_for(self):
        self.serve(batch=3)
        got = self.ask((1,), (2,), (3, 4), (5, 6, 7, 8), (9,))
        self.assertEqual([self.rows(a)[0][1] for a in got], [2, 2, 2, 4, 1])

    def test_rows_of_other_types_and_widths_are_apart(self):
        self.serve(batch=100)
        wide = {"inputs": [[5, 0, 0]]}
        got = self.ask((1,), (2,), (0.5,), (1.5,), wide, (3,))
        self.assertEqual([self.rows(a) for a in got], [[[2, 2]], [[4, 2]], [[1, 2]], [[3, 2]], [[10, 1]], [[6, 1]]])

    def test_one_that_fails_leaves_the_others_alone(self):
        self.serve(batch=100)
        for bad, reason in (((13,), "thirteen"), ((14,), "wanted the process to end")):
            got = self.ask((1,), bad, (3,))
            self.assertEqual([self.rows(a) for a in (got[0], got[2])], [[[2, 1]], [[6, 1]]])
            self.assertEqual(got[1].kind, ERROR)
            self.assertIn(reason, got[1].meta["message"])

    def test_one_that_is_no_request_leaves_the_others_together(self):
        self.serve(batch=100)
        got = self.ask((1,), {"no": 1}, (3,), (4,), {"inputs": 7}, {"inputs": [["a"]]})
        self.assertEqual([self.rows(got[i]) for i in (0, 2, 3)], [[[2, 1]], [[6, 2]], [[8, 2]]])
        self.assertIn('Expected key "inputs"', got[1].meta["message"])
        self.assertEqual([a.kind for a in got[4:]], [ERROR, ERROR])

    def test_one_that_is_cancelled_leaves_the_others_together(self):
        self.serve(batch=100)
        got = self.ask((1,), (2,), (3,), cancel=[2])
        self.assertEqual([self.rows(a) for a in (got[0], got[2])], [[[2, 2]], [[6, 2]]])
        self.assertEqual(got[1].meta["class"], "CancelledError")

    def test_results_that_cannot_be_taken_apart(self):
        self.serve(batch=100, method="lists")
        self.assertEqual([a.value for a in self.ask((1,), (2,))], [[1], [1]])

    def test_results_that_are_text(self):
        self.serve(batch=100, method="text")
        self.assertEqual([a.value for a in self.ask((1, 2), (4,))], [["odd", "even"], ["even"]])

    def test_what_is_no_number_of_rows(self):
        path = os.path.join(self.p.folder.name, "m.pkl")
        with open(path, "wb") as file:
            pickle.dump(1, file)
        for batch in (-1, "many", True, 1.5):
            answer = self.p.create(kind="object", name="m", model_path=path, args={"batch": batch})
            self.assertIn("is no number of rows", answer.meta["message"])


FORESTS = '''
import pickle, sys
import numpy as np
from sklearn.datasets import load_iris
from sklearn.ensemble import ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import DecisionTreeClassifier
x, y = load_iris(return_X_y=True)
kinds = {"predict": [RandomForestRegressor, ExtraTreesRegressor, LinearRegression, LogisticRegression], "predict_proba": [RandomForestClassifier, DecisionTreeClassifier]}
for method, classes in kinds.items():
    for kind in classes:
        few = {"n_estimators": 7} if hasattr(kind(), "n_estimators") else {}
        model = kind(**few).fit(x, y + 0.1 if method == "predict" and kind is not LogisticRegression else y)
        file = f"{sys.argv[1]}/{kind.__name__}.pkl"
        with open(file, "wb") as f:
            pickle.dump(model, f)
        print(file, method, b"".join(np.asarray(getattr(model, method)(x[i:i+1]), float).tobytes() for i in range(150)).hex())
'''


MARGINS = """
import sys, warnings
sys.path.insert(0, sys.argv[1])
import numpy as np
from sklearn.datasets import load_iris, make_classification
from sklearn.linear_model import LinearRegression, LogisticRegression, Perceptron, RidgeClassifier, SGDClassifier
from sklearn.svm import LinearSVC
from leat_worker import margins
warnings.simplefilter("ignore")
r = np.random.default_rng(1)
for x, y in (load_iris(return_X_y=True), make_classification(300, 37, random_state=1), make_classification(300, 11, n_informative=8, n_classes=5, random_state=2)):
    for model in (LogisticRegression(max_iter=300), Perceptron(), SGDClassifier(), LinearSVC(max_iter=300)):
        model.fit(x, y)
        m = margins.of(model, "predict")
        assert margins.of(model, "predict_proba") is None
        for dtype in ("f8", "f4", "f2", "i8") if type(model) is Perceptron else ("f8",):
            rows = (np.concatenate([x[:50], r.normal(0, 3, (100, x.shape[1]))]) * 1.0).astype(dtype)
            sure = m.sure(rows)
            assert dtype == "f2" or sure.mean() > 0.9, (model, dtype, sure.mean())
            alone = np.concatenate([model.predict(row[None]) for row in rows])
            for size in (2, 3, 16, 100, len(rows)):
                together = np.concatenate([model.predict(rows[i : i + size]) for i in range(0, len(rows), size)])
                assert (together == alone)[sure].all(), (model, dtype, size)
        # Rows on the border between two classes, as near as numbers can be.
        w = model.coef_[0] - (model.coef_[1] if len(model.coef_) > 1 else 0)
        b = model.intercept_[0] - (model.intercept_[1] if len(model.coef_) > 1 else 0)
        rows = r.normal(0, 1, (500, x.shape[1]))
        rows -= ((rows @ w + b) / (w @ w))[:, None] * w
        scores = model.decision_function(rows)
        near = np.ones(len(rows), bool) if scores.ndim == 1 else np.isin(scores.argmax(axis=1), (0, 1))
        assert near.any() and not m.sure(rows)[near].any(), model
        rows[0], rows[1], rows[2] = np.nan, np.inf, 1e308
        assert not m.sure(rows[:2]).any()
for model in (RidgeClassifier(), LinearRegression()):
    assert margins.of(model.fit(*load_iris(return_X_y=True)), "predict") is None
class Own(LogisticRegression):
    def predict(self, X):
        return super().predict(X)
assert margins.of(Own().fit(x, y), "predict") is None
print("all of it")
"""


@unittest.skipUnless(has("sklearn"), "scikit-learn is not there")
class Margins(unittest.TestCase):
    def test_labels_that_are_sure_are_those_of_each_row_alone(self):
        root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        done = subprocess.run([PYTHON, "-c", MARGINS, root], capture_output=True, text=True)
        self.assertEqual(done.stdout, "all of it\n", done.stderr)


def numbers(answer):
    """The elements of an answer, as the bytes of doubles."""
    if not answer.flags & TENSORS:
        return struct.pack("d", answer.value[0])
    if answer.meta["tensors"][0]["datatype"] == "INT64":
        return struct.pack("d", *struct.unpack("q", answer.payload))
    return answer.payload


@unittest.skipUnless(has("sklearn"), "scikit-learn is not there")
class Forests(unittest.TestCase):
    def test_the_answers_are_those_of_each_row_alone(self):
        with Process("") as p:
            made = subprocess.run([PYTHON, "-c", FORESTS, p.folder.name], check=True, capture_output=True, text=True).stdout
            code = "from sklearn.datasets import load_iris; print(load_iris().data.tobytes().hex())"
            rows = bytes.fromhex(subprocess.run([PYTHON, "-c", code], check=True, capture_output=True, text=True).stdout)
            meta = {"op": "infer", "dialect": "oip", "tensors": [{"name": "x", "datatype": "FP64", "shape": [1, 4]}]}
            for line in made.splitlines():
                file, method, want = line.split()
                with self.subTest(os.path.basename(file)):
                    self.assertEqual(p.create(kind="object", name="m", model_path=file, args={"method": method}).kind, OK)
                    for i in range(150):
                        p.send(CALL, meta, rows[32 * i : 32 * i + 32], TENSORS, 1, 1000 + i)
                    answers = sorted((p.next() for _ in range(150)), key=lambda a: a.call)
                    got = b"".join(map(numbers, answers))
                    self.assertEqual(got.hex(), want)
