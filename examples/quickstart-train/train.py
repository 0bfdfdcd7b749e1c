"""Trains the models of examples/quickstart and records known answers.

The data sets ship inside scikit-learn, so nothing is downloaded. One run of the
same library versions writes the same bytes as the last.

    .venv/bin/python examples/quickstart-train/train.py           train, record
    .venv/bin/python examples/quickstart-train/train.py --check   only compare

--check trains nothing: it loads the committed files with the installed
libraries and compares what they answer with expected.json.
"""

import argparse
import json
import pathlib
import sys

import lightgbm
import numpy
import onnxruntime
import skl2onnx
import sklearn
import xgboost
from sklearn import datasets, linear_model, pipeline, preprocessing

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent / "quickstart"
EXPECTED = HERE / "expected.json"

# Opsets that every ONNX Runtime able to serve these models has.
OPSETS = {"": 17, "ai.onnx.ml": 3}

# How far an answer may be from the recorded one: the libraries calculate in
# 32-bit floats, and processors differ in the last digits.
RELATIVE, ABSOLUTE = 1e-5, 1e-6


# --- training ---------------------------------------------------------------


def split(data):
    """Every third row is for answers, the others are for training."""
    held = numpy.arange(len(data.target)) % 3 == 0
    return data.data[~held], data.target[~held], data.data[held]


def train_iris(path):
    """A scikit-learn pipeline, exported to ONNX: which of three irises."""
    x, y, held = split(datasets.load_iris())
    model = pipeline.make_pipeline(
        preprocessing.StandardScaler(),
        linear_model.LogisticRegression(max_iter=1000),
    ).fit(x, y)
    exported = skl2onnx.to_onnx(
        model,
        name="iris",
        initial_types=[("measurements", skl2onnx.common.data_types.FloatTensorType([None, 4]))],
        options={"zipmap": False},
        target_opset=OPSETS,
    )
    path.write_bytes(exported.SerializeToString())
    if not numpy.allclose(ask_onnx(path, held)["probabilities"], model.predict_proba(held), RELATIVE, ABSOLUTE):
        sys.exit("the exported iris model does not answer as the pipeline it was made from")


def train_wine(path, rounds):
    """LightGBM: which of three growers a wine is from."""
    data = datasets.load_wine()
    x, y, _ = split(data)
    model = lightgbm.train(
        {
            "objective": "multiclass",
            "num_class": 3,
            "num_leaves": 6,
            "min_data_in_leaf": 8,
            "learning_rate": 0.2,
            "seed": 1,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbosity": -1,
        },
        lightgbm.Dataset(x, y, feature_name=list(data.feature_names)),
        num_boost_round=rounds,
    )
    model.save_model(path)


def train_wine_xgboost(path):
    """XGBoost: the same question as train_wine, by another library."""
    data = datasets.load_wine()
    x, y, _ = split(data)
    model = xgboost.train(
        {
            "objective": "multi:softprob",
            "num_class": 3,
            "max_depth": 3,
            "eta": 0.3,
            "tree_method": "exact",
            "seed": 1,
            "nthread": 1,
        },
        xgboost.DMatrix(x, y, feature_names=list(data.feature_names)),
        num_boost_round=15,
    )
    model.save_model(path)


# What load_diabetes calls s1 to s6, by its own description.
DIABETES_FEATURES = [
    "age", "sex", "bmi", "blood_pressure", "total_cholesterol", "ldl", "hdl",
    "cholesterol_ratio", "log_triglycerides", "glucose",
]  # fmt: skip


def train_diabetes(path):
    """XGBoost: how far the illness will have gone after a year."""
    x, y, _ = split(datasets.load_diabetes(scaled=False))
    model = xgboost.train(
        {
            "objective": "reg:squarederror",
            "max_depth": 3,
            "eta": 0.2,
            "tree_method": "exact",
            "seed": 1,
            "nthread": 1,
        },
        xgboost.DMatrix(x, y, feature_names=DIABETES_FEATURES),
        num_boost_round=40,
    )
    model.save_model(path)


# --- answers ----------------------------------------------------------------


def ask_onnx(path, rows):
    """Every output of the graph, by its name."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    given = session.get_inputs()[0].name
    return dict(zip(names, session.run(names, {given: rows.astype(numpy.float32)})))


def ask_lightgbm(path, rows):
    """What the library's predict answers, by what is asked for."""
    model = lightgbm.Booster(model_file=path)
    return {
        "response": model.predict(rows),
        "margin": model.predict(rows, raw_score=True),
        "leaf": model.predict(rows, pred_leaf=True),
        "contrib": model.predict(rows, pred_contrib=True),
    }


