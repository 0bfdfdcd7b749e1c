"""Checks leat's model artifacts against the real MLRun, both ways.

Usage: artifacts.py LEAT. Each model is written by one and read by the other:

- leat pushes a model with the data that it was trained on; MLRun reads the folder
  and the description, and computes the statistics of the same data itself;
- MLRun logs a model; leat serves the folder that it wrote, and reads what is
  written about it.

Nothing is reached over the network.
"""

import json
import math
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import warnings

os.environ.update(MLRUN_DBPATH="nop", MLRUN_LOG_LEVEL="ERROR")
warnings.simplefilter("ignore")

import mlrun  # noqa: E402
import mlrun.artifacts  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "examples/quickstart/diabetes.ubj"
ROW = [0.03, 0.05, 0.06, 0.02, -0.04, -0.03, -0.04, 0.0, 0.01, -0.01]
checked = 0


def same(what, want, got, tolerance=1e-9):
    """Compares values as JSON has them, numbers to a tolerance."""
    global checked
    checked += 1
    if isinstance(want, dict) and isinstance(got, dict):
        assert want.keys() == got.keys(), f"{what}: {sorted(want)} and {sorted(got)}"
        for key in want:
            same(f"{what}.{key}", want[key], got[key], tolerance)
    elif isinstance(want, (list, tuple)) and isinstance(got, (list, tuple)):
        assert len(want) == len(got), f"{what}: {want!r} and {got!r}"
        for i, pair in enumerate(zip(want, got)):
            same(f"{what}[{i}]", *pair, tolerance)
    elif isinstance(want, float) or isinstance(got, float):
        assert isinstance(want, (int, float)) and type(want) is type(got), f"{what}: {want!r} and {got!r}"
        assert math.isclose(want, got, rel_tol=tolerance, abs_tol=tolerance), f"{what}: {want!r} and {got!r}"
    elif isinstance(want, str) and isinstance(got, str):  # some are enums
        assert str.__eq__(want, got), f"{what}: {want!r} and {got!r}"
    else:
        assert want == got and type(want) is type(got), f"{what}: {want!r} and {got!r}"


def training():
    """Data with columns of every kind that a CSV file has."""
    rng = np.random.default_rng(5)
    n = 500
    return pd.DataFrame(
        {
            "normal (cm)": rng.normal(5, 2, n),
            "skewed": np.exp(rng.normal(0, 3, n)),
            "tiny": rng.normal(0, 1, n) * 1e-12,
            "large": rng.normal(0, 1, n) * 1e18,
            "integer": rng.integers(-1000, 1000, n),
            "few": rng.integers(0, 3, n),
            "constant": np.full(n, 0.1),
            "one": np.full(n, 7),
            "truth": rng.random(n) < 0.3,
            "text": rng.choice(["a", "b, c", "größe"], n),
            "label": rng.integers(0, 2, n),
        }
    )


