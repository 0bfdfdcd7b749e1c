"""Trains the models of the tree benchmark with XGBoost and LightGBM.

    python train.py --out DIR [--only NAME] [--rows N]

For each size it writes NAME.ubj (XGBoost), NAME.txt (LightGBM), each of them as
an ONNX TreeEnsembleRegressor (NAME-xgb.onnx, NAME-lgb.onnx: with what the nodes
say about missing values; NAME-xgb-full.onnx, NAME-lgb-full.onnx: without, which
ONNX Runtime evaluates faster), and the rows to predict: NAME-full.f32 and
NAME-missing.f32, row-major little-endian float32, from the distribution that the
models were trained on. What is there already is left as it is.

Needs the packages of requirements.txt.
"""

import argparse
import json
import pathlib
import re

import lightgbm as lgb
import numpy as np
import onnx
import xgboost as xgb
from onnx import TensorProto, helper

# name: trees of all classes, depth, features, classes
SIZES = {
    "50x4": (50, 4, 20, 1),
    "200x6": (200, 6, 30, 1),
    "300x8": (300, 8, 50, 1),
    "200x4x5": (200, 4, 30, 5),
    "1000x10": (1000, 10, 50, 1),
}
MISSING = 0.1
ROWS = 10_240  # to predict


def table(rng, rows, features, missing):
    """Columns of several kinds: normal, skewed, counts, and few levels."""
    x = rng.standard_normal((rows, features))
    x[:, 1::4] = np.exp(x[:, 1::4])
    x[:, 2::4] = np.floor(np.abs(x[:, 2::4]) * 20)
    x[:, 3::4] = np.round(x[:, 3::4], 1)
    if missing:
        x[rng.random(x.shape) < MISSING] = np.nan
    return x.astype(np.float32)


def target(rng, x, classes):
    """Interactions of many columns, and noise, so that no tree runs dry."""
    z = np.nan_to_num((x - np.nanmean(x, axis=0)) / np.nanstd(x, axis=0))
    weights = rng.standard_normal((z.shape[1], max(classes, 1)))
    pairs = rng.permutation(z.shape[1])[: z.shape[1] // 2 * 2].reshape(-1, 2)
    y = z @ weights + (z[:, pairs[:, 0]] * z[:, pairs[:, 1]]).sum(axis=1, keepdims=True)
    y = y + rng.standard_normal(y.shape) * y.std()
    return y.argmax(axis=1) if classes > 1 else y[:, 0]


def train_xgboost(path, x, y, trees, depth, classes):
    parameters = {"max_depth": depth, "eta": 0.1, "min_child_weight": 1, "lambda": 0.1, "nthread": 2}
    parameters |= {"objective": "multi:softprob", "num_class": classes} if classes > 1 else {"objective": "reg:squarederror"}
    xgb.train(parameters, xgb.DMatrix(x, label=y), trees // classes).save_model(path)


def train_lightgbm(path, x, y, trees, depth, classes):
    parameters = {
        "num_leaves": 2**depth,
        "max_depth": depth,
        "learning_rate": 0.1,
        "min_data_in_leaf": 1,
        "num_threads": 2,
        "verbosity": -1,
    }
    parameters |= {"objective": "multiclass", "num_class": classes} if classes > 1 else {"objective": "regression"}
    lgb.train(parameters, lgb.Dataset(x, label=y, params={"verbosity": -1}), trees // classes).save_model(path)


class Nodes:
    """The attributes of a TreeEnsembleRegressor."""

    def __init__(self, mode):
        self.mode = mode
        self.tree, self.node, self.feature, self.value = [], [], [], []
        self.left, self.right, self.missing, self.leaf = [], [], [], []
        self.targets = []  # tree, node, target, weight

    def add(self, tree, node, feature, value, left, right, missing_left):
        self.tree.append(tree)
        self.node.append(node)
        self.feature.append(feature)
        self.value.append(value)
        self.left.append(left)
        self.right.append(right)
        self.missing.append(int(missing_left))
        self.leaf.append(False)

    def add_leaf(self, tree, node, target, weight):
        self.add(tree, node, 0, 0.0, 0, 0, False)
        self.leaf[-1] = True
        self.targets.append((tree, node, target, weight))

    def save(self, path, features, base, missing):
        tree, node, target, weight = zip(*self.targets)
        attributes = {
            "n_targets": len(base),
            "aggregate_function": "SUM",
            "post_transform": "NONE",
            "base_values": [float(b) for b in base],
            "nodes_treeids": self.tree,
            "nodes_nodeids": self.node,
            "nodes_featureids": self.feature,
            "nodes_values": self.value,
            "nodes_modes": ["LEAF" if leaf else self.mode for leaf in self.leaf],
            "nodes_truenodeids": self.left,
            "nodes_falsenodeids": self.right,
            "target_treeids": tree,
            "target_nodeids": node,
            "target_ids": target,
            "target_weights": weight,
        }
        if missing:
            attributes["nodes_missing_value_tracks_true"] = self.missing
        operator = helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", **attributes)
        graph = helper.make_graph(
            [operator],
            "trees",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, features])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, len(base)])],
        )
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
        onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)