def ask_xgboost(path, rows):
    """What the library's predict answers, by what is asked for."""
    model = xgboost.Booster(model_file=path)
    data = xgboost.DMatrix(rows, feature_names=model.feature_names)
    return {
        "response": model.predict(data),
        "margin": model.predict(data, output_margin=True),
        "leaf": model.predict(data, pred_leaf=True),
        "contrib": model.predict(data, pred_contribs=True),
    }


def with_gaps(rows):
    """The same rows, and twice a row in which values are missing."""
    gaps = rows[:2].copy()
    gaps[0, 2] = numpy.nan
    gaps[1, ::2] = numpy.nan
    return numpy.concatenate([rows, gaps])


def questions():
    """Each model file with rows that it was not trained on."""
    iris = split(datasets.load_iris())[2][::8]
    wine = with_gaps(split(datasets.load_wine())[2][::10])
    diabetes = with_gaps(split(datasets.load_diabetes(scaled=False))[2][::25])
    return [
        ("iris", "1", "iris/1/model.onnx", ask_onnx, iris),
        ("wine", "1", "wine/1/model.txt", ask_lightgbm, wine),
        ("wine", "2", "wine/2/model.txt", ask_lightgbm, wine),
        ("wine", "3", "wine/3/model.ubj", ask_xgboost, wine),
        ("diabetes", "1", "diabetes.ubj", ask_xgboost, diabetes),
    ]


def plain(array):
    """Nested lists for JSON, with null for a missing value, and the shortest
    decimals that read back as the same number of the array's own type."""
    if array.ndim > 0:
        return [plain(part) for part in array]
    if array.dtype.kind in "iu":
        return int(array)
    return None if numpy.isnan(array) else float(str(array))


def record():
    cases = [
        {
            "model": name,
            "version": version,
            "file": file,
            "library": ask.__name__.removeprefix("ask_"),
            "rows": plain(rows),
            "outputs": {key: plain(value) for key, value in ask(REPOSITORY / file, rows).items()},
        }
        for name, version, file, ask, rows in questions()
    ]
    libraries = [numpy, sklearn, skl2onnx, onnxruntime, xgboost, lightgbm]
    EXPECTED.write_text(
        json.dumps(
            {
                "libraries": {library.__name__: library.__version__ for library in libraries},
                "cases": cases,
            }
        ).replace('{"model"', '\n{"model"').replace('"outputs"', '\n "outputs"')
        + "\n"
    )


# --- comparing --------------------------------------------------------------


def compare(case, key, got):
    """An error message, or None when the answer is the recorded one."""
    want = numpy.array(case["outputs"][key], dtype=float)
    where = f"{case['file']}: {key}"
    if got.shape != want.shape:
        return f"{where}: shape {got.shape}, recorded {want.shape}"
    if not numpy.allclose(got, want, RELATIVE, ABSOLUTE, equal_nan=True):
        return f"{where}: differs by {numpy.nanmax(abs(got - want))} from what is recorded"
    return None


def check():
    """The number of recorded answers, and what is wrong with them."""
    count, errors = 0, []
    ask = {"onnx": ask_onnx, "lightgbm": ask_lightgbm, "xgboost": ask_xgboost}
    for case in json.loads(EXPECTED.read_text())["cases"]:
        rows = numpy.array(case["rows"], dtype=float)
        answers = ask[case["library"]](REPOSITORY / case["file"], rows)
        if answers.keys() != case["outputs"].keys():
            errors.append(f"{case['file']}: answers {sorted(answers)}, recorded {sorted(case['outputs'])}")
            continue
        count += len(answers)
        errors += filter(None, (compare(case, key, answers[key]) for key in answers))
    return count, errors


def train():
    for folder in ("iris/1", "wine/1", "wine/2", "wine/3"):
        (REPOSITORY / folder).mkdir(parents=True, exist_ok=True)
    train_iris(REPOSITORY / "iris/1/model.onnx")
    train_wine(REPOSITORY / "wine/1/model.txt", rounds=8)
    train_wine(REPOSITORY / "wine/2/model.txt", rounds=25)
    train_wine_xgboost(REPOSITORY / "wine/3/model.ubj")
    train_diabetes(REPOSITORY / "diabetes.ubj")
    record()


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="train nothing, compare only")
    if not arguments.parse_args().check:
        train()
    count, errors = check()
    for error in errors:
        print(error, file=sys.stderr)
    print(f"{count} recorded answers compared, {len(errors)} differ")
    sys.exit(1 if errors or count == 0 else 0)


if __name__ == "__main__":
    main()
