#!/usr/bin/env python3
"""Writes the models in this folder and what ONNX Runtime answers to them.

Run it with the packages of runtime/trees/verify/requirements.txt. It wants an
ONNX Runtime that has not the fault of 1.26 and 1.27 (their classifiers of two
classes answer scores in place of probabilities, and wrong labels:
https://github.com/microsoft/onnxruntime/issues/28557), and it checks the
answers against those of the library that trained the model.
"""
import json
import pathlib
import sys
import warnings

import lightgbm as lgb
import numpy as np
import onnx
import onnxruntime as ort
import xgboost as xgb
from onnx import TensorProto, helper
from onnxmltools.convert import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as MLFloats
from skl2onnx import to_onnx
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType
from sklearn import ensemble as sk
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = pathlib.Path(__file__).parent
FEATURES = 5
R = np.random.default_rng(7)
X = R.normal(size=(300, FEATURES)).astype(np.float32)
Y = X[:, 0] - 2 * X[:, 1] * X[:, 2] + np.sin(3 * X[:, 3]) + 0.1 * R.normal(size=300)
CLASS = np.digitize(Y, [-1, 1])
TWO = (Y > 0).astype(int)
HOLES = np.where(R.random(X.shape) < 0.2, np.nan, X).astype(np.float32)
SETS = X.copy()
SETS[:, 0] = R.integers(0, 40, 300)
SMALL = {"max_depth": 3, "random_state": 1}
SET_COLUMNS = {"version5": [0, 3], "lightgbm-sets": [0]}
DATATYPES = {"float32": "FP32", "float64": "FP64", "int64": "INT64", "object": "BYTES"}


def plain_attributes():
    """Makes numbers that scikit-learn 1.9 hands over fit what onnx 1.23 takes."""
    original = helper.make_attribute

    def make(key, value, *args, **kwargs):
        if isinstance(value, (list, tuple, np.ndarray)):
            value = [v.item() if isinstance(v, np.generic) else v for v in value]
            value = [int(v) if isinstance(v, bool) else v for v in value]
        return original(key, value, *args, **kwargs)

    helper.make_attribute = make


def sklearn(model, x, y, kind=FloatTensorType, **options):
    model.fit(x, y)
    options = {"options": {id(model): options}} if options else {}
    return to_onnx(model, initial_types=[("X", kind([None, x.shape[1]]))], **options), model


def inputs():
    return [("X", MLFloats([None, FEATURES]))]


def xgboost(model, x, y):
    model.fit(x, y)
    return convert_xgboost(model, initial_types=inputs()), model


def lightgbm(model, x, y, categorical="auto", **options):
    model.fit(x, y, categorical_feature=categorical)
    return convert_lightgbm(model, initial_types=inputs(), **options), model


def changed(model, **attributes):
    """The model with other attributes of its first node."""
    node = model[0].graph.node[0]
    for name, change in attributes.items():
        for old in [a for a in node.attribute if a.name == name]:
            if callable(change):
                change = change(helper.get_attribute_value(old))
            node.attribute.remove(old)
        node.attribute.append(helper.make_attribute(name, change))
    return model[0], None


def version5():
    """Two trees of ai.onnx.ml 5: splits of every kind, and a tree of one leaf."""
    members = np.array([1, 4, 39, np.nan, 2, np.nan], np.float32)
    node = helper.make_node(
        "TreeEnsemble", ["X"], ["Y"], domain="ai.onnx.ml", n_targets=2, aggregate_function=1,
        tree_roots=[0, 4], nodes_featureids=[0, 1, 2, 3, 0],
        nodes_modes=helper.make_tensor("modes", TensorProto.UINT8, [5], [6, 0, 3, 6, 0]),
        nodes_splits=helper.make_tensor("splits", TensorProto.FLOAT, [5], [0, 0.5, -0.5, 0, 0]),
        nodes_truenodeids=[1, 0, 2, 4, 6], nodes_trueleafs=[0, 1, 1, 1, 1],
        nodes_falsenodeids=[2, 1, 3, 5, 6], nodes_falseleafs=[0, 1, 0, 1, 1],
        nodes_missing_value_tracks_true=[0, 1, 0, 1, 0],
        membership_values=helper.make_tensor("members", TensorProto.FLOAT, [6], members),
        leaf_targetids=[0, 1, 0, 1, 0, 1, 0],
        leaf_weights=helper.make_tensor("leaves", TensorProto.FLOAT, [7], [1, 2, 3, 4, 5, 6, 0.1]),
    )
    graph = helper.make_graph(
        [node], "version5",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, 4])],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, [None, 2])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("ai.onnx.ml", 5)], ir_version=10), None


