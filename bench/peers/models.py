"""Writes the models that benchgrpc -mlserver compares MLServer and leat with: python models.py FOLDER. The files are the same for both."""

import sys
from pathlib import Path

import numpy as np
import onnx
import xgboost
from onnx import TensorProto, helper, numpy_helper

folder = Path(sys.argv[1])
for name in ("xgboost", "onnx"):
    (folder / name).mkdir(parents=True, exist_ok=True)

rng = np.random.default_rng(1)
rows = rng.normal(size=(4000, 13)).astype(np.float32)
values = rows[:, 0] * rows[:, 1] + np.sin(rows[:, 2])
trees = xgboost.train({"max_depth": 6, "nthread": 1}, xgboost.DMatrix(rows, values), 100)
trees.save_model(folder / "xgboost" / "model.json")

weights = {"w1": rng.normal(size=(13, 64)), "b1": rng.normal(size=64), "w2": rng.normal(size=(64, 3)), "b2": rng.normal(size=3)}
graph = helper.make_graph(
    [helper.make_node("Gemm", ["x", "w1", "b1"], ["h"]), helper.make_node("Relu", ["h"], ["r"]), helper.make_node("Gemm", ["r", "w2", "b2"], ["y"])],
    "mlp",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 13])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
    [numpy_helper.from_array(w.astype(np.float32), name) for name, w in weights.items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
model.ir_version = 8
onnx.save(model, folder / "onnx" / "model.onnx")
