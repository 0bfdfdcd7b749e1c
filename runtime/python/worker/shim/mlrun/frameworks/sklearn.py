"""mlrun.frameworks.sklearn."""

from __future__ import annotations

from ._pickled import PickleModelServer


class SKLearnModelServer(PickleModelServer):
    """Serves models of scikit-learn."""


__all__ = ["PickleModelServer", "SKLearnModelServer"]
