"""mlrun.frameworks.lgbm."""

from __future__ import annotations

from typing import Any

from ._pickled import PickleModelServer


class LGBMModelServer(PickleModelServer):
    """Serves models of LightGBM: pickled ones, and what Booster.save_model writes."""

    _suffixes = (".pkl", ".joblib", ".txt", ".json")

    def _open(self, file: str) -> Any:
        if file.endswith((".pkl", ".joblib")):
            return super()._open(file)
        import lightgbm

        return lightgbm.Booster(model_file=file)


__all__ = ["LGBMModelServer"]
