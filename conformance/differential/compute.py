"""What the models compute that Triton, MLServer and leat are compared with: the same
functions of numpy arrays behind all three, which model.py and runtime.py put there."""

import json

import numpy as np


def load(name):
    if name == "unready":
        raise RuntimeError("the weights are gone")


def run(name, inputs, parameters):
    return globals()[name](inputs, parameters)


def echo(inputs, parameters):
    return inputs


def add(inputs, parameters):
    return {"sum": inputs["a"] + inputs["b"], "difference": inputs["a"] - inputs["b"]}


def upper(inputs, parameters):
    return {"x": np.array([v.upper() for v in inputs["x"].reshape(-1)], dtype=object).reshape(inputs["x"].shape)}


def fail(inputs, parameters):
    raise ValueError("the input is out of range")


def odd(inputs, parameters):
    return {"x": np.array([np.nan, np.inf, -np.inf, 1], dtype=np.float32)}


def rows(inputs, parameters):
    return inputs


def told(inputs, parameters):
    """The parameters that are the client's, as JSON."""
    own = {k: v for k, v in parameters.items() if k in ("text", "number", "fraction", "flag")}
    return {"x": np.array([json.dumps(own, sort_keys=True).encode()], dtype=object)}
