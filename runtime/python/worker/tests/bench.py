"""Prints what a call costs the worker: python3 -m tests.bench, in the folder above.

CPU time of the worker's process by /proc, median of rounds; one call in flight
and sixteen.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time

from tests.harness import CALL, HEADER, JSON, TENSORS, Process

CODE = """
from mlrun.serving import V2ModelServer
class Model(V2ModelServer):
    def load(self): pass
    def predict(self, request): return request["inputs"]
class Step:
    def do(self, event): return event
def echo(event): return event
async def later(event): return event
"""
TICK = os.sysconf("SC_CLK_TCK")


def spent(pid: int) -> float:
    """Seconds of CPU that a process has used, from the scheduler's count in ns."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
            total += int(file.read().split()[0])
    return total / 1e9


def frame(obj: int, flags: int, meta: dict, payload: bytes) -> bytes:
    data = json.dumps(meta).encode() if meta else b""
    return HEADER.pack(16 + len(data) + len(payload), CALL, flags, obj, 1, len(data)) + data + payload


def measure(p: Process, name: str, question: bytes, window: int, rounds: int = 9, calls: int = 2000) -> None:
    p.socket.sendall(question)
    answer = p.read()
    if answer.kind != 128:
        raise SystemExit(f"{name}: {answer}")
    size = 20 + len(answer.payload) + (len(json.dumps(answer.meta, separators=(",", ":"))) if answer.meta else 0)
    costs, took = [], []
    for _ in range(rounds):
        before, start = spent(p.process.pid), time.perf_counter()
        for _ in range(calls // window):
            p.socket.sendall(question * window)
            p._exactly(size * window)
        took.append((time.perf_counter() - start) / (calls // window * window) * 1e6)
        costs.append((spent(p.process.pid) - before) / (calls // window * window) * 1e6)
    print(f"{name:34} {window:2} in flight: {statistics.median(costs):6.1f} us of CPU, {statistics.median(took):6.1f} us of time (least {min(costs):.1f})")


def main() -> None:
    row = {"inputs": [[5.1, 3.5, 1.4, 0.2]]}
    questions = {
        "function": (3, JSON, {}, b'{"x": 1}'),
        "step": (2, JSON, {}, b'{"x": 1}'),
        "model, one row": (1, JSON, {"op": "infer"}, json.dumps(row).encode()),
        "coroutine": (4, JSON, {}, b'{"x": 1}'),
    }
    with Process(CODE) as p:
        p.create(1, kind="model", name="m", **{"class": "Model"})
        for number, name in enumerate(("Step", "echo", "later"), 2):
            p.create(number, kind="function" if name != "Step" else "class", name=name, **{"class": name})
        print(f"resident: {p.resident() / 1e6:.1f} MB")
        for name, (obj, flags, meta, body) in questions.items():
            for window in (1, 16):
                measure(p, name, frame(obj, flags, meta, body), window)
        print(f"resident: {p.resident() / 1e6:.1f} MB with asyncio")
    tensors()


def tensors() -> None:
    with Process("import numpy\n" + CODE) as p:
        if p.create(1, kind="model", name="m", **{"class": "Model"}).kind != 128:
            print("no numpy")
            return
        print(f"resident: {p.resident() / 1e6:.1f} MB with numpy")
        for n in (4, 16384):
            meta = {"op": "infer", "tensors": [{"name": "x", "datatype": "FP32", "shape": [1, n]}]}
            measure(p, f"tensor of {4 * n} bytes", frame(1, TENSORS, meta, bytes(4 * n)), 1, calls=1000)


if __name__ == "__main__":
    sys.exit(main())
