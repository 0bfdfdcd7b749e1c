"""Trains models whose leaves are vectors with XGBoost, and models that stopped
early with XGBoost and LightGBM, and records what they answer.

    python train.py [--out DIR] [--old]

Writes the models and answers.json beside itself. Needs xgboost-cpu==3.2.0,
lightgbm==4.7.0, numpy and scikit-learn. Answers to models that stopped early are those of the
scikit-learn wrapper, which uses the best iteration, and of a Booster with all
iterations and with some.

With --old, which needs xgboost-cpu==2.1.4, it writes vector-old.json and
answers-old.json: until 3.0 the values of vector leaves were kept elsewhere.
"""

import argparse
import base64
import json
import pathlib

import numpy as np
import xgboost as xgb


def packed(array):
    return base64.b64encode(np.ascontiguousarray(array, dtype="<f8").tobytes()).decode()


def data():
    rng = np.random.default_rng(5)
    n = 400
    x = rng.standard_normal((n, 6)).astype(np.float32)
    x[rng.random(x.shape) < 0.1] = np.nan
    full = np.nan_to_num(x)
    noise = 0.5 * rng.standard_normal((n, 3))
    targets = np.stack([full[:, 0], full[:, 1] * full[:, 2], full[:, 3] - full[:, 0]], axis=1) + noise
    return x, targets


def inputs(boosters):
    """Rows with missing values and ties with thresholds."""
    rng = np.random.default_rng(6)
    rows = rng.standard_normal((30, 6)).astype(np.float32)
    found = []
    for b in boosters:
        booster = json.loads(b.save_raw("json"))["learner"]["gradient_booster"]
        for tree in booster.get("gbtree", booster)["model"]["trees"]:
            found += [c for c, left in zip(tree["split_conditions"], tree["left_children"]) if left != -1]
    ties = rng.random(rows.shape) < 0.3
    rows[ties] = rng.choice(np.array(found, dtype=np.float32), int(ties.sum()))
    rows[rng.random(rows.shape) < 0.1] = np.nan
    return rows


def vectors(x, targets):
    base = {"tree_method": "hist", "multi_strategy": "multi_output_tree", "nthread": 1, "eta": 0.4, "max_depth": 3}
    binary = (targets > 0.2).astype(int)
    classes = np.digitize(targets[:, 0], [-0.5, 0.8])
    made = {
        "vector-regression.json": xgb.train({**base, "objective": "reg:squarederror"}, xgb.DMatrix(x, targets), 4),
        "vector-labels.ubj": xgb.train({**base, "objective": "binary:logistic"}, xgb.DMatrix(x, binary), 4),
        "vector-classes.ubj": xgb.train({**base, "objective": "multi:softprob", "num_class": 3}, xgb.DMatrix(x, classes), 4),
        "vector-forest.ubj": xgb.train(
            {**base, "objective": "reg:squarederror", "num_parallel_tree": 2, "subsample": 0.7}, xgb.DMatrix(x, targets), 2
        ),
    }
    return made


def stopped(x, targets):
    train, test = slice(0, 250), slice(250, None)
    label = (targets[:, 0] > 0.1).astype(int)
    classes = np.digitize(targets[:, 0], [-0.5, 0.8])
    base = {"n_estimators": 60, "early_stopping_rounds": 3, "max_depth": 4, "learning_rate": 0.5, "n_jobs": 1, "random_state": 3}
    made = {}
    for name, y, params in (
        ("early-binary.json", label, {}),
        ("early-classes.ubj", classes, {}),
        ("early-forest.ubj", classes, {"num_parallel_tree": 2, "subsample": 0.7}),
        ("early-dart.ubj", label, {"booster": "dart", "rate_drop": 0.3}),
    ):
        model = xgb.XGBClassifier(**base, **params)
        model.fit(x[train], y[train], eval_set=[(x[test], y[test])], verbose=False)
        assert model.best_iteration + 1 < model.get_booster().num_boosted_rounds()
        made[name] = model
    vector = xgb.XGBRegressor(**base, tree_method="hist", multi_strategy="multi_output_tree")
    vector.fit(x[train], targets[train], eval_set=[(x[test], targets[test])], verbose=False)
    made["early-vector.ubj"] = vector
    return made


def lightgbm(x, targets, out, rows, add):
    import lightgbm as lgb

    x, rows = x.astype(float), rows.astype(float)
    classes = np.digitize(targets[:, 0], [-0.5, 0.8])
    info = {"objective": "multiclass", "num_class": 3, "num_leaves": 6, "verbose": -1, "num_threads": 1, "learning_rate": 0.5}
    stop = [lgb.early_stopping(3, verbose=False)]
    for name, more in (("early", {}), ("rf", {"boosting": "rf", "bagging_fraction": 0.6, "bagging_freq": 1})):
        file = f"lightgbm-{name}.txt"
        train = lgb.Dataset(x[:250], classes[:250])
        booster = lgb.train({**info, **more}, train, 12, [train.create_valid(x[250:], classes[250:])], callbacks=stop if name == "early" else None)
        booster.save_model(str(out / file))
        loaded = lgb.Booster(model_file=str(out / file))
        if name == "early":
            assert loaded.num_trees() == 3 * booster.best_iteration < 36
        for iterations, part in (({}, {}), ({"from": 1, "to": 3}, {"start_iteration": 1, "num_iteration": 2})):
            add(file, loaded.predict(rows, raw_score=True, **part), loaded.predict(rows, **part), iterations=iterations)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default=pathlib.Path(__file__).parent, type=pathlib.Path)
    parser.add_argument("--old", action="store_true")
    args = parser.parse_args()
    x, targets = data()
    models = []
    if args.old:
        assert xgb.__version__ == "2.1.4", xgb.__version__
        boosters, wrappers = {"vector-old.json": vectors(x, targets)["vector-regression.json"]}, {}
    else:
        boosters, wrappers = vectors(x, targets), stopped(x, targets)
    rows = inputs([*boosters.values(), *(w.get_booster() for w in wrappers.values())])

    def add(file, margins, responses, **more):
        models.append({"file": file, "input": "plain6", "margins": packed(margins), "responses": packed(responses), **more})

    for file, booster in boosters.items():
        booster.save_model(str(args.out / file))
        loaded = xgb.Booster({"nthread": 1}, model_file=str(args.out / file))
        d = xgb.DMatrix(rows)
        leaves = loaded.predict(d, pred_leaf=True)
        add(file, loaded.predict(d, output_margin=True), loaded.predict(d), explained=list(range(len(rows))), leaves=packed(leaves))
    for file, model in wrappers.items():
        model.save_model(str(args.out / file))
        loaded = type(model)()
        loaded.load_model(str(args.out / file))
        respond = getattr(loaded, "predict_proba", loaded.predict)
        d = xgb.DMatrix(rows)
        booster = loaded.get_booster()
        responses = respond(rows)
        if file in ("early-binary.json", "early-dart.ubj"):
            responses = responses[:, 1]
        add(file, loaded.predict(rows, output_margin=True), responses)
        add(file, booster.predict(d, output_margin=True), booster.predict(d), iterations={"all": True})
        part = {"iteration_range": (1, 3)}
        add(file, booster.predict(d, output_margin=True, **part), booster.predict(d, **part), iterations={"from": 1, "to": 3})
    if not args.old:
        lightgbm(x, targets, args.out, rows, add)
    answers = {"inputs": {"plain6": {"rows": len(rows), "values": packed(rows)}}, "models": models}
    name = "answers-old.json" if args.old else "answers.json"
    (args.out / name).write_text(json.dumps(answers, indent=1) + "\n")


if __name__ == "__main__":
    main()