def leat(*args):
    done = subprocess.run([LEAT, *map(str, args)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"leat {' '.join(map(str, args))}: {done.stderr}"
    return done.stdout


def read_by_mlrun(folder, kind):
    """A model that leat has pushed, with data in a file of that kind."""
    df = training()
    file = folder / f"train.{kind}"
    if kind == "csv":
        df.to_csv(file, index=False)
        df = pd.read_csv(file)
    else:
        df.to_parquet(file, index=False)
    note = folder / "a note.txt"
    note.write_text("größe")
    pushed = json.loads(
        leat(
            "model", "push", MODEL, "--key", "m 1", "--project", "p", "--tag", "v1", "--training", file, "--label-column", "label",
            "--metric", "acc=0.97", "--metric", "large=1e300", "--parameter", "rate=1e-05", "--parameter", "list=[1, yes, null]",
            "--parameter", "text=1e5", "--parameter", "word='no'", "--label", "team=on", "--extra", f"note={note}", "--algorithm", "gbt",
            "--description", "two\nlines: é", "--data", folder / "data", "-o", "json",
        )
    )  # fmt: skip
    target = pushed["target"]
    expected = mlrun.artifacts.ModelArtifact()
    expected.infer_from_df(df, "label")
    for path in (target, target + "model_spec.yaml"):
        model, spec, extra = mlrun.artifacts.get_model(path, ".ubj")
        same("model file", pathlib.Path(target, "diabetes.ubj"), pathlib.Path(model))
        same("model", MODEL.read_bytes(), pathlib.Path(model).read_bytes())
        same("extra data", ["note", "profile.v1.json"], sorted(extra))
        same("note", "größe".encode(), extra["note"].get())
        meta = spec.metadata.to_dict()
        same("metadata", {"key": "m 1", "project": "p", "iter": 0, "tree": pushed["tree"], "description": "two\nlines: é"},
             {k: meta[k] for k in ("key", "project", "iter", "tree", "description")})  # fmt: skip
        same("labels", {"framework": "xgboost", "team": "on"}, spec.metadata.labels)
        same("hash", mlrun.utils.helpers.calculate_local_file_hash(str(MODEL)), spec.metadata.hash)
        same("size", MODEL.stat().st_size, spec.spec.size)
        same("target_path", target, spec.spec.target_path)
        same("algorithm", ["xgboost", "gbt"], [spec.spec.framework, spec.spec.algorithm])
        same("metrics", {"acc": 0.97, "large": 1e300}, spec.spec.metrics)
        same("parameters", {"rate": 1e-05, "list": [1, "yes", None], "text": 1e5, "word": "no"}, spec.spec.parameters)
        same("inputs", expected.inputs.to_dict(), spec.inputs.to_dict())
        same("outputs", expected.outputs.to_dict(), spec.outputs.to_dict())
        same("feature_stats", expected.feature_stats, spec.feature_stats)


def served(model_path):
    """What leat answers with a model, and what it knows of its columns."""
    with tempfile.TemporaryDirectory() as folder:
        spec = pathlib.Path(folder, "spec.json")
        route = {"class_name": "XGBoostModelServer", "class_args": {"model_path": str(model_path)}}
        spec.write_text(json.dumps({"function_uri": "p/f", "graph": {"kind": "router", "routes": {"m": route}}}))
        about = json.loads(leat("test", spec, "--mlrun", "--path", "/v2/models/m", "--method", "GET"))
        answer = json.loads(leat("test", spec, "--path", "/v2/models/m/infer", "--body", json.dumps({"inputs": [ROW]})))
    return answer["outputs"], about


def read_by_leat(folder):
    """A model that MLRun has logged in a folder. Under the hash of its content, which is a setting, MLRun writes a
    description without the name of the file, which it cannot read itself."""
    source = folder / "source"
    source.mkdir()
    shutil.copy(MODEL, source / "diabetes.ubj")
    (source / "extra.txt").write_text("extra")
    df = training()
    ctx = mlrun.get_or_create_ctx("train", project="default")  # newer MLRun assumes none
    art = ctx.log_model(
        "logged", model_dir=str(source), model_file="diabetes.ubj", framework="xgboost", algorithm="gbt", metrics={"acc": 0.97, "large": 1e300},
        parameters={"iteration_range": [0, 5], "tiny": 1e-300}, labels={"team": "on"}, tag="v1", training_set=df, label_column="label",
        extra_data={"note": b"bytes", "file": "extra.txt"}, artifact_path=str(folder / "store"),
    )  # fmt: skip
    specs = [p for p in (folder / "store").rglob("*") if p.is_file() and p.read_bytes().startswith(b"kind: model")]
    assert len(specs) == 1, specs
    path = specs[0]
    want = served_with_iterations(5)
    for where in (path, path.parent, art.spec.target_path):
        outputs, about = served(where)
        same(f"answer from {where}", want, outputs, 1e-6)
        same("outputs", art.outputs.to_dict(), about["outputs"])
    model = path.parent / "diabetes.ubj"
    model.write_bytes(model.read_bytes() + b"\0")
    try:
        served(path)
    except AssertionError as refused:
        assert "the file has the checksum sha1:" in str(refused), refused
    else:
        raise AssertionError("a model that differs from its hash is served")


def served_with_iterations(n):
    """What leat answers with the first trees of the model, told so in the spec."""
    with tempfile.TemporaryDirectory() as folder:
        spec = pathlib.Path(folder, "spec.json")
        route = {"class_name": "XGBoostModelServer", "class_args": {"model_path": str(MODEL), "iteration_range": [0, n]}}
        spec.write_text(json.dumps({"graph": {"kind": "router", "routes": {"m": route}}}))
        answer = json.loads(leat("test", spec, "--path", "/v2/models/m/infer", "--body", json.dumps({"inputs": [ROW]})))
    return answer["outputs"]


LEAT = sys.argv[1]
with tempfile.TemporaryDirectory() as temporary:
    folder = pathlib.Path(temporary)
    os.environ["LEAT_DATA"] = str(folder / "data")
    for kind in ("csv", "parquet"):
        (folder / kind).mkdir()
        read_by_mlrun(folder / kind, kind)
    read_by_leat(folder)
print(f"artifacts: {checked} values are the same in MLRun {mlrun.__version__} and leat")
