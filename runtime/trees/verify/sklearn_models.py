"""scikit-learn, XGBoost and LightGBM through ONNX. The answers are those of
ONNX Runtime, after a look at whether it answers what scikit-learn does."""
import warnings

import lightgbm as lgb
import numpy as np
import onnxruntime as ort
import xgboost as xgb
from onnx import helper
from onnxmltools.convert import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as MLFloats
from skl2onnx import to_onnx
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType
from sklearn import ensemble, tree
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from rows import finite, hard, holes, training

FEATURES = 12
ort.set_default_logger_severity(4)


def plain_attributes():
    """Makes numbers that scikit-learn 1.9 hands over fit what onnx 1.23 takes."""
    original = helper.make_attribute

    def make(key, value, *args, **kwargs):
        if isinstance(value, (list, tuple, np.ndarray)):
            value = [v.item() if isinstance(v, np.generic) else v for v in value]
            value = [int(v) if isinstance(v, bool) else v for v in value]
        return original(key, value, *args, **kwargs)

    helper.make_attribute = make


plain_attributes()


def thresholds(model):
    lists = [[] for _ in range(FEATURES)]
    for node in model.graph.node:
        found = {a.name: a for a in node.attribute if a.name in ("nodes_values", "nodes_featureids", "nodes_modes")}
        if len(found) == 3:
            for feature, value, mode in zip(found["nodes_featureids"].ints, found["nodes_values"].floats, found["nodes_modes"].strings):
                if mode != b"LEAF":
                    lists[feature].append(value)
    return lists


def agrees(session, trained, x):
    """Whether ONNX Runtime answers what the library that trained it does."""
    got = session.run(None, {session.get_inputs()[0].name: x})[0]
    want = np.asarray(trained.predict(x))
    if got.dtype == np.float32:
        return np.allclose(got.reshape(want.shape), want, rtol=1e-3, atol=1e-3 * np.abs(want).max())
    return np.mean(got.reshape(want.shape) != want) < 0.01


def save(w, name, group, model, trained, x):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    kind = {"tensor(int64)": np.int64, "tensor(double)": np.float64}.get(session.get_inputs()[0].type, np.float32)
    if trained is not None and not agrees(session, trained, x[:300].astype(kind)):
        w.note(f"{name}: ONNX Runtime {ort.__version__} does not answer what the trained model does")
        return
    asked = hard(w.rows, FEATURES, thresholds(model))
    if kind == np.int64:
        asked = np.nan_to_num(3 * finite(asked)).clip(-1e6, 1e6)
    asked = asked.astype(kind)
    checks = []
    for output, value in zip(session.get_outputs(), session.run(None, {session.get_inputs()[0].name: asked})):
        if isinstance(value, list):
            value = np.array([list(row.values()) for row in value], np.float32)
        checks.append((output.name, asked, value.tolist() if value.dtype == object else value))
    w.save(name, group, model.SerializeToString(), checks)


def sklearn(w, name, model, x, y, kind=FloatTensorType, **options):
    model.fit(x, y)
    options = {"options": {id(model): options}} if options else {}
    save(w, name, "onnx scikit-learn", to_onnx(model, initial_types=[("X", kind([None, FEATURES]))], **options), model, x)


def data():
    warnings.simplefilter("ignore")
    x, y = training(2000, FEATURES)
    return x, y, np.digitize(y, np.quantile(y, [0.25, 0.5, 0.75]))


