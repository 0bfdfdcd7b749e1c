"""Trains small models with CatBoost, saves them as JSON, and records what it
answers.

    python train.py [--out DIR] [--rows N] [--rounds N]

Writes the models and answers.json beside itself. Needs catboost==1.2.10 and
numpy. Arrays are packed as those of ../train.py are. Margins are RawFormulaVal;
responses are predict_proba of classifiers (of two classes, of the second) and
predict of others. Contributions are those of ShapValues, class by class.
"""

import argparse
import base64
import json
import pathlib

import catboost
import numpy as np

SPECIALS = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, 3.4028234663852886e38, -3.4028234663852886e38, 1e300]


def packed(array):
    return base64.b64encode(np.ascontiguousarray(array, dtype="<f8").tobytes()).decode()


def clean(document):
    """Leaves out how the model was trained, but for the loss function."""
    info = document["model_info"]
    loss = info.get("params", {}).get("loss_function", {"type": ""})
    kept = {"params": {"loss_function": {"type": loss["type"]}}} if "params" in info else {"loss_function": info["loss_function"]}
    if "class_params" in info:
        kept["class_params"] = info["class_params"]
    document["model_info"] = kept
    return document


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default=pathlib.Path(__file__).parent, type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=4)
    args = parser.parse_args()
    rng = np.random.default_rng(3)
    n = 400
    full = rng.standard_normal((n, 6)).astype(np.float32)
    x = full.copy()
    x[rng.random(x.shape) < 0.1] = np.nan
    score = full[:, 0] - full[:, 1] * full[:, 2] + 0.3 * rng.standard_normal(n)
    binary, classes, positive = (score > 0.2).astype(int), np.digitize(score, [-0.5, 0.8]), np.exp(score / 2)
    targets = np.stack([score, positive], axis=1)
    labels = np.stack([binary, (classes == 1).astype(int)], axis=1)
    base = {"iterations": args.rounds, "depth": 4, "learning_rate": 0.5, "thread_count": 1, "random_seed": 3,
            "verbose": 0, "allow_writing_files": False}
    models = {}

    def train(name, kind, label, data=x, **params):
        models[name] = kind(**{**base, **params}).fit(data, label)

    regress, classify = catboost.CatBoostRegressor, catboost.CatBoostClassifier
    train("rmse", regress, score)
    train("quantile", regress, score, loss_function="Quantile:alpha=0.3")
    train("poisson", regress, np.round(positive), loss_function="Poisson")
    train("tweedie", regress, positive, loss_function="Tweedie:variance_power=1.5")
    train("uncertainty", regress, score, loss_function="RMSEWithUncertainty")
    train("targets", regress, targets, loss_function="MultiRMSE")
    train("binary", classify, binary)
    train("words", classify, np.where(binary, "yes", "no"))
    train("focal", classify, binary, loss_function="Focal:focal_alpha=0.5;focal_gamma=1")
    train("cross-entropy", classify, 1 / (1 + np.exp(-score)), loss_function="CrossEntropy")
    train("classes", classify, classes)
    train("one-vs-all", classify, classes, loss_function="MultiClassOneVsAll")
    train("labels", classify, labels, loss_function="MultiLogloss")
    train("nan-max", regress, score, nan_mode="Max")
    train("no-missing", regress, score, data=full)
    train("deep", regress, score, depth=9, iterations=2)
    train("depthwise", classify, binary, grow_policy="Depthwise")
    train("lossguide", regress, score, grow_policy="Lossguide", max_leaves=9, nan_mode="Max")
    train("depthwise-classes", classify, classes, grow_policy="Depthwise", depth=3)
    train("constant", regress, score, iterations=1, grow_policy="Depthwise", min_data_in_leaf=1000)
    models["sum"] = catboost.sum_models([models["binary"], models["binary"]], weights=[0.25, 0.5])
    scaled = regress(**base).fit(x, score)
    scaled.set_scale_and_bias(0.75, -2.0)
    models["scaled"] = scaled
    trees = regress(**base, grow_policy="Depthwise").fit(x, score)
    trees.set_scale_and_bias(0.75, -2.0)
    models["scaled-trees"] = trees
    ranker = catboost.CatBoost({**base, "loss_function": "YetiRank"})
    models["rank"] = ranker.fit(catboost.Pool(x, classes, group_id=np.repeat(np.arange(n // 20), 20)))
    frame = regress(**base)
    models["names"] = frame.fit(catboost.Pool(x, score, feature_names=["a", "b", "c", "d", "the fifth", "f"]))

    documents = {}
    for name, model in models.items():
        file = args.out / f"{name}.json"
        model.save_model(str(file), format="json")
        documents[name] = clean(json.loads(file.read_text()))
        file.write_text(json.dumps(documents[name], separators=(",", ":")) + "\n")

    borders = [b for d in documents.values() for f in d["features_info"]["float_features"] for b in f["borders"] or []]
    rows = rng.standard_normal((args.rows, 6))
    ties = rng.random(rows.shape) < 0.3
    single = rng.choice(np.array(borders, dtype=np.float32), rows.shape)
    with np.errstate(over="ignore"):
        up, down = np.nextafter(single, np.float32(np.inf)), np.nextafter(single, np.float32(-np.inf))
    rows[ties] = np.choose(rng.integers(0, 3, rows.shape), [single, up, down])[ties]
    special = rng.random(rows.shape) < 0.12
    rows[special] = rng.choice(SPECIALS, int(special.sum()))
    rows[-1] = np.nan
    # Between a border and the next float32, where rounding decides.
    halves = rng.random(rows.shape) < 0.1
    rows[halves] = ((single.astype(float) + up) / 2)[halves]

    answers = []
    few = rows[:: max(1, len(rows) // 12)]
    for name, model in models.items():
        loaded = type(model)()
        loaded.load_model(str(args.out / f"{name}.json"), format="json")
        # load_model reads only what is applied: the kind of a prediction is of the original.
        for part in ({}, {"ntree_start": 1, "ntree_end": 3})[: 2 if model.tree_count_ >= 3 else 1]:
            margins = loaded.predict(rows, prediction_type="RawFormulaVal", **part)
            original = model.predict(rows, prediction_type="RawFormulaVal", **part)
            assert np.allclose(margins, original, rtol=1e-13, atol=1e-14), (name, part, margins - original)
            if hasattr(model, "predict_proba"):
                responses = model.predict_proba(rows, **part)
                two = name not in ("classes", "one-vs-all", "labels", "depthwise-classes")
                responses = responses[:, 1] if two else responses
            elif name == "sum":
                responses = model.predict(rows, prediction_type="Probability", **part)[:, 1]
            else:
                responses = model.predict(rows, **part)
            answer = {"file": f"{name}.json", "input": "plain6", "margins": packed(margins), "responses": packed(responses)}
            if part:
                answer["iterations"] = {"from": 1, "to": 3}
            else:
                answer["explained"] = list(range(0, len(rows), max(1, len(rows) // 12)))
                answer["leaves"] = packed(loaded.calc_leaf_indexes(few))
            # CatBoost explains nothing that is scaled, not all outputs, and dies of trees of one leaf.
            if "explained" in answer and name not in ("scaled", "scaled-trees", "uncertainty", "constant", "depthwise-classes"):
                answer["contribs"] = packed(loaded.get_feature_importance(catboost.Pool(few), type="ShapValues"))
            answers.append(answer)
    document = {"inputs": {"plain6": {"rows": len(rows), "values": packed(rows)}}, "models": answers}
    (args.out / "answers.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