def nodes_of_xgboost(path):
    booster = xgb.Booster(model_file=path)
    document = json.loads(booster.save_raw("json"))["learner"]
    model = document["gradient_booster"]["model"]
    base = np.atleast_1d(json.loads(document["learner_model_param"]["base_score"]))
    nodes = Nodes("BRANCH_LT")
    for t, tree in enumerate(model["trees"]):
        left, right = tree["left_children"], tree["right_children"]
        for n, value in enumerate(tree["split_conditions"]):
            if left[n] == -1:
                nodes.add_leaf(t, n, model["tree_info"][t], value)
            else:
                nodes.add(t, n, tree["split_indices"][n], value, left[n], right[n], tree["default_left"][n])
    return nodes, base


def round_down(threshold):
    value = np.float32(min(threshold, float(np.finfo(np.float32).max)))
    return value if float(value) <= threshold else np.nextafter(value, np.float32(-np.inf))


def nodes_of_lightgbm(path, classes):
    """Thresholds are rounded down, which changes nothing for float32 rows."""
    nodes = Nodes("BRANCH_LEQ")
    trees = lgb.Booster(model_file=path).dump_model()["tree_info"]
    for t, tree in enumerate(trees):
        leaves = tree["num_leaves"]
        stack = [tree["tree_structure"]]
        number = lambda n: n["split_index"] if "split_index" in n else leaves - 1 + n.get("leaf_index", 0)
        for n in iter(lambda: stack.pop() if stack else None, None):
            if "split_index" not in n:
                nodes.add_leaf(t, number(n), t % classes, n["leaf_value"])
                continue
            value = round_down(n["threshold"])
            left, right = n["left_child"], n["right_child"]
            missing_left = n["default_left"] if n["missing_type"] == "NaN" else 0 <= n["threshold"]
            nodes.add(t, number(n), n["split_feature"], float(value), number(left), number(right), missing_left)
            stack += [right, left]
    return nodes, np.zeros(classes)


def save_onnx(out, name, kind, features, read):
    paths = {True: out / f"{name}-{kind}.onnx", False: out / f"{name}-{kind}-full.onnx"}
    if all(p.exists() for p in paths.values()):
        return
    nodes, base = read()
    for missing, path in paths.items():
        nodes.save(path, features, base, missing)


def make(out, name, rows):
    trees, depth, features, classes = SIZES[name]
    rng = np.random.default_rng([trees, depth, features])
    for kind in ("full", "missing"):
        path = out / f"{name}-{kind}.f32"
        if not path.exists():
            table(rng, ROWS, features, kind == "missing").astype("<f4").tofile(path)
    x = table(rng, rows, features, True)
    y = target(rng, x, classes)
    for suffix, train in ((".ubj", train_xgboost), (".txt", train_lightgbm)):
        path = out / (name + suffix)
        if not path.exists():
            print("train", path.name, flush=True)
            train(str(path), x, y, trees, depth, classes)
    save_onnx(out, name, "xgb", features, lambda: nodes_of_xgboost(str(out / f"{name}.ubj")))
    save_onnx(out, name, "lgb", features, lambda: nodes_of_lightgbm(str(out / f"{name}.txt"), classes))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--only", default=".*", help="regular expression of names")
    parser.add_argument("--rows", type=int, default=60_000, help="to train on")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in SIZES:
        if re.fullmatch(arguments.only, name):
            make(arguments.out, name, arguments.rows)


if __name__ == "__main__":
    main()