def models():
    forest = sk.RandomForestClassifier
    names = np.array(["low", "middle", "high"])
    boosted = sk.GradientBoostingRegressor(n_estimators=7, **SMALL)
    yield "forest-classes", sklearn(forest(9, **SMALL), X, CLASS)
    yield "forest-names", sklearn(forest(5, **SMALL), X, names[CLASS], zipmap=False)
    yield "forest-two", sklearn(forest(9, **SMALL), X, TWO)
    yield "forest-two-names", sklearn(forest(5, **SMALL), X, np.array(["no", "yes"])[TWO])
    yield "forest-integers", sklearn(forest(5, **SMALL), np.round(3 * X).astype(np.int64), CLASS, Int64TensorType)
    yield "forest-doubles", sklearn(forest(5, **SMALL), X, CLASS, DoubleTensorType, zipmap=False)
    yield "forest-targets", sklearn(sk.ExtraTreesRegressor(9, **SMALL), X, np.stack([Y, -Y * X[:, 0]], 1))
    yield "boosted-two", sklearn(sk.GradientBoostingClassifier(n_estimators=9, **SMALL), X, TWO)
    yield "boosted-classes", sklearn(sk.GradientBoostingClassifier(n_estimators=5, **SMALL), X, CLASS)
    yield "boosted", sklearn(boosted, X, Y)
    yield "boosted-missing", sklearn(sk.HistGradientBoostingRegressor(max_iter=5, max_depth=3), HOLES, Y)
    yield "bagging", sklearn(sk.BaggingClassifier(n_estimators=3, random_state=1, max_samples=0.2), X, names[CLASS])
    yield "voting", sklearn(sk.VotingRegressor([("a", boosted), ("b", sk.RandomForestRegressor(3, **SMALL))]), X, Y)
    yield "pipeline", sklearn(make_pipeline(StandardScaler(), forest(5, **SMALL)), X, CLASS)
    small = {"n_estimators": 5, "max_depth": 3}
    quiet = {"verbose": -1, "min_data_in_leaf": 5, **small}
    yield "xgboost-classes", xgboost(xgb.XGBClassifier(**small), HOLES, CLASS)
    yield "xgboost-poisson", xgboost(xgb.XGBRegressor(objective="count:poisson", **small), X, abs(Y))
    yield "lightgbm-two", lightgbm(lgb.LGBMClassifier(**quiet), HOLES, TWO)
    yield "lightgbm-split", lightgbm(lgb.LGBMRegressor(**quiet), X, Y, split=2)
    target = SETS[:, 0] % 3 + Y / 9
    yield "lightgbm-sets", lightgbm(lgb.LGBMRegressor(cat_smooth=1, **quiet), SETS, target, [0])
    for how in "AVERAGE", "MIN", "MAX":
        yield how.lower(), changed(sklearn(boosted, X, Y), aggregate_function=how)
    modes = [b"BRANCH_LT", b"BRANCH_GTE", b"BRANCH_GT", b"BRANCH_LEQ"]
    yield "modes", changed(
        sklearn(boosted, X, Y),
        nodes_modes=lambda v: [m if m == b"LEAF" else modes[i % 4] for i, m in enumerate(v)],
        nodes_missing_value_tracks_true=lambda v: [i % 3 % 2 for i in range(len(v))],
    )
    yield "equal", changed(
        sklearn(boosted, X, Y),
        nodes_modes=lambda v: [m if m == b"LEAF" else [b"BRANCH_EQ", b"BRANCH_NEQ"][i % 2] for i, m in enumerate(v)],
        nodes_values=lambda v: [float(abs(round(3 * x))) for x in v],
        nodes_missing_value_tracks_true=lambda v: [i % 3 % 2 for i in range(len(v))],
    )
    for how in "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO":
        yield how.lower().replace("_", "-"), changed(sklearn(forest(5, **SMALL), X, CLASS), post_transform=how)
    yield "version5", version5()


