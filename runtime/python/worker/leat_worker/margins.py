"""Says of which rows a linear classifier of scikit-learn's has the same label however its sums are made.

The last bits of a product of matrices depend on how many rows there are, so rows
of several calls may be put to a model together only where that cannot be seen.
Labels are seldom so close that it can: any way to sum n products is off by no more
than n roundings of the sum of their absolute values (Higham, Accuracy and Stability
of Numerical Algorithms, section 3.1). A row whose best score is further from the
second than two such errors has that label in every way.
"""

from __future__ import annotations

import sys
from types import ModuleType

_SAFE = 4  # times the error that can be, for the roundings of what is computed here
_LEAST = 1e-300  # what products that are lost in underflow can add up to, with room to spare


def of(model: object, method: str) -> Margins | None:
    """The margins of a model, if it is a linear classifier that has the method as scikit-learn made it."""
    base = sys.modules.get("sklearn.linear_model._base")
    if base is None or method != "predict":
        return None
    kind, mixin = type(model), base.LinearClassifierMixin
    if getattr(kind, "predict", None) is not mixin.predict or getattr(kind, "decision_function", None) is not mixin.decision_function:
        return None
    import numpy as np

    coef, intercept = getattr(model, "coef_", None), np.asarray(getattr(model, "intercept_", None))
    if "predict" in vars(model) or type(coef) is not np.ndarray or coef.ndim != 2 or coef.dtype != np.float64:
        return None
    if intercept.dtype != np.float64 or intercept.size not in (1, len(coef)):
        return None
    return Margins(np, coef, intercept)


class Margins:
    """The scores of a classifier, in double precision, and how far off they can be."""

    def __init__(self, np: ModuleType, coef: object, intercept: object) -> None:
        self._np = np
        self._coef, self._intercept = coef.T, intercept  # type: ignore[attr-defined]
        self._sizes, self._size = np.abs(self._coef), np.abs(intercept)
        self._roundings = _SAFE * (coef.shape[1] + 2)  # type: ignore[attr-defined]

    def sure(self, rows: object) -> object:
        """For each row whether its label is sure, an array of booleans."""
        np = self._np
        unit = np.finfo(rows.dtype if rows.dtype.kind == "f" else np.float64).eps  # type: ignore[attr-defined]
        rows = rows.astype(np.float64)  # type: ignore[attr-defined]
        with np.errstate(all="ignore"):  # what is no number is not sure
            scores = rows @ self._coef + self._intercept  # type: ignore[operator]
            error = self._roundings * unit * (np.abs(rows) @ self._sizes + self._size) + _LEAST
            if scores.shape[1] == 1:
                return np.abs(scores[:, 0]) > error[:, 0]
            at, best = np.arange(len(scores)), scores.argmax(axis=1)
            lowest = (scores - error)[at, best]
            scores += error
            scores[at, best] = -np.inf
            return lowest > scores.max(axis=1)
