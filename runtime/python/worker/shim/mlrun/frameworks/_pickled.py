"""The server of models that are saved as objects: pickle, cloudpickle and joblib."""

from __future__ import annotations

from typing import Any

from ..serving.v2_serving import V2ModelServer


def open_object(file: str) -> Any:
    """The object in a file. joblib writes pickles that only it can read; what it reads, pickle may not."""
    try:
        import joblib
    except ImportError:
        joblib = None
    if joblib is not None and not file.endswith(".pkl"):
        return joblib.load(file)
    try:
        import cloudpickle as pickle
    except ImportError:
        import pickle
    try:
        with open(file, "rb") as stream:
            return pickle.load(stream)  # noqa: S301 - a model of the user's, in the worker
    except Exception:
        if joblib is None:
            raise
        return joblib.load(file)


class PickleModelServer(V2ModelServer):
    """Serves an object with a method predict, as scikit-learn's have it."""

    _suffixes: tuple[str, ...] = (".pkl", ".joblib", ".pickle")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.pop("to_list", None)  # of MLRun's: the answer is a list always
        super().__init__(*args, **kwargs)

    def load(self) -> None:
        if self.model is None:
            self.model = self._open(self._file())

    def _open(self, file: str) -> Any:
        return open_object(file)

    def _file(self) -> str:
        """The model's file, by the first suffix that there is a file of."""
        first: ValueError | None = None
        for suffix in self._suffixes:
            try:
                return self.get_model(suffix)[0]
            except ValueError as exc:
                first = first or exc
        raise first or ValueError("no model file")

    def predict(self, request: dict[str, Any]) -> Any:
        return self.model.predict(self._rows(request))

    def explain(self, request: dict[str, Any]) -> Any:
        """What class of model it is, as MLRun's server of scikit-learn explains it."""
        return f"A model server named '{self.name}' of a model of class {type(self.model).__name__}"

    def _rows(self, request: dict[str, Any]) -> Any:
        import numpy

        return numpy.array(request["inputs"])
