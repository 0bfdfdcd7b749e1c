"""Hosts an object in a file as a model: what scikit-learn, XGBoost and LightGBM leave with joblib or pickle.

Such a file is a program. It is opened here, in the worker, and nowhere else.
"""

from __future__ import annotations

import os

from . import margins, tensors
from .context import GraphContext
from .failures import Refused
from .functionmodels import FunctionModelHost
from .wire import Frame

SUFFIXES = (".joblib", ".pkl", ".pickle", ".cloudpickle")

# Where the classes are of which each row goes through the trees by itself. In most others rows
# go through a product of matrices, whose last bits depend on how many rows there are; of linear
# classifiers the labels seldom do (margins).
_ROW_BY_ROW = ("sklearn.tree._classes", "sklearn.ensemble._forest")
_METHODS = ("predict", "predict_proba", "apply")
_TOGETHER = 256  # rows


class ObjectHost(FunctionModelHost):
    """A model that is an object with a method `predict`, or another that the argument `method` names."""

    hooks = ["load", "predict"]

    def __init__(self, spec: dict[str, object], context: GraphContext) -> None:
        args = dict(spec.get("args") or {})  # type: ignore[call-overload]
        self.context = context
        self._file = _find(str(spec.get("model_path") or args.get("model_path") or ""))
        self._method = str(args.get("method") or "predict")
        self._together = args.get("batch")
        if self._together is not None and (type(self._together) is not int or self._together < 0):
            raise Refused(f"batch: {self._together!r} is no number of rows")
        self._margins: margins.Margins | None = None
        self._request_wanted = False
        self._postprocess = None

    def load(self) -> dict[str, object]:
        np = tensors.numpy(load=True)
        if np is None:
            raise Refused(f"{self._file}: numpy is needed to serve it: pip install numpy")
        self.object = _open(self._file)
        method = getattr(self.object, self._method, None)
        if not callable(method) or self._method.startswith("_"):
            raise Refused(f"{self._file}: a {type(self.object).__name__} has no method {self._method}")
        self._function = lambda inputs: method(_array(inputs))
        self._method_of_rows = method
        if self._together is None:
            row_by_row = type(self.object).__module__ in _ROW_BY_ROW and self._method in _METHODS
            self._margins = None if row_by_row else margins.of(self.object, self._method)
            self._together = _TOGETHER if row_by_row or self._margins else 0
        self.rows_together = self._together
        return self._schema()

    def rows(self, frame: Frame, meta: dict[str, object]) -> object:
        array = _array(self._request(frame, meta)["inputs"])  # type: ignore[index]
        return array if array.ndim == 2 and array.dtype.kind in "biuf" and len(array) else None  # type: ignore[attr-defined]

    def run_rows(self, frame: Frame, rows: object) -> object:
        import numpy as np

        frame.doing, frame.at = "predict", self._method_of_rows
        results = self._method_of_rows(rows)
        return results if type(results) is np.ndarray and results.shape[:1] == rows.shape[:1] else None  # type: ignore[attr-defined]

    def sure(self, rows: object) -> object:
        return None if self._margins is None else self._margins.sure(rows)

    def _schema(self) -> dict[str, object]:
        """What the object tells of its features."""
        n, names = getattr(self.object, "n_features_in_", None), getattr(self.object, "feature_names_in_", None)
        if n is None:
            return {}
        if names is not None:
            return {"inputs": [{"name": str(name), "value_type": "float"} for name in names]}
        return {"inputs": [{"name": "input-0", "datatype": "FP64", "shape": [-1, int(n)]}]}


def _find(path: str) -> str:
    """The file, or the first of a folder's that is of a kind known here."""
    if os.path.isdir(path):
        for suffix in SUFFIXES:
            for name in sorted(os.listdir(path)):
                if name.endswith(suffix):
                    return os.path.join(path, name)
        raise Refused(f"{path}: there is no file of kind {', '.join(SUFFIXES)}")
    if not os.path.isfile(path):
        raise FileNotFoundError(f"{path}: no such file")
    return path


def _open(file: str) -> object:
    """The object. joblib reads what it has written and plain pickles; without it, plain pickles only."""
    try:
        from joblib import load
    except ImportError:
        from pickle import load as unpickle

        with open(file, "rb") as stream:
            return unpickle(stream)  # noqa: S301 - in the worker, as above
    return load(file)


def _array(inputs: object) -> object:
    import numpy as np

    if isinstance(inputs, list) and inputs and all(isinstance(i, np.ndarray) for i in inputs):
        return np.column_stack(inputs)  # a tensor a feature
    return np.asarray(inputs)
