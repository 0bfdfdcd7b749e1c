"""LightGBM: objectives, boosters, missing values, categories, linear trees."""
import re

import lightgbm as lgb
import numpy as np

from rows import R, finite, hard, holes, sparse, training

FEATURES = 12
OBJECTIVES = [
    "regression", "regression_l1", "huber", "fair", "poisson", "quantile", "mape", "gamma", "tweedie", "binary",
    "multiclass", "multiclassova", "cross_entropy", "cross_entropy_lambda", "lambdarank", "rank_xendcg",
]


def label(objective, y):
    if objective.startswith("multiclass"):
        return np.digitize(y, np.quantile(y, [0.2, 0.4, 0.6, 0.8]))
    if objective == "binary" or "rank" in objective:
        return (y > 0).astype(np.float64)
    if objective.startswith("cross_entropy"):
        return 1 / (1 + np.exp(-y))
    if objective in ("poisson", "gamma", "tweedie"):
        return np.abs(y) + 0.1
    return y


def train(objective, x, y, rounds=15, categorical="auto", **more):
    parameters = {
        "objective": objective, "verbose": -1, "num_threads": 1, "seed": 3, "deterministic": True,
        "min_data_in_leaf": 5, **more,
    }
    if objective.startswith("multiclass"):
        parameters["num_class"] = 5
    group = [50] * (x.shape[0] // 50) if "rank" in objective else None
    data = lgb.Dataset(x, label(objective, y), group=group, categorical_feature=categorical, params=parameters)
    return lgb.train(parameters, data, rounds)


def thresholds(booster, features):
    """The thresholds of numeric splits, by feature."""
    lists = [[] for _ in range(features)]
    text = booster.model_to_string()
    for tree in text.split("\nTree=")[1:]:
        fields = dict(re.findall(r"^(split_feature|threshold|decision_type)=(.*)$", tree, re.M))
        if "threshold" not in fields:
            continue
        numbers = zip(fields["split_feature"].split(), fields["threshold"].split(), fields["decision_type"].split())
        for feature, threshold, decision in numbers:
            if not int(decision) & 1:
                lists[int(feature)].append(float(threshold))
    return lists


def save(w, name, group, booster, x, shap_rows=60):
    checks = [("margin", x, booster.predict(x, raw_score=True)), ("response", x, booster.predict(x))]
    leaves = booster.predict(x, pred_leaf=True)
    checks.append(("leaf", x, np.asarray(leaves, np.int32)))
    if shap_rows and not w.smoke:
        few = x[:shap_rows]
        contribs = booster.predict(few, pred_contrib=True)
        contribs = contribs if isinstance(contribs, np.ndarray) else flat(contribs, few.shape)
        checks.append(("contrib", few, contribs))
    w.save(name, group, booster.model_to_string().encode(), checks)


def flat(contribs, shape):
    """The contributions for sparse rows, which come sparse, by class."""
    parts = contribs if isinstance(contribs, list) else [contribs]
    return np.concatenate([part.toarray() for part in parts], axis=1)


def case(w, name, group, objective, x, y, features=FEATURES, shap_rows=60, rows=None, **more):
    booster = train(objective, x, y, **more)
    asked = hard(rows or w.rows, features, thresholds(booster, features), np.float64)
    save(w, name, group, booster, asked, shap_rows)


def objectives(w):
    x, y = training(2000, FEATURES)
    for objective in OBJECTIVES[:: 5 if w.smoke else 1]:
        short = "lgb-" + objective.replace("_", "-")
        case(w, short, "lightgbm gbdt", objective, x, y)
        case(w, short + "-missing", "lightgbm gbdt, missing", objective, holes(x), y)
        case(w, short + "-dart", "lightgbm dart", objective, holes(x), y, boosting="dart", drop_rate=0.4)
        if objective != "lambdarank" or not w.smoke:
            case(w, short + "-rf", "lightgbm rf", objective, x, y, boosting="rf", bagging_fraction=0.5, bagging_freq=1)
        case(w, short + "-goss", "lightgbm goss", objective, x, y, data_sample_strategy="goss", learning_rate=0.5)


def missing(w):
    x, y = training(3000, FEATURES)
    gaps = holes(x, 0.3)
    zeros = np.where(R.random(x.shape) < 0.3, 0, x)
    for name, data, more in (
        ("zero", zeros, {"zero_as_missing": True}),
        ("zero-nan", np.where(R.random(x.shape) < 0.2, np.nan, zeros), {"zero_as_missing": True}),
        ("none", zeros, {"use_missing": False}),
        ("unused", gaps, {"use_missing": False}),
    ):
        case(w, "lgb-missing-" + name, "lightgbm missing values", "regression", data, y, num_leaves=60, **more)


def shapes(w):
    x, y = training(5000, FEATURES)
    for depth in [1, 16] if w.smoke else [1, 2, 4, 8, 12, 16]:
        leaves = min(2**depth, 1000)
        case(w, f"lgb-depth{depth}", "lightgbm depths", "regression", holes(x), y, max_depth=depth, num_leaves=leaves, shap_rows=20)
    for features in [1000] if w.smoke else [1, 100, 1000, 5000]:
        x, y = training(1500, features)
        rows = w.rows if features < 5000 else min(w.rows, 1000)
        case(w, f"lgb-features{features}", "lightgbm widths", "binary", x, y, features=features, shap_rows=10, rows=rows)
    x, y = training(3000, FEATURES)
    case(w, "lgb-sqrt", "lightgbm others", "regression", x, y, reg_sqrt=True)
    case(w, "lgb-sigmoid", "lightgbm others", "binary", x, y, sigmoid=0.7)
    case(w, "lgb-scale", "lightgbm others", "binary", x, y, scale_pos_weight=3)
    case(w, "lgb-extra", "lightgbm others", "regression", x, y, extra_trees=True, num_leaves=100)
    case(w, "lgb-constant", "lightgbm others", "regression", x, np.full(len(y), 2.5))
    case(w, "lgb-quantized", "lightgbm others", "regression", x, y, use_quantized_grad=True)


def wide(w):
    """50,000 columns, of which rows have some; the others are zero."""
    features = 50_000
    x = sparse(3000, features).astype(np.float64)
    y = np.asarray(x[:, : features // 2].sum(axis=1)).ravel()
    booster = train("binary", x, y, rounds=30)
    asked = sparse(min(w.rows, 500) if w.smoke else w.rows, features).astype(np.float64)
    save(w, "lgb-features50000", "lightgbm widths", booster, asked, shap_rows=2)


def categories(w):
    counts = {0: 4, 1: 30, 2: 500}
    x, y = training(4000, FEATURES)
    for f, count in counts.items():
        x[:, f] = R.integers(0, count, len(x))
    y = y + x[:, 0] % 3 + x[:, 1] % 5 - x[:, 2] % 7
    for objective in ["regression", "multiclass"][: 1 if w.smoke else 2]:
        for name, more in ("onehot", {"max_cat_to_onehot": 600}), ("sets", {"max_cat_to_onehot": 1, "cat_smooth": 1}):
            booster = train(objective, holes(x), y, categorical=list(counts), min_data_per_group=5, **more)
            asked = hard(w.rows, FEATURES, thresholds(booster, FEATURES), np.float64, categories=counts)
            asked[::7, 1] += 0.5
            asked[::11, 0] = -0.5
            save(w, f"lgb-cat-{name}-{objective}", "lightgbm categories", booster, asked)


def linear(w):
    x, y = training(3000, FEATURES)
    for name, data in ("", x), ("-missing", holes(x)):
        for objective in "regression", "binary", "multiclass":
            booster = train(objective, data, y, linear_tree=True, linear_lambda=0.1)
            asked = finite(hard(w.rows, FEATURES, thresholds(booster, FEATURES), np.float64, infinite=False))
            checks = [("margin", asked, booster.predict(asked, raw_score=True)), ("response", asked, booster.predict(asked))]
            w.save(f"lgb-linear-{objective}{name}", "lightgbm linear trees", booster.model_to_string().encode(), checks)
    w.note("SHAP values of LightGBM's linear trees: the library has none")


def early(w):
    x, y = training(3000, FEATURES)
    data = lgb.Dataset(x[500:], y[500:])
    booster = lgb.train(
        {"objective": "regression", "verbose": -1, "num_threads": 1, "learning_rate": 0.5}, data, 200,
        [lgb.Dataset(x[:500], y[:500], reference=data)], callbacks=[lgb.early_stopping(5, verbose=False)],
    )
    asked = hard(w.rows, FEATURES, thresholds(booster, FEATURES), np.float64)
    save(w, "lgb-early", "lightgbm early stopping", booster, asked)


TASKS = [objectives, missing, shapes, wide, categories, linear, early]
