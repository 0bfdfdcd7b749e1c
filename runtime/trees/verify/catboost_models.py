"""CatBoost: losses and ways to grow, of numeric features, as JSON."""
import json
import os
import tempfile

import catboost
import numpy as np

from rows import hard, holes, training

FEATURES = 12
LOSSES = [
    "RMSE", "MAE", "Quantile:alpha=0.3", "LogLinQuantile", "Poisson", "MAPE", "Huber:delta=1", "Expectile:alpha=0.3",
    "Tweedie:variance_power=1.5", "Logloss", "CrossEntropy", "MultiClass", "MultiClassOneVsAll", "MultiRMSE", "RMSEWithUncertainty",
]
CLASSES = ("Logloss", "CrossEntropy", "MultiClass", "MultiClassOneVsAll")


def label(loss, y):
    if loss == "Logloss":
        return (y > 0).astype(int)
    if loss == "CrossEntropy":
        return 1 / (1 + np.exp(-y))
    if loss.startswith("MultiClass"):
        return np.digitize(y, np.quantile(y, [0.25, 0.5, 0.75]))
    if loss == "MultiRMSE":
        return np.stack([y, -y], 1)
    if loss.startswith(("Poisson", "Tweedie", "MAPE", "LogLin")):
        return np.abs(y) + 0.5
    return y


def saved(model):
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "model.json")
        model.save_model(file, format="json")
        with open(file, "rb") as f:
            return f.read()


def thresholds(text):
    lists = [[] for _ in range(FEATURES)]
    for feature in json.loads(text)["features_info"]["float_features"]:
        lists[feature["flat_feature_index"]] = feature.get("borders") or []
    return lists


def case(w, name, group, loss, x, y, **more):
    model = catboost.CatBoost({
        "loss_function": loss, "iterations": 20, "depth": 5, "verbose": False, "thread_count": 1, "random_seed": 3,
        "allow_writing_files": False, **more,
    })
    model.fit(x, label(loss, y))
    text = saved(model)
    asked = hard(w.rows, FEATURES, thresholds(text), missing=bool(np.isnan(x).any()), infinite=True)
    kind = {"RMSEWithUncertainty": "RawFormulaVal"}.get(loss, "Probability" if loss in CLASSES else "RawFormulaVal")
    raw = model.predict(asked, prediction_type="RawFormulaVal")
    checks = [("margin", asked, raw)]
    if kind == "Probability":
        response = model.predict(asked, prediction_type=kind)
        if response.ndim == 2 and response.shape[1] == 2:
            response = np.ascontiguousarray(response[:, 1])
        checks.append(("response", asked, response))
    w.save(name, group, text, checks)


def models(w):
    x, y = training(3000, FEATURES)
    for loss in LOSSES[:: 5 if w.smoke else 1]:
        short = "cat-" + loss.split(":")[0].lower()
        for name, data in ("", x), ("-missing", holes(x)):
            try:
                case(w, short + name, "catboost losses", loss, data, y)
            except catboost.CatBoostError as error:
                w.note(f"{short}{name}: {error}")
    for policy in "SymmetricTree", "Depthwise", "Lossguide":
        case(w, f"cat-{policy.lower()}", "catboost ways to grow", "RMSE", holes(x), y, grow_policy=policy)
        case(w, f"cat-{policy.lower()}-classes", "catboost ways to grow", "MultiClass", x, y, grow_policy=policy)
    for mode in "Min", "Max":
        case(w, f"cat-nan-{mode.lower()}", "catboost missing values", "RMSE", holes(x), y, nan_mode=mode)
    for depth in [1, 10] if w.smoke else [1, 3, 8, 12]:
        case(w, f"cat-depth{depth}", "catboost depths", "Logloss", holes(x), y, depth=depth, iterations=10)


TASKS = [models]
