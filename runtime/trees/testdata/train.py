"""Trains small models with XGBoost and LightGBM and records what they answer.

    python train.py [--out DIR] [--rows N] [--rounds N] [--only PART]

Without arguments it writes the models and answers.json beside itself: the test
data of the package. With more rows and rounds, into a directory that the
environment variable LEAT_TREES_TESTDATA names, the same tests check more.

Needs xgboost-cpu==3.2.0, lightgbm==4.7.0, numpy, scikit-learn.

Arrays in answers.json are little-endian float64, in base64. Inputs hold missing
values, infinities, denormals, zeros of both signs, and numbers equal to
thresholds of the models and next to them.
"""

import argparse
import base64
import json
import pathlib
import re
import warnings

import lightgbm as lgb
import numpy as np
import xgboost as xgb

warnings.filterwarnings("ignore")
xgb.set_config(verbosity=0)
SPECIALS = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, -1e-40, 1e-36, -1e-36, 1e-35, 3.4e38, -3.4e38, 5e-324]


def packed(array):
    return base64.b64encode(np.ascontiguousarray(array, dtype="<f8").tobytes()).decode()


def explained(x):
    """The numbers of the rows that are explained: some without infinities, which
    XGBoost does not take there, the last among them."""
    finite = np.flatnonzero(~np.isinf(x.astype(np.float32)).any(axis=1))
    some = finite[:: max(1, len(finite) // 5)]
    return [int(r) for r in some[: 1 + 200 // x.shape[1]]] + [len(x) - 1]


class Recorder:
    """Writes models, and the answers to one input for each kind of features."""

    def __init__(self, out, rows, only):
        self.out, self.rows, self.only = pathlib.Path(out), rows, only
        self.rng = np.random.default_rng(7)
        self.models = []
        self.inputs = {}
        self.pending = []
        for old in self.out.glob("*.*"):
            if old.suffix in (".ubj", ".txt") or (old.suffix == ".json"):
                old.unlink()

    def wanted(self, name):
        return re.search(self.only, name) is not None

    def add(self, file, features, thresholds, predict, explain):
        """predict maps a matrix to (margins, responses), and explain one to
        (leaf indexes, contributions) where the library has them. They are called
        once the thresholds of all models of these features are known."""
        self.pending.append((file, features, predict, explain))
        self.inputs.setdefault(features, []).extend(thresholds)

    def matrix(self, features):
        kind, width = re.match(r"([a-z]+)(\d+)", features).groups()
        width = int(width)
        rng = self.rng
        x = rng.standard_normal((self.rows, width))
        if kind == "cat":
            x[:, ::2] = rng.integers(-2, 40, (self.rows, (width + 1) // 2))
            x[::5, ::2] += rng.choice([0.25, 0.75, -0.5], (len(x[::5]), (width + 1) // 2))
            x[rng.random(x.shape) < 0.03] = 2.0**24
            x[rng.random(x.shape) < 0.03] = 70
        thresholds = np.array(self.inputs[features] or [0.5])
        ties = rng.random(x.shape) < 0.25
        picked = rng.choice(thresholds, x.shape)
        single = picked.astype(np.float32)
        way = rng.integers(0, 5, x.shape)
        up, down = np.nextafter(single, np.float32(np.inf)), np.nextafter(single, np.float32(-np.inf))
        picked = np.choose(way, [picked, up, down, np.nextafter(picked, np.inf), np.nextafter(picked, -np.inf)])
        x[ties] = picked[ties]
        special = (rng.random(x.shape) < 0.12) & (np.arange(self.rows) % 3 > 0)[:, None]
        x[special] = rng.choice(SPECIALS, int(special.sum()))
        if kind == "finite":
            x[np.isinf(x.astype(np.float32))] = np.nan
        x[-1] = np.nan
        return x

    def finish(self):
        matrices = {f: self.matrix(f) for f in self.inputs}
        for file, features, predict, explain in self.pending:
            x = matrices[features]
            margins, responses = predict(x)
            model = {"file": file, "input": features, "margins": packed(margins), "responses": packed(responses)}
            model["explained"] = explained(x)
            leaves, contribs = explain(x[model["explained"]])
            if leaves is not None:
                model["leaves"] = packed(leaves)
            if contribs is not None:
                model["contribs"] = packed(contribs)
            self.models.append(model)
        inputs = {f: {"rows": len(x), "values": packed(x)} for f, x in matrices.items()}
        with open(self.out / "answers.json", "w") as f:
            f.write('{"inputs": {\n')
            f.write(",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in inputs.items()))
            f.write('\n}, "models": [\n')
            f.write(",\n".join(json.dumps(m) for m in self.models))
            f.write("\n]}\n")


# XGBoost


def xgb_thresholds(document):
    trees = booster_model(document).get("trees", [])
    return [
        c
        for t in trees
        for c, left, kind in zip(t["split_conditions"], t["left_children"], t["split_type"])
        if left != -1 and kind == 0
    ]


def booster_model(document):
    booster = document["learner"]["gradient_booster"]
    return booster.get("gbtree", booster)["model"]


def xgb_predict(file):
    booster = xgb.Booster(model_file=str(file))

    def predict(x):
        x = x.astype(np.float32)
        finite = ~np.isinf(x).any(axis=1)
        d = xgb.DMatrix(x[finite])
        usual = booster.predict(d, output_margin=True)
        if finite.all():
            return usual, booster.predict(d)
        # Only this way takes infinities. It rounds differently for dart.
        margins = booster.inplace_predict(x, predict_type="margin")
        assert np.array_equal(usual, margins[finite], equal_nan=True), f"{file}: the two ways to predict differ"
        return margins, booster.inplace_predict(x, predict_type="value")

    return predict


def xgb_explain(file):
    booster = xgb.Booster(model_file=str(file))

    def explain(x):
        d = xgb.DMatrix(x.astype(np.float32))
        return attempt(booster.predict, d, pred_leaf=True), attempt(booster.predict, d, pred_contribs=True)

    return explain


def attempt(call, *args, **options):
    """What a call returns, or None if the library has no such answer."""
    try:
        return call(*args, **options)
    except (xgb.core.XGBoostError, lgb.basic.LightGBMError):
        return None


def xgb_add(r, name, features, booster, edit=None, suffix=None):
    suffix = suffix or ("ubj" if len(r.pending) % 2 else "json")
    file = r.out / f"xgb-{name}.{suffix}"
    document = json.loads(booster.save_raw("json"))
    if edit:
        edit(document)
        loaded = xgb.Booster()
        loaded.load_model(bytearray(json.dumps(document).encode()))
        booster = loaded
    if edit and suffix == "json":
        file.write_text(json.dumps(document, separators=(",", ":")))
    else:
        booster.save_model(str(file))
    r.add(file.name, features, xgb_thresholds(document), xgb_predict(file), xgb_explain(file))


def old_base_score(document):
    """As 1.x and 2.x write it: one number, in the space of the response."""
    document["learner"]["learner_model_param"]["base_score"] = "2.5E-1"
    document["version"] = [1, 7, 4]
    for tree in booster_model(document)["trees"]:
        tree["default_left"] = [bool(v) for v in tree["default_left"]]


def vector_base_score(document):
    document["learner"]["learner_model_param"]["base_score"] = "[1.25E-1,-5E-1,3.3333334E-1]"


def xgboost_models(r, rounds):
    rng = np.random.default_rng(1)
    n = 400
    x = rng.standard_normal((n, 6)).astype(np.float32)
    x[rng.random(x.shape) < 0.1] = np.nan
    full = np.nan_to_num(x)
    score = full[:, 0] - full[:, 1] * full[:, 2] + 0.3 * rng.standard_normal(n)
    binary = (score > 0.2).astype(int)
    classes = np.digitize(score, [-0.5, 0.8])
    positive = np.exp(score / 2)

    def train(name, label, features="plain6", data=x, edit=None, suffix=None, count=rounds, **params):
        if not r.wanted("xgb-" + name):
            return
        info = {"max_depth": 3, "eta": 0.4, "nthread": 1, "seed": 3, **params}
        d = xgb.DMatrix(data, label=label)
        if info.get("booster") == "gblinear":
            del info["max_depth"]
        if info["objective"].startswith("rank:"):
            d.set_group([20] * (n // 20))
        if info["objective"] == "survival:aft":
            d = xgb.DMatrix(data)
            d.set_float_info("label_lower_bound", label)
            d.set_float_info("label_upper_bound", label * 1.5)
        xgb_add(r, name, features, xgb.train(info, d, count), edit, suffix)

    for objective, label in {
        "reg:squarederror": score,
        "reg:squaredlogerror": positive,
        "reg:pseudohubererror": score,
        "reg:absoluteerror": score,
        "reg:logistic": binary,
        "reg:gamma": positive,
        "reg:tweedie": positive,
        "binary:logistic": binary,
        "binary:logitraw": binary,
        "binary:hinge": binary,
        "count:poisson": np.round(positive),
        "survival:cox": positive,
        "survival:aft": positive,
        "rank:pairwise": classes,
        "rank:ndcg": classes,
        "rank:map": binary,
    }.items():
        train(objective.replace(":", "-"), label, objective=objective)
    train("multi-softmax", classes, objective="multi:softmax", num_class=3)
    train("multi-softprob", classes, objective="multi:softprob", num_class=3)
    train("quantiles", score, objective="reg:quantileerror", quantile_alpha=[0.1, 0.5, 0.9])
    train("targets", np.stack([score, positive], axis=1), objective="reg:squarederror")
    train("forest", binary, objective="binary:logistic", num_parallel_tree=5, subsample=0.7, colsample_bynode=0.7)
    train("forest-classes", classes, objective="multi:softprob", num_class=3, num_parallel_tree=3, subsample=0.7)
    train("deep", score, objective="reg:squarederror", max_depth=16, min_child_weight=0, count=2)
    train("lossguide", score, objective="reg:squarederror", grow_policy="lossguide", max_depth=0, max_leaves=40, count=3)
    train("stumps", binary, objective="binary:logistic", max_depth=1, count=19)
    train("no-missing", score, data=full, objective="reg:squarederror", tree_method="exact")
    train("leaves-only", score, objective="reg:squarederror", gamma=1e9)
    train("no-trees", binary, objective="binary:logistic", count=0)
    train("old-base-score", binary, objective="binary:logistic", edit=old_base_score, suffix="json")
    train("vector-base-score", classes, objective="multi:softprob", num_class=3, edit=vector_base_score, suffix="json")
    train("dart", binary, "finite6", objective="binary:logistic", booster="dart", rate_drop=0.4, count=9)
    train("dart-classes", classes, "finite6", objective="multi:softprob", num_class=3, booster="dart", rate_drop=0.4, suffix="ubj")

    train("linear", binary, "finite6", objective="binary:logistic", booster="gblinear")
    train("linear-classes", classes, "finite6", objective="multi:softprob", num_class=3, booster="gblinear")

    wide = np.where(rng.random((n, 300)) < 0.9, np.nan, rng.standard_normal((n, 300))).astype(np.float32)
    target = np.nan_to_num(wide[:, ::7]).sum(axis=1)
    train("sparse", target, "wide300", wide, objective="reg:squarederror", max_depth=5)

    table, target = categories(rng, n)
    for name, onehot in {"onehot": 100, "partition": 1}.items():
        if r.wanted("xgb-cat-" + name):
            d = xgb.DMatrix(table, label=target, feature_types=["c", "q", "c", "q"], enable_categorical=True)
            params = {"max_depth": 5, "max_cat_to_onehot": onehot, "max_cat_threshold": 32, "nthread": 1, "eta": 0.5}
            xgb_add(r, "cat-" + name, "cat4", xgb.train(params, d, rounds), edit=forget_types)


def forget_types(document):
    """Lets the model take plain numbers as categories."""
    document["learner"]["feature_types"] = []


def categories(rng, n):
    """Columns 0 and 2 are categories, 1 and 3 numbers; some are missing."""
    codes = rng.integers(0, 36, (n, 2))
    x = rng.standard_normal((n, 4))
    target = np.sin(codes[:, 0]) * 2 + x[:, 1] + codes[:, 1] % 3
    x[:, ::2] = codes
    x[rng.random(x.shape) < 0.1] = np.nan
    return x, target


# LightGBM


def lgb_thresholds(text):
    found = []
    for tree in text.split("\nTree=")[1:]:
        fields = dict(line.split("=", 1) for line in tree.splitlines() if "=" in line)
        kinds = fields["decision_type"].split()
        found += [float(t) for t, k in zip(fields["threshold"].split(), kinds) if int(k) % 2 == 0]
    return found


def lgb_add(r, name, features, booster):
    file = r.out / f"lgb-{name}.txt"
    text = booster.model_to_string()
    text = text[: text.index("\nfeature_importances:")] + "\n"  # the rest is how it was trained
    file.write_text(text)
    loaded = lgb.Booster(model_file=str(file))

    def predict(x):
        return loaded.predict(x, raw_score=True, num_threads=1), loaded.predict(x, num_threads=1)

    def explain(x):
        leaves = loaded.predict(x, pred_leaf=True, num_threads=1)
        if "leaf_coeff=" in text:
            # LightGBM refuses right after the training; loaded from a file it
            # takes the leaves for constants, and does not add up to the margin.
            return leaves, None
        return leaves, loaded.predict(x, pred_contrib=True, num_threads=1)

    r.add(file.name, features, lgb_thresholds(text), predict, explain)


def lightgbm_models(r, rounds):
    rng = np.random.default_rng(2)
    n = 400
    x = rng.standard_normal((n, 6))
    x[rng.random(x.shape) < 0.2] = 0
    full = x.copy()
    x[rng.random(x.shape) < 0.1] = np.nan
    score = full[:, 0] - full[:, 1] * full[:, 2] + 0.3 * rng.standard_normal(n)
    binary = (score > 0.2).astype(int)
    classes = np.digitize(score, [-0.5, 0.8])
    positive = np.exp(score / 2)

    def train(name, label, features="plain6", data=x, count=rounds, categorical="auto", **params):
        if not r.wanted("lgb-" + name):
            return
        info = {"num_leaves": 8, "min_data_in_leaf": 5, "verbose": -1, "num_threads": 1, "seed": 3, "learning_rate": 0.4, **params}
        group = [20] * (n // 20) if "rank" in str(info["objective"]) else None
        dataset = lgb.Dataset(data, label, group=group, categorical_feature=categorical, params=info, free_raw_data=False)
        lgb_add(r, name, features, lgb.train(info, dataset, count))

    for objective, label in {
        "regression": score,
        "regression_l1": score,
        "huber": score,
        "fair": score,
        "quantile": score,
        "mape": positive,
        "poisson": positive,
        "gamma": positive,
        "tweedie": positive,
        "binary": binary,
        "cross_entropy": 1 / (1 + np.exp(-score)),
        "cross_entropy_lambda": 1 / (1 + np.exp(-score)),
        "lambdarank": classes,
        "rank_xendcg": classes,
    }.items():
        train(objective.replace("_", "-"), label, objective=objective)
    train("sigmoid", binary, objective="binary", sigmoid=2.5)
    train("sqrt", score, objective="regression", reg_sqrt=True)
    train("multiclass", classes, objective="multiclass", num_class=3)
    train("ova", classes, objective="multiclassova", num_class=3, sigmoid=1.5)
    train("missing-none", score, objective="regression", use_missing=False)
    train("missing-zero", score, objective="regression", zero_as_missing=True)
    train("missing-full", score, data=full, objective="regression")
    train("rf", binary, objective="binary", boosting="rf", bagging_fraction=0.6, bagging_freq=1)
    train("rf-classes", classes, objective="multiclass", num_class=3, boosting="rf", bagging_fraction=0.6, bagging_freq=1)
    train("rf-regression", score, objective="regression", boosting="rf", bagging_fraction=0.6, bagging_freq=1)
    train("dart", binary, objective="binary", boosting="dart", drop_rate=0.5, count=9)
    train("constant", binary[:10], data=x[:10], objective="binary")
    train("leafwise", score, objective="regression", num_leaves=60, min_data_in_leaf=1, count=3)
    train("custom", score, objective=lambda pred, data: (pred - data.get_label(), np.ones_like(pred)))
    train("linear", score, objective="regression", linear_tree=True)
    train("linear-classes", classes, objective="multiclass", num_class=3, linear_tree=True, linear_lambda=0.1)
    wide = np.where(rng.random((n, 300)) < 0.9, 0, rng.standard_normal((n, 300)))
    train("sparse", wide[:, ::7].sum(axis=1), "wide300", wide, objective="regression")

    table, target = categories(rng, n)
    for name, params in {
        "onehot": {"max_cat_to_onehot": 100},
        "partition": {"max_cat_to_onehot": 1, "cat_smooth": 1, "cat_l2": 1, "min_data_per_group": 5},
        "zero": {"max_cat_to_onehot": 1, "cat_smooth": 1, "min_data_per_group": 5, "zero_as_missing": True},
    }.items():
        train("cat-" + name, target, "cat4", table, categorical=[0, 2], objective="regression", **params)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default=pathlib.Path(__file__).parent)
    parser.add_argument("--rows", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--only", default="", help="a regular expression of model names")
    args = parser.parse_args()
    pathlib.Path(args.out).mkdir(exist_ok=True, parents=True)
    recorder = Recorder(args.out, args.rows, args.only)
    xgboost_models(recorder, args.rounds)
    lightgbm_models(recorder, args.rounds)
    recorder.finish()


if __name__ == "__main__":
    main()
