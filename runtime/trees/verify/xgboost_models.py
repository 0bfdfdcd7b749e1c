"""XGBoost: objectives, boosters, categories, targets, and what is unusual."""
import json

import numpy as np
import xgboost as xgb

from rows import R, finite, hard, holes, sparse, training

FEATURES = 12
OBJECTIVES = [
    "reg:squarederror", "reg:squaredlogerror", "reg:pseudohubererror", "reg:absoluteerror", "reg:quantileerror",
    "reg:logistic", "reg:gamma", "reg:tweedie", "binary:logistic", "binary:logitraw",
    "binary:hinge", "count:poisson", "survival:cox", "survival:aft", "multi:softmax", "multi:softprob",
    "rank:pairwise", "rank:ndcg", "rank:map",
]
VERSION = tuple(map(int, xgb.__version__.split(".")[:2]))
FORMS = ["json", "ubj"]
if VERSION >= (3, 4):
    OBJECTIVES.append("reg:expectileerror")
if VERSION < (3, 1):
    FORMS.append("deprecated")
if VERSION < (2, 0):
    OBJECTIVES.remove("reg:quantileerror")


def label(objective, y):
    """A target that the objective takes."""
    name = objective.split(":")[1]
    if objective.startswith("multi"):
        return np.digitize(y, np.quantile(y, [0.2, 0.4, 0.6, 0.8]))
    if objective.startswith(("binary", "rank")) or name == "logistic":
        return (y > 0).astype(np.float32)
    if name == "poisson":
        return np.round(np.abs(y))
    if name in ("gamma", "tweedie", "cox", "squaredlogerror"):
        return np.abs(y) + 0.1
    return y