def forests(w):
    x, y, classes = data()
    n = 10 if w.smoke else 60
    names = np.array(["low", "lower", "middle", "high"])
    for depth in [6] if w.smoke else [3, 6, 16]:
        more = {"n_estimators": n, "max_depth": depth, "random_state": 1}
        for kind, classifier, regressor in (
            ("forest", ensemble.RandomForestClassifier, ensemble.RandomForestRegressor),
            ("extra", ensemble.ExtraTreesClassifier, ensemble.ExtraTreesRegressor),
        ):
            sklearn(w, f"skl-{kind}{depth}-classes", classifier(**more), x, classes)
            sklearn(w, f"skl-{kind}{depth}-two", classifier(**more), x, (y > 0).astype(int), zipmap=False)
            sklearn(w, f"skl-{kind}{depth}-names", classifier(**more), x, names[classes])
            sklearn(w, f"skl-{kind}{depth}", regressor(**more), x, y)
            sklearn(w, f"skl-{kind}{depth}-targets", regressor(**more), x, np.stack([y, -y, y * x[:, 0]], 1))
    sklearn(w, "skl-tree-classes", tree.DecisionTreeClassifier(max_depth=9), x, classes)
    sklearn(w, "skl-tree", tree.DecisionTreeRegressor(), x, y)
    whole = np.round(3 * x).astype(np.int64)
    sklearn(w, "skl-forest-integers", ensemble.RandomForestClassifier(n, max_depth=7), whole, classes, Int64TensorType)
    sklearn(w, "skl-forest-doubles", ensemble.RandomForestClassifier(n, max_depth=7), x, classes, DoubleTensorType, zipmap=False)


def boosted(w):
    x, y, classes = data()
    n = 10 if w.smoke else 60
    gaps = holes(x)
    for name, target in ("classes", classes), ("two", (y > 0).astype(int)):
        sklearn(w, f"skl-boosted-{name}", ensemble.GradientBoostingClassifier(n_estimators=n), x, target)
        sklearn(w, f"skl-boosted-{name}-raw", ensemble.GradientBoostingClassifier(n_estimators=n), x, target, raw_scores=True)
        sklearn(w, f"skl-hist-{name}", ensemble.HistGradientBoostingClassifier(max_iter=n), gaps, target)
    sklearn(w, "skl-boosted", ensemble.GradientBoostingRegressor(n_estimators=n), x, y)
    sklearn(w, "skl-hist", ensemble.HistGradientBoostingRegressor(max_iter=n), gaps, y)
    sklearn(w, "skl-bagging", ensemble.BaggingClassifier(n_estimators=7), x, classes)
    sklearn(w, "skl-bagging-numbers", ensemble.BaggingRegressor(n_estimators=7), x, y)
    pair = [("a", ensemble.GradientBoostingRegressor(n_estimators=n)), ("b", ensemble.RandomForestRegressor(5))]
    sklearn(w, "skl-voting", ensemble.VotingRegressor(pair), x, y)
    sklearn(w, "skl-several", MultiOutputRegressor(ensemble.GradientBoostingRegressor(n_estimators=n)), x, np.stack([y, -y], 1))
    sklearn(w, "skl-pipeline", make_pipeline(StandardScaler(), ensemble.RandomForestClassifier(n, max_depth=7)), x, classes)


def exported(w):
    x, y, classes = data()
    inputs = [("X", MLFloats([None, FEATURES]))]
    gaps, n = holes(x), 10 if w.smoke else 60
    for name, target in ("classes", classes), ("two", (y > 0).astype(int)):
        model = xgb.XGBClassifier(n_estimators=n, max_depth=6).fit(gaps, target)
        save(w, f"xgb-{name}", "onnx xgboost", convert_xgboost(model, initial_types=inputs), model, gaps)
        model = lgb.LGBMClassifier(n_estimators=n, verbose=-1).fit(gaps, target)
        save(w, f"lgb-{name}", "onnx lightgbm", convert_lightgbm(model, initial_types=inputs), model, gaps)
    for objective in "reg:squarederror", "count:poisson":
        model = xgb.XGBRegressor(n_estimators=n, objective=objective).fit(gaps, abs(y))
        name = "xgb-" + objective.split(":")[1]
        save(w, name, "onnx xgboost", convert_xgboost(model, initial_types=inputs), model, gaps)
    model = lgb.LGBMRegressor(n_estimators=n, verbose=-1).fit(gaps, y)
    save(w, "lgb-numbers", "onnx lightgbm", convert_lightgbm(model, initial_types=inputs), model, gaps)
    w.note("AdaBoost, IsolationForest: their graphs have operators that only ONNX Runtime knows")
    save(w, "lgb-split", "onnx lightgbm", convert_lightgbm(model, initial_types=inputs, split=5), model, gaps)


TASKS = [forests, boosted, exported]
