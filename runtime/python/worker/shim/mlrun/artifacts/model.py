"""mlrun.artifacts.model, where some code imports get_model from."""

from leat_worker.artifacts import ModelSpec as ModelArtifact
from leat_worker.artifacts import get_model

__all__ = ["ModelArtifact", "get_model"]