def matrix(objective, x, y, **options):
    d = xgb.DMatrix(x, **options)
    target = label(objective, y)
    if objective == "survival:aft":
        d.set_float_info("label_lower_bound", np.abs(target) + 0.1)
        d.set_float_info("label_upper_bound", np.abs(target) + np.where(target > 0, 1, np.inf))
    else:
        d.set_label(target)
    if objective.startswith("rank"):
        d.set_group([50] * (x.shape[0] // 50))
    return d


def parameters(objective, **more):
    p = {"objective": objective, "nthread": 1, "verbosity": 0, "seed": 3, "max_depth": 5, **more}
    if objective.startswith("multi"):
        p["num_class"] = 5
    if objective == "reg:quantileerror":
        p["quantile_alpha"] = [0.1, 0.5, 0.9]
    if objective == "reg:expectileerror":
        p["expectile_alpha"] = [0.2, 0.8]
    return p


def trees(booster):
    model = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]
    model = model.get("gbtree", model).get("model", {})
    return model.get("trees", [])


def categorical(booster):
    return any("categories" in tree and tree["categories"] for tree in trees(booster))


def dart(booster):
    return json.loads(booster.save_config())["learner"]["gradient_booster"]["name"] == "dart"


def thresholds(booster, features):
    lists = [[] for _ in range(features)]
    for tree in trees(booster):
        for left, feature, condition in zip(tree["left_children"], tree["split_indices"], tree["split_conditions"]):
            if left >= 0:
                lists[feature].append(condition)
    return lists


def train(objective, x, y, rounds=20, **more):
    options = {key: more.pop(key) for key in ("feature_types", "enable_categorical") if key in more}
    return xgb.train(parameters(objective, **more), matrix(objective, x, y, **options), rounds)


def answers(booster, x, shap_rows, rounds, options, linear, vector):
    """What the library says of the rows. Infinities it takes in place only."""
    checks = []
    tame = finite(x) if isinstance(x, np.ndarray) else x
    every = xgb.DMatrix(tame, **options)
    # Of dart, what XGBoost computes in place differs in the order of its sums.
    plain = linear or options or dart(booster) or not isinstance(x, np.ndarray)
    for output, margin in ("margin", True), ("response", False):
        if plain:
            checks.append((output, tame, booster.predict(every, output_margin=margin, iteration_range=rounds)))
        else:
            kind = "margin" if margin else "value"
            checks.append((output, x, booster.inplace_predict(x, predict_type=kind, iteration_range=rounds)))
    if not linear and trees(booster):
        leaves = booster.predict(every, pred_leaf=True, iteration_range=rounds)
        checks.append(("leaf", tame, leaves.reshape(x.shape[0], -1).astype(np.int32)))
    if shap_rows and not vector:
        few = tame[:shap_rows]
        contribs = booster.predict(xgb.DMatrix(few, **options), pred_contribs=True, iteration_range=rounds)
        checks.append(("contrib", few, contribs.reshape(shap_rows, -1)))
    return checks


def save(w, name, group, booster, x, shap_rows=100, rounds=(0, 0), options=None, linear=False, vector=False):
    form = FORMS[0 if vector or categorical(booster) else w.cases % len(FORMS)]
    checks = answers(booster, x, 0 if w.smoke else shap_rows, rounds, options or {}, linear, vector)
    w.save(name, group, bytes(booster.save_raw(form)), checks)


def case(w, name, group, objective, x, y, features=FEATURES, **more):
    saved = {key: more.pop(key) for key in ("shap_rows", "options", "linear", "vector") if key in more}
    booster = train(objective, x, y, **more, **saved.get("options", {}))
    asked = hard(w.rows, features, thresholds(booster, features), categories=more.get("categories"))
    save(w, name, group, booster, asked, **saved)


def objectives(w):
    x, y = training(2000, FEATURES)
    for objective in OBJECTIVES[:: 5 if w.smoke else 1]:
        short = "xgb-" + objective.replace(":", "-")
        more = ", expectiles" if objective == "reg:expectileerror" else ""
        case(w, short, "xgboost gbtree" + more, objective, x, y)
        case(w, short + "-missing", "xgboost gbtree, missing" + more, objective, holes(x), y, learning_rate=0.1)
        case(w, short + "-dart", "xgboost dart" + more, objective, holes(x), y, booster="dart", rate_drop=0.3, rounds=15)
        if objective not in ("reg:absoluteerror", "reg:quantileerror"):
            # Leaves that are medians, which a linear booster does not have.
            linear = train(objective, x, y, booster="gblinear", rounds=10, max_depth=None)
            save(w, short + "-linear", "xgboost gblinear" + more, linear, holes(R.normal(size=(w.rows, FEATURES)).astype(np.float32)), linear=True)


def shapes(w):
    """Depths, widths, forests and ways to grow."""
    x, y = training(5000, FEATURES)
    for depth in [1, 16] if w.smoke else [1, 2, 3, 8, 10, 12, 16]:
        case(w, f"xgb-depth{depth}", "xgboost depths", "reg:squarederror", holes(x), y, max_depth=depth, shap_rows=30)
        if not w.smoke:
            case(w, f"xgb-depth{depth}-classes", "xgboost depths", "multi:softprob", x, y, max_depth=depth, rounds=5, shap_rows=30)
    for features in [1000] if w.smoke else [1, 100, 1000, 5000]:
        x, y = training(1500, features)
        asked_rows, w.rows = w.rows, w.rows if features < 5000 else min(w.rows, 2000)
        case(w, f"xgb-features{features}", "xgboost widths", "binary:logistic", x, y, features=features, shap_rows=10)
        w.rows = asked_rows
    x, y = training(3000, FEATURES)
    case(w, "xgb-forest", "xgboost forests", "reg:squarederror", x, y, num_parallel_tree=7, subsample=0.5, rounds=3, learning_rate=1)
    case(w, "xgb-forest-classes", "xgboost forests", "multi:softprob", x, y, num_parallel_tree=4, subsample=0.5, rounds=3)
    for method in ["approx", "exact"]:
        case(w, f"xgb-{method}", "xgboost ways to grow", "binary:logistic", holes(x), y, tree_method=method)
    case(w, "xgb-lossguide", "xgboost ways to grow", "binary:logistic", x, y, grow_policy="lossguide", tree_method="hist", max_depth=0, max_leaves=60)
    case(w, "xgb-monotone", "xgboost ways to grow", "reg:squarederror", x, y, monotone_constraints="(1,-1,0,0,0,0,0,0,0,0,0,0)")
    case(w, "xgb-base-score", "xgboost base scores", "binary:logistic", x, y, base_score=0.9)
    case(w, "xgb-base-poisson", "xgboost base scores", "count:poisson", x, y, base_score=7)
    case(w, "xgb-constant", "xgboost base scores", "reg:squarederror", x, np.full(len(y), 2.5, np.float32))


def wide(w):
    """50,000 columns, of which rows have some."""
    features, n = 50_000, 3000
    x = sparse(n, features)
    y = np.asarray(x[:, : features // 2].sum(axis=1)).ravel()
    booster = train("binary:logistic", x, y, rounds=30, max_depth=8)
    save(w, "xgb-features50000", "xgboost widths", booster, sparse(min(w.rows, 1000) if w.smoke else w.rows, features), shap_rows=3)


def categories(w):
    counts = {0: 4, 1: 30, 2: 200}
    x, y = training(4000, FEATURES)
    for f, count in counts.items():
        x[:, f] = R.integers(0, count, len(x))
    y = y + x[:, 0] % 3 + x[:, 1] % 5 - x[:, 2] % 7
    types = ["c" if f in counts else "q" for f in range(FEATURES)]
    options = {"feature_types": types, "enable_categorical": True}
    for name, onehot in ("partition", 1), ("onehot", 300), ("both", 10):
        for objective in ["reg:squarederror", "multi:softprob"][: 1 if w.smoke else 2]:
            booster = train(objective, holes(x), y, rounds=15, max_cat_to_onehot=onehot, **options)
            lists = thresholds(booster, FEATURES)
            asked = finite(hard(w.rows, FEATURES, lists, infinite=False))
            for f, count in counts.items():
                asked[:, f] = np.where(np.isnan(asked[:, f]), np.nan, R.integers(0, count, len(asked)))
            short = f"xgb-cat-{name}-{objective.split(':')[1]}"
            save(w, short, "xgboost categories", booster, asked, options=options)


def targets(w):
    x, y = training(3000, FEATURES)
    several = np.stack([y, -y * x[:, 0], np.abs(y)], 1)
    for strategy, vector in ("one_output_per_tree", False), ("multi_output_tree", True):
        for depth in (3, 7):
            d = xgb.DMatrix(holes(x), several)
            booster = xgb.train(
                {"multi_strategy": strategy, "tree_method": "hist", "max_depth": depth, "verbosity": 0, "nthread": 1}, d, 15
            )
            asked = hard(w.rows, FEATURES, thresholds(booster, FEATURES))
            save(w, f"xgb-targets-{strategy}{depth}", "xgboost targets", booster, asked, vector=vector)
    labels = (several > 0).astype(np.float32)
    booster = xgb.train({"objective": "binary:logistic", "verbosity": 0, "nthread": 1}, xgb.DMatrix(x, labels), 10)
    save(w, "xgb-labels", "xgboost targets", booster, hard(w.rows, FEATURES, thresholds(booster, FEATURES)))


def early(w):
    x, y = training(3000, FEATURES)
    for booster_name in "gbtree", "dart":
        held = xgb.DMatrix(x[:500], y[:500])
        booster = xgb.train(
            {"max_depth": 6, "learning_rate": 0.5, "verbosity": 0, "nthread": 1, "booster": booster_name},
            xgb.DMatrix(x[500:], y[500:]), 100, [(held, "held")], early_stopping_rounds=5, verbose_eval=False,
        )
        rounds = (0, booster.best_iteration + 1)
        asked = hard(w.rows, FEATURES, thresholds(booster, FEATURES))
        save(w, f"xgb-early-{booster_name}", "xgboost early stopping", booster, asked, rounds=rounds)


TASKS = [objectives, shapes, wide, categories, early]
if VERSION >= (2, 0):
    TASKS.append(targets)
