#!/usr/bin/env python3
"""Trains the grid of models that make verify-trees checks, and writes what the
libraries answer to each: train.py FOLDER [--smoke] [--only=MODULE]

The full grid asks each model 10,000 rows; --smoke trains a part and asks 1,000.
Two processes train, with one thread each.
"""
import concurrent.futures
import importlib
import multiprocessing
import os
import pathlib
import sys
import warnings

MODULES = ["xgboost_models", "lightgbm_models", "sklearn_models", "catboost_models"]
# The longest first.
ORDER = ["wide", "objectives", "shapes"]


def tasks(modules):
    """(module, number of the task, name) of every task."""
    found = []
    for module in modules:
        for number, task in enumerate(importlib.import_module(module).TASKS):
            found.append((module, number, task.__name__))
    return sorted(found, key=lambda t: ORDER.index(t[2]) if t[2] in ORDER else len(ORDER))


def run(folder, smoke, module, number):
    """Runs one task in a process of its own."""
    warnings.simplefilter("ignore")
    import cases
    import rows

    rows.reseed(1000 * MODULES.index(module) + number)
    writer = cases.Writer(folder, 1000 if smoke else 10_000, smoke)
    importlib.import_module(module).TASKS[number](writer)
    return writer.cases, writer.notes


def versions():
    from importlib.metadata import PackageNotFoundError, version

    found = []
    for name in ["xgboost-cpu", "xgboost", "lightgbm", "catboost", "scikit-learn", "skl2onnx", "onnxruntime"]:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            pass
    return ", ".join(found)


def main():
    folder, smoke = sys.argv[1], "--smoke" in sys.argv[2:]
    only = [a.removeprefix("--only=") for a in sys.argv[2:] if a.startswith("--only=")]
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    print("trained by", versions(), flush=True)
    cases, notes = 0, []
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        started = {pool.submit(run, folder, smoke, m, n): f"{m}: {name}" for m, n, name in tasks(only or MODULES)}
        for task in concurrent.futures.as_completed(started):
            made, said = task.result()
            cases, notes = cases + made, notes + said
            print(f"  {started[task]}: {made} models", flush=True)
    (pathlib.Path(folder) / "notes.txt").write_text("".join(note + "\n" for note in notes))
    print(f"{cases} models in {folder}")


if __name__ == "__main__":
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    main()
