"""Trains small models with an old XGBoost, which saves its binary format, and
records what it answers.

    python train.py [--out DIR]

Writes <name>-<version>.model and answers-<version>.json beside itself. Needs
xgboost==0.90 or xgboost==1.7.6 (run it with each), numpy and scipy: the newest
releases neither write nor read the format. Arrays are packed as those of
../train.py are.
"""

import argparse
import base64
import json
import pathlib
import warnings

import numpy as np
import xgboost as xgb

warnings.filterwarnings("ignore")
OLD = xgb.__version__.startswith("0.")
VERSION = xgb.__version__


def packed(array):
    return base64.b64encode(np.ascontiguousarray(array, dtype="<f8").tobytes()).decode()


def thresholds(boosters):
    """The thresholds in the dumps, so that the input has ties."""
    found = []
    for b in boosters:
        for tree in b.get_dump(dump_format="json"):
            todo = [json.loads(tree)]
            while todo:
                node = todo.pop()
                todo += node.get("children", [])
                if "split_condition" in node:
                    found.append(node["split_condition"])
    return np.array(found, dtype=np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default=pathlib.Path(__file__).parent, type=pathlib.Path)
    out = parser.parse_args().out
    rng = np.random.RandomState(1)
    n = 300
    x = rng.standard_normal((n, 6)).astype(np.float32)
    x[rng.random_sample(x.shape) < 0.1] = np.nan
    score = np.nan_to_num(x[:, 0] - x[:, 1] * x[:, 2]) + 0.3 * rng.standard_normal(n)
    binary, classes, positive = (score > 0.2).astype(int), np.digitize(score, [-0.5, 0.8]), np.exp(score / 2)

    boosters = {}

    def train(name, label, **params):
        info = {"max_depth": 3, "eta": 0.4, "nthread": 1, "seed": 3, "silent": 1, "verbosity": 0, **params}
        if not OLD:
            del info["silent"]
        boosters[name] = xgb.train(info, xgb.DMatrix(x, label=label), 4)

    train("logistic", binary, objective="binary:logistic", base_score=0.3)
    train("softprob", classes, objective="multi:softprob", num_class=3)
    train("poisson", np.round(positive), objective="count:poisson", base_score=0.3, eval_metric="rmse")
    train("gamma", positive, objective="reg:gamma")
    train("hinge", binary, objective="binary:hinge")
    train("regression", score, objective="reg:squarederror", base_score=-0.25)
    train("pruned", score, objective="reg:squarederror", tree_method="exact", gamma=8, max_depth=6)
    train("dart", binary, objective="binary:logistic", booster="dart", rate_drop=0.5)
    train("linear", binary, objective="binary:logistic", booster="gblinear", base_score=0.3)
    train("linear-classes", classes, objective="multi:softprob", num_class=3, booster="gblinear")
    # Files of 0.90 do not say how many trees are parallel.
    train("early", classes, objective="multi:softprob", num_class=3, num_parallel_tree=1 if OLD else 2, subsample=0.7)
    boosters["early"].set_attr(best_iteration="1")
    if not OLD:
        train("targets", np.stack([score, positive], axis=1), objective="reg:squarederror")

    rows = rng.standard_normal((30, 6)).astype(np.float32)
    ties = rng.random_sample(rows.shape) < 0.3
    rows[ties] = rng.choice(thresholds(b for name, b in boosters.items() if "linear" not in name), int(ties.sum()))
    rows[rng.random_sample(rows.shape) < 0.1] = np.nan

    models = []
    for name, booster in boosters.items():
        file = out / "{}-{}.model".format(name, VERSION)
        booster.save_model(str(file))
        loaded = xgb.Booster({"nthread": 1}, model_file=str(file))
        best = {}
        if name == "early":
            best = {"ntree_limit": 2} if OLD else {"iteration_range": (0, 2)}
        d = xgb.DMatrix(rows)
        margins, responses = loaded.predict(d, output_margin=True, **best), loaded.predict(d, **best)
        models.append({"file": file.name, "input": "plain6", "margins": packed(margins), "responses": packed(responses)})
    answers = {"inputs": {"plain6": {"rows": len(rows), "values": packed(rows)}}, "models": models}
    (out / "answers-{}.json".format(VERSION)).write_text(json.dumps(answers, indent=1) + "\n")


if __name__ == "__main__":
    main()
