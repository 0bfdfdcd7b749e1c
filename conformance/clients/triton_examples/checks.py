"""What the programs of this folder share: checks that are counted, and the models' inputs."""

import sys

import numpy as np
from tritonclient.utils import InferenceServerException

A = np.arange(16, dtype=np.int32).reshape(1, 16)
B = np.ones((1, 16), dtype=np.int32)
VALUES = [11, 7, 5, 3, 2, 0, 1]
passed = 0
about = ""  # what is being shown


def check(what, got, want=True):
    global passed
    if isinstance(got, np.ndarray):
        got = got.tolist()
    if isinstance(want, np.ndarray):
        want = want.tolist()
    if got != want:
        sys.exit(f"{about}: {what}: got {got!r}, want {want!r}")
    passed += 1


def refused(what, part, call):
    """A call fails, and says why."""
    try:
        call()
    except InferenceServerException as e:
        return check(f"{what}: {e.message()}", part in e.message())
    sys.exit(f"{about}: {what}: was not refused")


def over_http(m):
    return ".http" in m.__name__


def tensors(m, a=A, b=B, datatype="INT32", **how):
    both = [m.InferInput(f"INPUT{i}", list(v.shape), datatype) for i, v in enumerate((a, b))]
    for t, v in zip(both, (a, b)):
        t.set_data_from_numpy(v, **how)
    return both


def sums(result, what, a=A, b=B):
    check(f"{what}: sum", result.as_numpy("OUTPUT0"), a + b)
    check(f"{what}: difference", result.as_numpy("OUTPUT1"), a - b)


def value_tensor(m, value):
    t = m.InferInput("INPUT", [1, 1], "INT32")
    t.set_data_from_numpy(np.full((1, 1), value, dtype=np.int32))
    return t


def position(sequence, i):
    return {"sequence_id": sequence, "sequence_start": i == 0, "sequence_end": i == len(VALUES) - 1}


def expected(sequence, dyna):
    """The models add 1 at the start, and the dynamic one the sequence's id at the end."""
    want = list(VALUES)
    want[0] += 1
    if dyna:
        want[-1] += sequence
    return want