def rows(name, model, kind, width, n=60):
    """Rows near the model's thresholds, with numbers that are special."""
    x = (2 * R.normal(size=(n, width))).astype(np.float32)
    thresholds = [v for node in model.graph.node for a in node.attribute if a.name == "nodes_values" for v in a.floats]
    near = R.choice(np.array(thresholds or [0], np.float32), x.shape)
    which = R.random(x.shape)
    x = np.where(which < 0.15, near, x)
    for limit, side in (0.15, np.inf), (0.2, -np.inf):
        x = np.where((which > limit) & (which < limit + 0.05), np.nextafter(near, np.float32(side)), x)
    special = np.array([np.nan, np.inf, -np.inf, 0, -0.0, 1e-40, 3e38, 1, 2, 4, 1.5], np.float32)
    x = np.where(which > 0.9, R.choice(special, x.shape), x).astype(np.float32)
    x[::2, 0] = R.integers(-1, 42, len(x[::2]))
    # Of a number with a fraction ONNX Runtime looks up the whole part in small
    # sets, and the number itself in big ones.
    for column in SET_COLUMNS.get(name, []):
        x[:, column] = np.trunc(x[:, column])
    if kind == "tensor(int64)":
        return np.nan_to_num(3 * x, nan=0, posinf=5, neginf=-5).clip(-99, 99).astype(np.int64)
    return x.astype(np.float64) if kind == "tensor(double)" else x


def bits(array):
    views = {"float32": np.int32, "float64": np.int64}
    array = np.ascontiguousarray(array)
    return array.view(views.get(str(array.dtype), array.dtype)).ravel().tolist()


def tensor(name, array):
    return {"name": name, "datatype": DATATYPES[str(array.dtype)], "shape": list(array.shape), "bits": bits(array)}


def matrix(value):
    """A ZipMap's rows as a matrix."""
    return np.array([list(row.values()) for row in value], np.float32) if isinstance(value, list) else value


def check(session, model, trained):
    """Compares labels and numbers with those of the library that trained them."""
    x = SETS if "lightgbm-sets" in model else np.round(3 * X).astype(np.int64) if "integers" in model else X
    x = x.astype({"tensor(double)": np.float64}.get(session.get_inputs()[0].type, x.dtype))
    got = session.run(None, {"X": x})[0]
    want = trained.predict(x)
    same = np.array_equal(got, want) if got.dtype == object else np.allclose(got.reshape(want.shape), want, atol=1e-4)
    if not same and np.mean(got.reshape(want.shape) != want) > 0.01:
        sys.exit(f"{model}: ONNX Runtime {ort.__version__} does not answer what the model answers")


def main():
    warnings.simplefilter("ignore")
    plain_attributes()
    for name, (model, trained) in models():
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = 1, 4
        session = ort.InferenceSession(model.SerializeToString(), options)
        if trained is not None:
            check(session, name, trained)
        sent = session.get_inputs()[0]
        x = rows(name, model, sent.type, sent.shape[1])
        answers = {"input": tensor(sent.name, x), "outputs": [], "described": []}
        for output, value in zip(session.get_outputs(), session.run(None, {sent.name: x})):
            answers["outputs"].append(tensor(output.name, matrix(value)))
            shape = [n if isinstance(n, int) else -1 for n in output.shape]
            answers["described"].append({"name": output.name, "type": output.type, "shape": shape})
        model.producer_version = ""
        (HERE / f"{name}.onnx").write_bytes(model.SerializeToString())
        (HERE / f"{name}.json").write_text(json.dumps(answers) + "\n")


if __name__ == "__main__":
    main()
