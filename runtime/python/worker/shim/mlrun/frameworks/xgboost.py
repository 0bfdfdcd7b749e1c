"""mlrun.frameworks.xgboost."""

from __future__ import annotations

from typing import Any

from ._pickled import PickleModelServer


class XGBoostModelServer(PickleModelServer):
    """Serves models of XGBoost: pickled ones, and what Booster.save_model writes."""

    _suffixes = (".pkl", ".joblib", ".json", ".ubj", ".bst", ".model")

    def _open(self, file: str) -> Any:
        if file.endswith((".pkl", ".joblib")):
            return super()._open(file)
        import xgboost

        return xgboost.Booster(model_file=file)

    def predict(self, request: dict[str, Any]) -> Any:
        import xgboost

        rows = self._rows(request)
        if isinstance(self.model, xgboost.Booster):
            return self.model.predict(xgboost.DMatrix(rows))
        return self.model.predict(rows)


__all__ = ["XGBoostModelServer"]
